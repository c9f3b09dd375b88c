/**
 * `; did you mean ACTIVE?` for a word that differs little from one of those that are known; else nothing. Case, spaces
 * and hyphens do not count as differences; up to two letters do.
 */
export function didYouMean(input: string, words: readonly string[]): string {
  const wanted = plain(input);
  const near =
    words.find((one) => plain(one) === wanted) ?? words.find((one) => distance(plain(one), wanted) <= 2);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

const plain = (word: string) =>
  word
    .slice(0, LONGEST)
    .toUpperCase()
    .replace(/[\s-]+/g, '_');

/** Levenshtein's distance. */
function distance(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > 2) return 3;
  let row = Array.from({ length: right.length + 1 }, (_, place) => place);
  for (let down = 1; down <= left.length; down += 1) {
    const next = [down];
    for (let across = 1; across <= right.length; across += 1)
      next[across] = Math.min(
        (next[across - 1] ?? 0) + 1,
        (row[across] ?? 0) + 1,
        (row[across - 1] ?? 0) + (left[down - 1] === right[across - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[right.length] ?? 0;
}

/** Longer input is no misspelling of a word of ours. */
const LONGEST = 64;
