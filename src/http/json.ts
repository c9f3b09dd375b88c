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
  return value;
}

function decode(octets: Buffer): string {
  try {
    return UTF8.decode(octets);
  } catch {
    throw malformed('The body is not valid UTF-8.', 'Send JSON in UTF-8.');
  }
}

/** One walk over the strings and brackets of a text that is JSON. */
function requireMembersOnce(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token.endsWith(':')) requireOnce(stringOf(token), open.at(-1));
    else if (ESCAPED.test(token)) stringOf(token);
  }
}

function requireOnce(name: string, members: Set<string> | undefined): void {
  if (members?.has(name) === true)
    throw malformed(`The member ${JSON.stringify(name.slice(0, 64))} is there twice.`, 'Send each once.');
  members?.add(name);
}

function stringOf(token: string): string {
  const value = JSON.parse(token.replace(/\s*:$/, '')) as string;
  if (UNSTORABLE.test(value))
    throw malformed('A text of the body holds U+0000 or half a surrogate pair.', 'Leave it out.');
  return value;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });
const TOKENS = /[{}[\]]|"(?:[^"\\]|\\.)*"(?:\s*:)?/g;
/** Only written out can a text hold what is not storable: JSON and UTF-8 allow neither as it is. */
const ESCAPED = /\\u(0000|d[89a-f])/i;
const UNSTORABLE = /\0|\p{Cs}/u;
