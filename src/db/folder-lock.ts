import { createHash } from 'node:crypto';
import { closeSync, openSync, realpathSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Fault } from '../domain/fault.ts';

/**
 * Holds a folder for this process by listening on sockets named after it: the embedded engine takes no lock of its own,
 * and two processes in one folder destroy it. The kernel ends the listening when the process dies, however it dies.
 * @throws Fault `database-unavailable` when another process holds it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const sockets = openSockets(folder);
  const held: net.Server[] = [];
  const release = async () => {
    for (const server of held) await new Promise((resolve) => server.close(resolve));
    sockets.close();
  };
  for (const { name, staysBehind } of sockets.names) {
    const server = (await listen(name)) ?? (staysBehind ? await takeOver(name) : undefined);
    if (server === undefined) {
      await release();
      throw new Fault(
        'database-unavailable',
        `The embedded database in ${folder} is in use by another process. Stop that process, talk to it over HTTP (--url), ` +
          'or set DATABASE_URL so that several processes share one PostgreSQL.',
      );
    }
    held.push(server);
  }
  return release;
}

interface Socket {
  readonly name: string;
  /** It is a file, which stays when its process dies. */
  readonly staysBehind: boolean;
}

/** A socket that is a file stays when its process dies, and nobody answers it: it is removed, once. */
async function takeOver(socket: string): Promise<net.Server | undefined> {
  if (await answers(socket)) return undefined;
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

/** Whether a process holds it; one that may not be asked counts as held. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = net.connect(socket, () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

/**
 * The sockets of a folder, short whatever it is called: the path of a socket has about a hundred octets.
 *
 * Linux has two. The first is no file: nothing stays of it, so of several processes only one goes on to the second and
 * takes over what a dead one left. Another container has a network namespace of its own and does not see the first;
 * it sees the second, the file `<folder>.lock` on the volume that both have.
 */
function openSockets(folder: string): { readonly names: readonly Socket[]; close(): void } {
  const real = realpathSync(folder);
  const name = `tcs-${createHash('sha256').update(real).digest('hex').slice(0, 32)}`;
  if (process.platform === 'win32')
    return { names: [{ name: `\\\\.\\pipe\\${name}`, staysBehind: false }], close: () => undefined };
  if (process.platform !== 'linux')
    return {
      names: [{ name: path.join(os.tmpdir(), `${name}.lock`), staysBehind: true }],
      close: () => undefined,
    };
  const parent = openSync(path.dirname(real), 'r');
  const file = `/proc/self/fd/${String(parent)}/${path.basename(real)}.lock`;
  return {
    names: [
      { name: `\0${name}`, staysBehind: false },
      { name: file, staysBehind: true },
    ],
    close: () => closeSync(parent),
  };
}
