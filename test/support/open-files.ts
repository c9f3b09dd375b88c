import { readdirSync, readlinkSync } from 'node:fs';

const DESCRIPTORS = '/proc/self/fd';

/** Paths of the files that this process has open, as Linux shows them. */
export function openFiles(): string[] {
  return readdirSync(DESCRIPTORS).flatMap((descriptor) => {
    try {
      return [readlinkSync(`${DESCRIPTORS}/${descriptor}`)];
    } catch {
      // The one by which they were listed.
      return [];
    }
  });
}
