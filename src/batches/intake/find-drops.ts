import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { HeldFolder } from './held-folder.ts';

/** A file that was dropped. */
export interface Drop {
  /** Folders between that of the participant and the file: category and purpose, if it lies where it should. */
  readonly place: readonly string[];
  readonly file: string;
}

/**
 * What lies in the folder of a participant and is to be looked at, by name.
 * @param onTrouble  told of each folder that cannot be read; the others are
 */
export async function findDrops(home: HeldFolder, onTrouble: (error: unknown) => void): Promise<Drop[]> {
  const findIn = async (folder: HeldFolder, place: readonly string[]): Promise<Drop[]> => {
    const drops: Drop[] = [];
    for (const entry of await entriesOf(folder, onTrouble))
      if (place.length === 0 && KEPT.includes(entry.name)) continue;
      else if (place.length < DEPTH && entry.isDirectory())
        drops.push(...(await findBelow(folder, [...place, entry.name])));
      else drops.push({ place, file: entry.name });
    return drops;
  };
  const findBelow = async (folder: HeldFolder, place: readonly string[]): Promise<Drop[]> => {
    try {
      return (await folder.within(place.slice(-1), (below) => findIn(below, place))) ?? [];
    } catch (error) {
      onTrouble(error);
      return [];
    }
  };
  return findIn(home, []);
}

async function entriesOf(folder: HeldFolder, onTrouble: (error: unknown) => void): Promise<Dirent[]> {
  try {
    const entries = await readdir(await folder.at('.'), { withFileTypes: true });
    return entries
      .filter(({ name }) => !UNFINISHED.test(name))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  } catch (error) {
    onTrouble(error);
    return [];
  }
}

/** Category and purpose. */
const DEPTH = 2;
/** Where the service puts what it has looked at. */
const KEPT = ['done', 'refused'];
/** Files and folders alike: a home has others that are nobody's drops. */
const UNFINISHED = /^\.|\.(part|tmp)$/i;
