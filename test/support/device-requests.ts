import { Fault } from '../../src/domain/fault.ts';
import type { Caller } from '../../src/domain/participant.ts';
import { query } from '../../src/db/query.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { deviceCsr } from './csr-builder.ts';
import type { World } from './world.ts';

/** Who asks by the token of a participant. */
export async function callerOf(
  signifier: string,
  here: Pick<World, 'token' | 'clock' | 'database'>,
): Promise<Caller> {
  const token = hashToken(await here.token(signifier));
  const [caller] = await findCallers([token], here.clock.now(), here.database.pool);
  if (caller === undefined) throw new Error(`nobody has the token of ${signifier}`);
  return caller;
}

/**
 * A single request for a Device Certificate.
 * @param number  the end of the Device ID, 8 hex digits: METERWORKS has those that begin with 20, NORTHGATE those with 10
 */
export const deviceRequest = (number: string) =>
  ({
    category: 'DEVICE',
    purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
    channel: 'INTERNET',
    csr: deviceCsr(`00db1234${number}`).der,
  }) as const;

/** What each request was told: the first reason against it, or `issued`. */
export const told = (results: readonly unknown[]): unknown[] =>
  results.map((one) => (one instanceof Fault ? one.reasons[0]?.reason : 'issued'));

/** How each certificate for a Device ID stands, and `prepared` for one that is only intended. */
export async function statusesOf(eui64: string, { pool }: World['database']): Promise<string[]> {
  const { rows } = await query<{ status: string }>(
    pool,
    `select status from certificate where eui64 = $1
     union all select 'prepared' from certificate_intent where eui64 = $1`,
    [eui64],
  );
  return rows.map((row) => row.status);
}
