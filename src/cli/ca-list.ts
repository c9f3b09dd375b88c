import { existsSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../config.ts';
import { Fault } from '../domain/fault.ts';
import { visible } from '../domain/visible-text.ts';
import type { Authority } from '../ca/authority.ts';
import { findRecordedAuthorities, type RecordedAuthority } from '../ca/authority-store.ts';
import { print, shortInstant, table, type OutputOptions } from './output.ts';
import { withDatabase } from './service-parts.ts';

/** Prints test CAs and which of them are retired, if the database can be asked that; what else there is to tell needs none. */
export async function printAuthorities(
  authorities: readonly Authority[],
  options: OutputOptions,
): Promise<void> {
  const recorded = authorities.length === 0 ? [] : await findRecorded();
  const retirements = recorded && authorities.map((one) => retirementOf(one, recorded));
  print(
    options,
    authorities.map((one, place) => ({ ...authoritySummary(one), ...retirements?.[place] })),
    () => authoritiesText(authorities, { retired: (place) => retiredText(retirements?.[place]) }),
  );
}

/** Test CAs as a table; `more`: further columns, each by the place of the CA. */
export function authoritiesText(
  authorities: readonly Authority[],
  more: Readonly<Record<string, (place: number) => string>> = {},
): string {
  return table(
    ['authority', 'subject', 'kind', 'until', 'serial number', ...Object.keys(more)],
    authorities.map((one, place) => [
      one.name,
      one.subject,
      one.kind,
      shortInstant(one.notAfter),
      one.serialNumber,
      ...Object.values(more).map((cell) => cell(place)),
    ]),
    'There is no test CA yet; make them with: tcs ca init',
  );
}

/** A test CA as one JSON value. */
export function authoritySummary(authority: Authority) {
  const { name, category, kind, subject, serialNumber, notBefore, notAfter, sha256 } = authority;
  return { name, category, kind, subject, serialNumber, notBefore, notAfter, sha256: sha256.toString('hex') };
}

type Retirement = Pick<RecordedAuthority, 'retiredAt' | 'retiredBecause'>;

/** One that the database does not know yet is not retired. */
function retirementOf({ sha256 }: Authority, recorded: readonly RecordedAuthority[]): Retirement {
  const known = recorded.find((one) => one.sha256.equals(sha256));
  return { retiredAt: known?.retiredAt ?? null, retiredBecause: known?.retiredBecause ?? null };
}

function retiredText(retirement: Retirement | undefined): string {
  if (retirement === undefined) return 'not known';
  const { retiredAt, retiredBecause } = retirement;
  return retiredAt === null ? '-' : `${shortInstant(retiredAt)}, ${visible(retiredBecause ?? '')}`;
}

/** @returns nothing, and says why, when the database cannot be asked: an embedded one is its service's */
async function findRecorded(): Promise<readonly RecordedAuthority[] | undefined> {
  const { databaseUrl, dataDir } = readConfig(process.env);
  // To look makes no database.
  if (databaseUrl === undefined && !existsSync(path.join(dataDir, 'database'))) return [];
  try {
    return await withDatabase(({ pool }) => findRecordedAuthorities(pool));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    process.stderr.write(`Which of them are retired is not known. ${visible(error.message)}\n`);
    return undefined;
  }
}
