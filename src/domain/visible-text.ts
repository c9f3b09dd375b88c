/**
 * A text of a stranger as it may be shown: control characters, directions and other marks that nobody sees are written
 * out, so that what is read is what is there.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
