import type { Reason } from '../domain/fault.ts';

/** Why keys did not open, told once for all of them; `isKeyNotOpened` knows it again. */
export function keyNotOpened(files: readonly string[]): Reason {
  return {
    reason: 'KEY_NOT_OPENED',
    clause: 'README, Configuration',
    detail: `TCS_KEY_PASSPHRASE does not open ${files.join(', ')}.`,
    fix:
      'Give the passphrase with which the keys were made (of a demo: the content of demo-passphrase beside them, or no ' +
      'passphrase at all). If it is the right one, the file is damaged: restore it from the backup.',
  };
}

/** Whether this is why. */
export const isKeyNotOpened = ({ reason }: Reason): boolean => reason === keyNotOpened([]).reason;
