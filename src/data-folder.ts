import { accessSync, constants, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Config } from './config.ts';
import { Fault } from './domain/fault.ts';

/** Makes the data folder where it is missing. @throws Fault `configuration-invalid` when it is a file or cannot be written */
export function requireDataFolder({ dataDir }: Pick<Config, 'dataDir'>): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const why = code === 'EEXIST' || code === 'ENOTDIR' ? 'is a file' : `cannot be used (${code})`;
    throw new Fault(
      'configuration-invalid',
      `The data folder ${dataDir} ${why}. Set TCS_DATA_DIR to a folder that this user may write.`,
      { cause },
    );
  }
}

/** Where the CA keys and certificates rest. */
export function authoritiesFolder(config: Config): string {
  return path.join(config.dataDir, 'authorities');
}

export function requirePassphrase(config: Config): string {
  if (config.keyPassphrase !== undefined) return config.keyPassphrase;
  throw new Fault(
    'configuration-invalid',
    'TCS_KEY_PASSPHRASE (or TCS_KEY_PASSPHRASE_FILE) is not set; it opens the CA keys.',
  );
}
