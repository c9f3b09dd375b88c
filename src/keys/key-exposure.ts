import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../domain/fault.ts';

/**
 * Key files of a folder, and the folder itself, that others on this machine may read.
 * @returns one sentence for each, with its path and what to do
 * @throws Fault `authority-refused` when others may write there: then nobody knows whose keys these are
 */
export function findExposedKeys(folder: string): string[] {
  // Windows has no such modes.
  if (process.platform === 'win32') return [];
  const files = readdirSync(folder).filter((name) => name.endsWith('.key.pem'));
  return [folder, ...files.map((name) => path.join(folder, name))].flatMap((place) => {
    const mode = statSync(place).mode & 0o777;
    const right = place === folder ? '0700' : '0600';
    const shown = mode.toString(8).padStart(4, '0');
    if ((mode & WRITABLE_BY_OTHERS) !== 0)
      throw new Fault(
        'authority-refused',
        `${place} has the mode ${shown}: others may change CA keys there. Check whose keys they are, then: chmod ${right} ${place}`,
      );
    return (mode & READABLE_BY_OTHERS) === 0
      ? []
      : [`${place} has the mode ${shown}: others may read it. Close it: chmod ${right} ${place}`];
  });
}

const WRITABLE_BY_OTHERS = 0o022;
const READABLE_BY_OTHERS = 0o044;
