import { isUtf8 } from 'node:buffer';
import { ContainerError, linePosition } from '../container-error.ts';

/** One line without its end. */
export interface TextLine {
  /** 1 for the first. */
  readonly line: number;
  readonly octets: Buffer;
}

/**
 * Passes UTF-8 on as it comes, without its byte order mark.
 * @throws ContainerError `BATCH_ENCODING` for UTF-16, UTF-32, a NUL, or octets that are not UTF-8, with the line
 * @see RFC 3629, 3 and 6
 */
export async function* requireUtf8(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 1;
  let begun = false;
  for await (const piece of stream) {
    let octets: Buffer = Buffer.concat([rest, piece]);
    if (!begun) {
      if (octets.length < LONGEST_MARK) {
        rest = octets;
        continue;
      }
      octets = withoutMark(octets);
      begun = true;
    }
    const whole = octets.length - unfinishedTail(octets);
    rest = octets.subarray(whole);
    line += requireText(octets.subarray(0, whole), line);
    yield octets.subarray(0, whole);
  }
  const last = begun ? rest : withoutMark(rest);
  requireText(last, line);
  if (last.length > 0) yield last;
}

/**
 * Cuts a text into its lines; they end with \n or \r\n, the last may do without. Empty lines are left out.
 * @param longest  octets of one line
 * @throws ContainerError `BATCH_LINE_TOO_LONG`
 */
export async function* readLines(
  stream: AsyncIterable<Buffer>,
  longest: number,
): AsyncGenerator<TextLine, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 1;
  for await (const piece of stream) {
    const octets = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    let start = 0;
    for (let end = octets.indexOf(LF, rest.length); end !== -1; end = octets.indexOf(LF, start)) {
      const content = lineOf(octets, start, end, line, longest);
      if (content.length > 0) yield { line, octets: content };
      start = end + 1;
      line += 1;
    }
    rest = octets.subarray(start);
    if (rest.length > longest + 1) throw tooLong(line, longest);
  }
  const content = lineOf(rest, 0, rest.length, line, longest);
  if (content.length > 0) yield { line, octets: content };
}

function lineOf(octets: Buffer, start: number, end: number, line: number, longest: number): Buffer {
  const content = octets.subarray(start, octets[end - 1] === CR ? end - 1 : end);
  if (content.length > longest) throw tooLong(line, longest);
  return content;
}

function withoutMark(octets: Buffer): Buffer {
  if (octets.length >= 3 && octets.readUIntBE(0, 3) === UTF8_MARK) return octets.subarray(3);
  const mark = octets.length >= 2 ? octets.readUInt16BE(0) : 0;
  if (mark === 0xfeff || mark === 0xfffe) throw notText('the text is UTF-16, not UTF-8', 1);
  return octets;
}

/** How many octets at the end begin a character whose rest is still to come. */
function unfinishedTail(octets: Buffer): number {
  for (let back = 1; back <= Math.min(3, octets.length); back += 1) {
    const octet = octets[octets.length - back] ?? 0;
    if (octet < 0x80) return 0;
    if (octet >= 0xc0) return back < (octet >= 0xf0 ? 4 : octet >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/** Counts the lines that end in these octets. @throws ContainerError with the very line of what is no text */
function requireText(octets: Buffer, line: number): number {
  const good = isUtf8(octets) && !octets.includes(0);
  let lines = 0;
  let start = 0;
  for (let end = octets.indexOf(LF); end !== -1; end = octets.indexOf(LF, start)) {
    if (!good) requireTextLine(octets.subarray(start, end), line + lines);
    lines += 1;
    start = end + 1;
  }
  if (!good) requireTextLine(octets.subarray(start), line + lines);
  return lines;
}

function requireTextLine(octets: Buffer, line: number): void {
  if (octets.includes(0)) throw notText('the text holds a NUL; it may be UTF-16, or no text', line);
  if (!isUtf8(octets)) throw notText('the text is not UTF-8', line);
}

function notText(detail: string, line: number): ContainerError {
  return new ContainerError({ reason: 'BATCH_ENCODING', position: linePosition(line), detail });
}

function tooLong(line: number, longest: number): ContainerError {
  const detail = `the line has more than ${String(longest)} octets`;
  return new ContainerError({ reason: 'BATCH_LINE_TOO_LONG', position: linePosition(line), detail });
}

const LF = 0x0a;
const CR = 0x0d;
const UTF8_MARK = 0xefbbbf;
const LONGEST_MARK = 3;
