import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** A file that was dropped. */
export interface Drop {
  /** Folders between that of the participant and the file: category and purpose, if it lies where it should. */
  readonly place: readonly string[];
  readonly file: string;
}

/** What lies in the folder of a participant and is to be looked at, in the order in which it is. */
export async function findDrops(home: string): Promise<Drop[]> {
  const drops = await filesIn(home, []);
  for (const category of await foldersIn(home)) {
    if (KEPT.includes(category)) continue;
    drops.push(...(await filesIn(home, [category])));
    for (const purpose of await foldersIn(path.join(home, category))) {
      const names = await readdir(path.join(home, category, purpose));
      drops.push(...dropsOf([category, purpose], names));
    }
  }
  return drops;
}

/** What lies beside the folders, and so in a wrong place. */
async function filesIn(home: string, place: readonly string[]): Promise<Drop[]> {
  const entries = await readdir(path.join(home, ...place), { withFileTypes: true }).catch(() => []);
  return dropsOf(
    place,
    entries.filter((one) => !one.isDirectory() && !KEPT.includes(one.name)).map(({ name }) => name),
  );
}

const dropsOf = (place: readonly string[], names: readonly string[]): Drop[] =>
  names
    .filter((name) => !UNFINISHED.test(name))
    .sort()
    .map((file) => ({ place, file }));

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((one) => one.isDirectory()).map(({ name }) => name);
}

/** Where the service puts what it has looked at. */
const KEPT = ['done', 'refused'];
const UNFINISHED = /^\.|\.(part|tmp)$/i;
