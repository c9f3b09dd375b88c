import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CommanderError } from 'commander';
import { exitCodeOf, explainFault } from '../../src/cli/fault-text.ts';
import { program } from '../../src/cli/program.ts';
import { TEST_PASSPHRASE } from './authorities.ts';
import { copyEmbedded } from './embedded-folder.ts';

/** What a command wrote to standard output, and the exit code and words it would end with. */
export interface Ended {
  readonly out: string;
  readonly code: number;
  readonly fault: string;
}

/** Runs a command of `tcs` in this process, with these settings and no other. */
export async function tcs(settings: Readonly<Record<string, string>>, ...words: string[]): Promise<Ended> {
  const before = process.env;
  const written: string[] = [];
  const out = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    written.push(String(chunk));
    return true;
  });
  const asides = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const kept = Object.entries(before).filter(([name]) => !name.startsWith('TCS_') && name !== 'DATABASE_URL');
  process.env = { ...Object.fromEntries(kept), ...settings };
  try {
    await program().parseAsync(['node', 'tcs', ...words]);
    return { out: written.join(''), code: 0, fault: '' };
  } catch (error) {
    const code = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 64) : exitCodeOf(error);
    return { out: written.join(''), code, fault: explainFault(error) };
  } finally {
    process.env = before;
    out.mockRestore();
    asides.mockRestore();
  }
}

/** A fresh data folder with a copy of the test authorities and an empty migrated database, and the settings that open it. */
export function dataFolder(): { folder: string; settings: Record<string, string> } {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-data-'));
  const prepared = process.env['TCS_TEST_FOLDER'] ?? '';
  cpSync(path.join(prepared, 'authorities'), path.join(folder, 'authorities'), { recursive: true });
  copyEmbedded(path.join(folder, 'database'));
  return { folder, settings: { TCS_DATA_DIR: folder, TCS_KEY_PASSPHRASE: TEST_PASSPHRASE, TCS_PORT: '0' } };
}
