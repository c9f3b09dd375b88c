import { repeatedMember } from '../domain/json-members.ts';
import { malformed } from './guard.ts';

/**
 * Reads JSON that means one thing to everybody: valid UTF-8, no member twice, no text that a record cannot hold.
 * @throws Fault `malformed-request`
 * @see RFC 8259, 4 and 8.1
 */
export function parseJson(octets: Buffer): unknown {
  const text = decode(octets);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('The body is not JSON.', 'Send one JSON object.');
  }
  requireMembersOnce(text);
  requireStorable(text);
  return value;
}

function decode(octets: Buffer): string {
  try {
    return UTF8.decode(octets);
  } catch {
    throw malformed('The body is not valid UTF-8.', 'Send JSON in UTF-8.');
  }
}

function requireMembersOnce(text: string): void {
  const name = repeatedMember(text);
  if (name !== undefined)
    throw malformed(`The member ${JSON.stringify(name.slice(0, 64))} is there twice.`, 'Send each once.');
}

function requireStorable(text: string): void {
  for (const [token] of text.matchAll(STRINGS))
    if (ESCAPED.test(token) && UNSTORABLE.test(JSON.parse(token) as string))
      throw malformed('A text of the body holds U+0000 or half a surrogate pair.', 'Leave it out.');
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });
const STRINGS = /"(?:[^"\\]|\\.)*"/g;
/** Only written out can a text hold what is not storable: JSON and UTF-8 allow neither as it is. */
const ESCAPED = /\\u(0000|d[89a-f])/i;
const UNSTORABLE = /\0|\p{Cs}/u;
