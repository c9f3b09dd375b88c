import path from 'node:path';
import { createAuthorities } from '../../src/ca/create-authorities.ts';
import { systemRandom } from '../../src/domain/serial-number.ts';
import { loadProfiles } from '../../src/profiles/load-profiles.ts';
import { TEST_NOW } from './dates.ts';

export const TEMPLATES = path.join(__dirname, '..', '..', 'certs-templates');
export const TEST_PASSPHRASE = 'only for the tests';

/** Makes the whole hierarchy in a folder, a day before the tests' clock unless told otherwise. */
export function createTestAuthorities(
  folder: string,
  now: Date = new Date(TEST_NOW.getTime() - 86_400_000),
): void {
  createAuthorities({
    folder,
    passphrase: TEST_PASSPHRASE,
    profiles: loadProfiles(TEMPLATES),
    now,
    fillRandom: systemRandom,
  });
}
