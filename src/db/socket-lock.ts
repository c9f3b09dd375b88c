import { randomBytes } from 'node:crypto';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Holds a name in a folder for this process, among all that see the folder: also in other containers.
 *
 * Each who comes listens on a socket of its own, a file `<name>-<random>`, and only then looks at those of the others. So of two
 * that come at once at least one sees the other; the smaller name goes first. A file whose process is dead answers
 * nobody and is removed: its name is nobody else's, so nothing that lives is ever removed with it.
 *
 * @returns how to let it go; `undefined` when another process holds it
 */
export async function holdName(folder: string, name: string): Promise<(() => Promise<void>) | undefined> {
  const own = `${name}-${randomBytes(6).toString('hex')}`;
  const file = path.join(folder, own);
  let state: Living = 'comes';
  const server = net.createServer((connection) => connection.on('error', () => undefined).end(state));
  server.unref();
  // A socket that is there and not yet listened on would be taken for a dead one.
  await listen(server, path.join(folder, `.${own}`));
  renameSync(path.join(folder, `.${own}`), file);
  const release = async () => {
    rmSync(file, { force: true });
    await new Promise((resolve) => server.close(resolve));
  };
  for (;;) {
    const others = readdirSync(folder).filter((one) => one.startsWith(`${name}-`) && one !== own);
    const seen = await Promise.all(others.map((one) => ask(path.join(folder, one))));
    others
      .filter((_, place) => seen[place] === 'dead')
      .forEach((one) => rmSync(path.join(folder, one), { force: true }));
    const living = others.filter((_, place) => seen[place] !== 'dead');
    if (seen.includes('holds') || living.some((one) => one < own)) {
      await release();
      return undefined;
    }
    if (living.length === 0) {
      state = 'holds';
      return release;
    }
    // Who has a greater name gives up, or looked before we were there and holds it.
    await pause(LOOK_AGAIN);
  }
}

type Living = 'comes' | 'holds';

function listen(server: net.Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
}

/**
 * What the process says that listens there; one that says nothing, or may not be asked, counts as holding. One that breaks off
 * is about to leave, and is asked again: taken for a holder, it would drive away even who goes first, and nobody would hold.
 */
async function ask(socket: string): Promise<Living | 'dead'> {
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    const said = await askOnce(socket);
    if (said !== 'breaks off') return said;
    await pause(LOOK_AGAIN);
  }
  return 'holds';
}

function askOnce(socket: string): Promise<Living | 'dead' | 'breaks off'> {
  return new Promise((resolve) => {
    const connection = net.connect(socket);
    connection.setTimeout(PATIENCE, () => {
      resolve('holds');
      connection.destroy();
    });
    connection.once('data', (said) => resolve(String(said) === 'comes' ? 'comes' : 'holds'));
    connection.once('error', ({ code = '' }: NodeJS.ErrnoException) =>
      resolve(SAID_BY_ERROR[code] ?? 'holds'),
    );
    connection.once('close', () => resolve('breaks off'));
  });
}

const SAID_BY_ERROR: Partial<Record<string, 'dead' | 'breaks off'>> = {
  ECONNREFUSED: 'dead',
  ENOENT: 'dead',
  ECONNRESET: 'breaks off',
  EPIPE: 'breaks off',
};
/** Milliseconds. */
const LOOK_AGAIN = 20;
const PATIENCE = 3_000;
const MOST_LOOKS = PATIENCE / LOOK_AGAIN;
