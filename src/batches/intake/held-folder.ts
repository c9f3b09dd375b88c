import { constants, existsSync } from 'node:fs';
import { lstat, open, realpath } from 'node:fs/promises';
import path from 'node:path';

/** A folder that stays the one that was entered, whatever somebody puts in its place meanwhile. */
export interface HeldFolder {
  /** The path of what is called so in it, for one call of the file system. @throws Error see `enterWatched` */
  readonly at: (name: string) => Promise<string>;
  /** Enters a folder below it; no link is followed. @returns nothing when there is none */
  within<T>(names: readonly string[], use: (folder: HeldFolder) => Promise<T>): Promise<T | undefined>;
}

/**
 * Enters a folder for as long as `use` takes. Each call of the file system looks a path up anew, and who may write on the way can put
 * a link to elsewhere there between two calls; a folder that is open is always the same, and Linux shows it as a path.
 * @param folder  may be a link itself: what lies in it is a stranger's, where it lies is not
 * @returns nothing when there is none
 */
export async function withFolder<T>(
  folder: string,
  use: (folder: HeldFolder) => Promise<T>,
  enter: Enter = existsSync(DESCRIPTORS) ? enterHeld : enterWatched,
): Promise<T | undefined> {
  const real = await realpath(folder).catch((error: unknown) => unless(['ENOENT'], error));
  return real === undefined ? undefined : inFolder(await enter(real), use, enter);
}

async function inFolder<T>(
  { at, leave }: Entered,
  use: (folder: HeldFolder) => Promise<T>,
  enter: Enter,
): Promise<T> {
  const held: HeldFolder = {
    at,
    within: async ([name, ...further], inner) => {
      if (name === undefined) return inner(held);
      const next = await enter(await at(name)).catch((error: unknown) => unless(NO_FOLDER, error));
      return next && inFolder(next, (folder) => folder.within(further, inner), enter);
    },
  };
  try {
    return await use(held);
  } finally {
    await leave();
  }
}

/** A folder that was entered, and how it is left. */
interface Entered {
  readonly at: HeldFolder['at'];
  readonly leave: () => Promise<void>;
}
type Enter = (folder: string) => Promise<Entered>;

async function enterHeld(folder: string): Promise<Entered> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  return {
    at: (name) => Promise.resolve(path.join(DESCRIPTORS, String(handle.fd), name)),
    leave: () => handle.close(),
  };
}

/**
 * Where the system does not show open folders as paths: asks before each call where the path leads. That leaves an instant, so there
 * nobody but the service may write (docs/batches.md).
 * @throws Error `at`: when another folder has taken its place
 */
export async function enterWatched(folder: string): Promise<Entered> {
  if (!(await lstat(folder)).isDirectory())
    throw Object.assign(new Error(`${folder} is no folder`), { code: 'ENOTDIR' });
  const real = await realpath(folder);
  return {
    at: async (name) => {
      if ((await realpath(folder)) !== real) throw new Error(`${folder} is not the folder that it was`);
      return path.join(real, name);
    },
    leave: () => Promise.resolve(),
  };
}

/** For `catch`: nothing, if it is one of these. */
function unless(codes: readonly string[], error: unknown): undefined {
  if (!codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
}

const DESCRIPTORS = '/proc/self/fd';
/** It went, is no folder, or is a link. */
const NO_FOLDER = ['ENOENT', 'ENOTDIR', 'ELOOP'];
