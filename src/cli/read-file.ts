import { createReadStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { readBounded } from '../bounded-file.ts';
import { Fault } from '../domain/fault.ts';

/** Octets of what is read whole: a certificate, a CSR, a key or a token; several certificates, or a signature; a table or a text. */
export const MOST = { one: 65_536, several: 1_048_576, text: 67_108_864 } as const;

/**
 * The octets of a file; `-` is standard input.
 * @throws Fault `not-found` when it cannot be read or is no file, `too-large` when it holds more than `most`
 */
export function readOctets(file: string, most: number): Buffer {
  const content = readBounded(file === '-' ? 0 : file, most);
  if ('octets' in content) return content.octets;
  const { code, wrong, cause } = content;
  throw new Fault(code, `${file} ${wrong}.`, { cause });
}

/** The same as text in UTF-8. @throws Fault as `readOctets` */
export const readText = (file: string, most: number): string => readOctets(file, most).toString('utf8');

/** @returns its octets, of one that is read piece by piece. @throws Fault `not-found` */
export async function requireFile(file: string): Promise<number> {
  try {
    await access(file, constants.R_OK);
    const found = await stat(file);
    if (found.isFile()) return found.size;
  } catch (cause) {
    throw new Fault('not-found', `${file} cannot be read.`, { cause });
  }
  throw new Fault('not-found', `${file} is not a file.`);
}

/**
 * A file line by line, however long it is.
 * @throws Fault `not-found` when it cannot be read, `too-large` when a line has more than 16 MiB
 */
export async function* linesOf(file: string): AsyncGenerator<string, void, undefined> {
  let begun: string[] = [];
  let length = 0;
  for await (const piece of piecesOf(file)) {
    const ends = piece.split('\n');
    const last = ends.pop() ?? '';
    for (const end of ends) {
      yield [...begun, end].join('').replace(/\r$/, '');
      begun = [];
      length = 0;
    }
    begun.push(last);
    length += last.length;
    if (length > LONGEST_LINE) throw new Fault('too-large', `${file} has a line of more than 16 MiB.`);
  }
  yield begun.join('');
}

async function* piecesOf(file: string): AsyncGenerator<string, void, undefined> {
  try {
    yield* createReadStream(file, 'utf8') as AsyncIterable<string>;
  } catch (cause) {
    throw new Fault('not-found', `${file} cannot be read.`, { cause });
  }
}

/** Characters. */
const LONGEST_LINE = 16 * 1_048_576;
