import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../domain/fault.ts';

/**
 * Writes a file that must not exist yet: under another name first, then given its own, so that it appears whole or not at
 * all, and durable before it returns.
 * @throws Fault `conflict` when it exists, `output-unwritable` when it cannot be written
 */
export function writeNewFile(file: string, text: string | Buffer, mode: number): void {
  const draft = `${file}.${process.pid}.new`;
  try {
    rmSync(draft, { force: true });
    writeDurably(draft, text, mode);
    // Unlike a rename this does not take the place of a file that came meanwhile.
    linkSync(draft, file);
    syncFolder(path.dirname(file));
  } catch (cause) {
    throw notWritten(file, cause);
  } finally {
    discard(draft);
  }
}

/** What it is that a new file could not be written, or linked to its name: only a name that is taken is a conflict. */
export function notWritten(file: string, cause: unknown): Fault {
  const { code, syscall, message } = cause as NodeJS.ErrnoException;
  return syscall === 'link' && code === 'EEXIST'
    ? new Fault('conflict', `${file} is there already and is not overwritten.`, { cause })
    : new Fault('output-unwritable', `${file} cannot be written: ${message}.`, { cause });
}

/** A new name is as durable as its folder: who may not open that, or has a file system that syncs none, goes without. */
export function syncFolder(folder: string): void {
  try {
    withDescriptor(openSync(folder, 'r'), fsyncSync);
  } catch (error) {
    if (!SYNCS_NONE.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}

function writeDurably(file: string, text: string | Buffer, mode: number): void {
  withDescriptor(openSync(file, 'wx', mode), (descriptor) => {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  });
}

function withDescriptor(descriptor: number, act: (descriptor: number) => void): void {
  try {
    act(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What went wrong before is told, not that the draft stays too. */
function discard(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    return;
  }
}

const SYNCS_NONE: ReadonlySet<string | undefined> = new Set(['EACCES', 'EINVAL', 'ENOTSUP']);
