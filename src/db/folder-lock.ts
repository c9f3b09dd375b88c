import { createHash } from 'node:crypto';
import { closeSync, openSync, realpathSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Fault } from '../domain/fault.ts';
import { holdName } from './socket-lock.ts';

/**
 * Holds a folder for this process by listening on sockets named after it: the embedded engine takes no lock of its own,
 * and two processes in one folder destroy it. The kernel ends the listening when the process dies, however it dies.
 * @throws Fault `database-unavailable` when another process holds it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const held: Release[] = [];
  const release = async () => {
    for (const one of held.reverse()) await one();
  };
  for (const hold of locksOf(realpathSync(folder))) {
    const one = await hold();
    if (one === undefined) {
      await release();
      throw new Fault(
        'database-unavailable',
        `The embedded database in ${folder} is in use by another process. Stop that process, use a command that talks to it over HTTP (those with --url), ` +
          'or set DATABASE_URL so that several processes share one PostgreSQL.',
      );
    }
    held.push(one);
  }
  return release;
}

type Release = () => Promise<void>;
type Hold = () => Promise<Release | undefined>;

/**
 * The locks of a folder, taken in this order; `undefined` when another process has one.
 *
 * Linux has two. The first is no file: nothing stays of it, and of several processes only one goes on to the second. Another
 * container has a network namespace of its own and does not see the first; it sees the second, files
 * `<folder>.lock-…` on the volume that both have.
 */
function locksOf(real: string): readonly Hold[] {
  const name = `tcs-${createHash('sha256').update(real).digest('hex').slice(0, 32)}`;
  if (process.platform === 'win32') return [() => holdSocket(`\\\\.\\pipe\\${name}`)];
  if (process.platform !== 'linux') return [() => holdName(os.tmpdir(), `${name}.lock`)];
  return [() => holdSocket(`\0${name}`), () => holdBeside(real)];
}

/** A name that ends with its process. */
function holdSocket(socket: string): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((connection) => connection.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(socket, () => resolve(() => new Promise((closed) => server.close(() => closed()))));
  });
}

/** The path of a socket has about a hundred octets: this one is short wherever the folder is. */
async function holdBeside(real: string): Promise<Release | undefined> {
  const parent = openSync(path.dirname(real), 'r');
  const release = await holdName(`/proc/self/fd/${String(parent)}`, `${path.basename(real)}.lock`).catch(
    (error: unknown) => {
      closeSync(parent);
      throw error;
    },
  );
  if (release === undefined) closeSync(parent);
  return release && (() => release().finally(() => closeSync(parent)));
}
