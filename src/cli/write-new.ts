import { lstatSync, mkdirSync } from 'node:fs';
import { link, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../domain/fault.ts';
import { notWritten, syncFolder } from '../keys/new-file.ts';

/**
 * Looks before the first of several files is asked for or written, so that none of them stands in the way of another.
 * @throws Fault `conflict`, naming every file that is there already and every one that would be written twice
 */
export function requireNew(files: readonly string[]): void {
  const there = files.filter((file, place) => files.indexOf(file) === place && isTaken(file));
  const twice = files.filter((file, place) => files.indexOf(file) !== place);
  const faults = [
    ...(there.length === 0 ? [] : [isThere(there.join(', '), there.length)]),
    ...(twice.length === 0
      ? []
      : [
          `${[...new Set(twice)].join(', ')} would be written more than once; give each its own name or folder.`,
        ]),
  ];
  if (faults.length > 0) throw new Fault('conflict', faults.join(' '));
}

/** Makes a folder, and those above it, unless it is there. @throws Fault `output-unwritable` when it cannot be made */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const { message } = cause as Error;
    throw new Fault('output-unwritable', `The folder ${folder} cannot be made: ${message}.`, { cause });
  }
}

/** A file that is to be made. */
export interface NewFile {
  readonly out: string;
  /** Its permissions; absent: its owner alone reads it. */
  readonly mode?: number;
  /** What was written whole cannot be had again: if it cannot get its name, it stays under that of the draft. */
  readonly once?: true;
}

/**
 * Writes a file that is not there yet, under the name of a draft first: it appears whole, or not at all.
 * @throws Fault `conflict` when the file is there already, `output-unwritable`; what `write` throws of its own
 */
export async function writeNew<T>(
  { out, mode = 0o600, once }: NewFile,
  write: (file: FileHandle, draft: string) => Promise<T>,
): Promise<T> {
  if (isTaken(out)) throw new Fault('conflict', isThere(out));
  const draft = `${out}.${String(process.pid)}.new`;
  let keeps = false;
  let file: FileHandle | undefined;
  try {
    file = await open(draft, 'wx', mode);
    const written = await write(file, draft);
    keeps = once === true;
    await file.sync();
    await file.close();
    // Unlike a rename this does not take the place of a file that came meanwhile.
    await link(draft, out);
    keeps = false;
    syncFolder(path.dirname(out));
    return written;
  } catch (cause) {
    if (cause instanceof Fault || !isOfSystem(cause)) throw cause;
    const { code, message } = notWritten(out, cause);
    const where = keeps ? `What came is in ${draft}. ` : '';
    throw new Fault(code, `${where}${message}`, { cause });
  } finally {
    await file?.close().catch(() => undefined);
    // Another process's draft of the same name is not ours to remove.
    if (file !== undefined && !keeps) await rm(draft, { force: true }).catch(() => undefined);
  }
}

const isOfSystem = (cause: unknown) => (cause as NodeJS.ErrnoException).syscall !== undefined;

/** A link that leads nowhere takes a name as well. Where nobody can look, writing tells why. */
function isTaken(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

const isThere = (out: string, count = 1) =>
  count === 1
    ? `${out} is there already; name another file, or move it away.`
    : `${out} are there already; name another folder, or move them away.`;
