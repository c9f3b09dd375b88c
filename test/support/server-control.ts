import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** How scripts/with-postgres.mjs started the server of this run. */
interface Control {
  readonly programs: string;
  readonly data: string;
  readonly settings: string;
  readonly owner: string | null;
}

/** Stops the server of this run: `immediate` as by a power cut, `fast` in order. */
export const stopServer = (mode: 'fast' | 'immediate'): void => control('-m', mode, 'stop');

/** Starts it again as it was, on the same port. */
export function startServer(): void {
  const { data, settings } = controls();
  control('-l', path.join(path.dirname(data), 'log'), '-o', settings, 'start');
}

function control(...words: readonly string[]): void {
  const { programs, data, owner } = controls();
  const command = [path.join(programs, 'pg_ctl'), '-D', data, '-w', ...words];
  const asOwner =
    owner === null
      ? command
      : ['setpriv', `--reuid=${owner}`, `--regid=${owner}`, '--clear-groups', ...command];
  execFileSync(asOwner[0] ?? '', asOwner.slice(1), { stdio: 'ignore', cwd: path.dirname(data) });
}

const controls = (): Control => JSON.parse(process.env['TEST_DATABASE_CONTROL'] ?? '{}') as Control;
