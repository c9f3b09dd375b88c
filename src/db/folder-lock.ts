import { createHash } from 'node:crypto';
import { realpathSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Fault } from '../domain/fault.ts';

/**
 * Holds a folder for this process by listening on a socket named after it: the embedded engine takes no lock of its own,
 * and two processes in one folder destroy it. The kernel ends the listening when the process dies, however it dies.
 * @throws Fault `database-unavailable` when another process holds it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const socket = socketOf(folder);
  const server = (await listen(socket)) ?? (await takeOver(socket));
  if (server === undefined)
    throw new Fault(
      'database-unavailable',
      `The embedded database in ${folder} is in use by another process. Stop that process, talk to it over HTTP (--url), ` +
        'or set DATABASE_URL so that several processes share one PostgreSQL.',
    );
  return () => new Promise((resolve) => server.close(() => resolve()));
}

/** A socket that is a file stays when its process dies, and nobody answers it: it is removed, once. */
async function takeOver(socket: string): Promise<net.Server | undefined> {
  if (process.platform === 'linux' || (await answers(socket))) return undefined;
  rmSync(socket, { force: true });
  return listen(socket);
}

function listen(socket: string): Promise<net.Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((connection) => connection.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(socket, () => resolve(server));
  });
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = net.connect(socket, () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

/**
 * Short whatever the folder is called: the path of a socket has about a hundred octets. Linux has sockets that are no
 * files: nothing stays of them, so two processes never both take over what a third left.
 */
function socketOf(folder: string): string {
  const name = `tcs-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : path.join(os.tmpdir(), `${name}.lock`);
}
