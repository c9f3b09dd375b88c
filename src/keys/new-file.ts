import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeSync } from 'node:fs';
import { Fault } from '../domain/fault.ts';

/**
 * Writes a file that must not exist yet: under another name first, then given its own, so that it appears whole or not at
 * all, and durable before it returns.
 * @throws Fault `conflict` when it exists
 */
export function writeNewFile(file: string, text: string | Buffer, mode: number): void {
  const draft = `${file}.${process.pid}.new`;
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, 'wx', mode);
  try {
    writeSync(descriptor, typeof text === 'string' ? Buffer.from(text) : text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(draft, file);
  } catch (cause) {
    throw new Fault('conflict', `${file} exists already and is not overwritten.`, { cause });
  } finally {
    rmSync(draft, { force: true });
  }
}
