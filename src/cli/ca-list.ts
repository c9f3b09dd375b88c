import { existsSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../config.ts';
import { Fault } from '../domain/fault.ts';
import { visible } from '../domain/visible-text.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import type { Authority } from '../ca/authority.ts';
import { findRecordedAuthorities, type RecordedAuthority } from '../ca/authority-store.ts';
import { formatName } from '../x509/name.ts';
import { readCertificate } from '../x509/read-certificate.ts';
import { print, shortInstant, table, type OutputOptions } from './output.ts';
import { withDatabase } from './service-parts.ts';

/**
 * Prints test CAs, which of them are retired, and those that were before them, if the database can be asked that; what else there
 * is to tell needs none.
 */
export async function printAuthorities(
  authorities: readonly Authority[],
  options: OutputOptions,
): Promise<void> {
  const recorded = authorities.length === 0 ? [] : await findRecorded();
  // One that the database does not know yet is not retired.
  const here = authorities.map((one) => ({
    ...authoritySummary(one),
    ...(recorded && (retirementOf(one, recorded) ?? { retiredAt: null, retiredBecause: null })),
  }));
  const former = (recorded ?? []).filter((one) => one.retiredAt !== null && !isAmong(authorities, one));
  const all: Listed[] = [...here, ...former.map(formerSummary)];
  print(options, all, () => authoritiesText(all, { retired: (place) => retiredText(all[place]) }));
}

/** Test CAs as a table; `more`: further columns, each by the place of the CA. */
export function authoritiesText(
  authorities: readonly Shown[],
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

type Summarised = Shown & Pick<Authority, 'category' | 'notBefore' | 'sha256'>;

/** A test CA as one JSON value. */
export function authoritySummary(authority: Summarised) {
  const { name, category, kind, subject, serialNumber, notBefore, notAfter, sha256 } = authority;
  return { name, category, kind, subject, serialNumber, notBefore, notAfter, sha256: sha256.toString('hex') };
}

/** What a line of the table shows. */
type Shown = Pick<Authority, 'name' | 'subject' | 'kind' | 'notAfter' | 'serialNumber'>;
type Retirement = Pick<RecordedAuthority, 'retiredAt' | 'retiredBecause'>;
type Listed = ReturnType<typeof authoritySummary> & Partial<Retirement>;

const isAmong = (authorities: readonly Pick<Authority, 'sha256'>[], { sha256 }: RecordedAuthority) =>
  authorities.some((one) => one.sha256.equals(sha256));

function retirementOf({ sha256 }: Authority, recorded: readonly RecordedAuthority[]): Retirement | undefined {
  const known = recorded.find((one) => one.sha256.equals(sha256));
  return known && { retiredAt: known.retiredAt, retiredBecause: known.retiredBecause };
}

/** A test CA of which only the database has the certificate. */
function formerSummary({ der, retiredAt, retiredBecause, ...recorded }: RecordedAuthority): Listed {
  const { subject, serialNumber, validity } = readCertificate(der).facts;
  return {
    ...authoritySummary({
      ...recorded,
      ...validity,
      subject: formatName(subject),
      serialNumber: serialNumber.toString('hex').toUpperCase() as SerialNumber,
    }),
    retiredAt,
    retiredBecause,
  };
}

function retiredText({ retiredAt, retiredBecause }: Partial<Retirement> = {}): string {
  if (retiredAt === undefined) return 'not known';
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
