import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { App } from '../../app.ts';
import { Fault } from '../../domain/fault.ts';
import { formatEui64 } from '../../domain/eui64.ts';
import type { CallerRole, TestingParticipant } from '../../domain/participant.ts';
import { recordEvents } from '../../audit/audit-log.ts';
import { entryEvents } from '../../audit/entry-events.ts';
import { findTakenOnByOthers } from '../../audit/taken-on.ts';
import type { Pool } from '../../db/pool.ts';
import { findCallers } from '../../registry/callers.ts';
import { createCredential } from '../../registry/create-credential.ts';
import { hashToken, listCredentials, revokeCredential } from '../../registry/credentials.ts';
import { loadRegistry } from '../../registry/load-registry.ts';
import { findWholeParticipant, listSignifiers } from '../../registry/participants.ts';
import { parseRegistryFile } from '../../registry/registry-file.ts';

/** What `demo-credentials.json` holds. */
export interface DemoCredentials {
  readonly baseUrl: string;
  readonly accounts: readonly {
    readonly participant: string;
    readonly role: CallerRole;
    readonly token: string;
  }[];
  readonly participants: readonly {
    readonly signifier: string;
    readonly name: string;
    readonly type: string;
    readonly userIds: readonly { readonly eui64: string; readonly userRole: string }[];
    readonly deviceRanges: readonly { readonly from: string; readonly to: string }[];
  }[];
}

type Accounts = DemoCredentials['accounts'];

/**
 * A database in which the demo may live: empty, or with nobody in it but those whom the demo itself took on.
 * @throws Fault `conflict` before anything is made or changed
 */
export async function requireDemoDatabase(pool: Pool): Promise<void> {
  const own = readWorld().participants.map((one) => one.signifier);
  const strangers = (await listSignifiers(pool)).filter((signifier) => !own.includes(signifier));
  const others = [...new Set([...strangers, ...(await findTakenOnByOthers(DEMO, pool))])];
  if (others.length === 0) return;
  const named = `${others.slice(0, 3).join(', ')}${others.length > 3 ? ', ...' : ''}`;
  throw new Fault(
    'conflict',
    `The database holds ${String(others.length)} participant(s) that the demo did not take on (${named}); nothing was made or changed. ` +
      'Give the demo an empty database: another TCS_DATA_DIR, or another DATABASE_URL.',
  );
}

/**
 * Loads the demo world into an empty database, or goes on with the one that is there, and writes demo-credentials.json (0600): tokens
 * that it held before stay as long as all of them hold, so that batches and scripts outlive a restart.
 * @throws Fault `conflict` when others than the demo have participants in it
 */
export async function openDemoWorld(
  { database, needs }: App,
  baseUrl: string,
  dataDir: string,
): Promise<DemoCredentials> {
  const { pool } = database;
  await requireDemoDatabase(pool);
  const world = readWorld();
  const own = world.participants.map((one) => one.signifier);
  // Once it is there, it lives: what a feed, a Party or the DCC has stated since stays.
  if ((await listSignifiers(pool)).length === 0) {
    await loadRegistry(world, needs.clock, pool, (transaction, entries, at) =>
      recordEvents(
        [{ at, event: 'participant.loaded', object: DEMO }, ...entryEvents(entries, at, { file: DEMO })],
        transaction,
      ),
    );
  }

  // Only now is anybody on record: a participant begins when it is loaded.
  const now = needs.clock.now();
  const file = path.join(dataDir, 'demo-credentials.json');
  const accounts = (await findAccounts(file, now, pool)) ?? (await createAccounts(now, pool));
  const found = await Promise.all(own.map((signifier) => findWholeParticipant(signifier, now, pool)));
  const participants = found.filter((one) => one !== undefined).map(describe);
  const credentials = { baseUrl, accounts, participants };
  writeFileSync(`${file}.new`, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  chmodSync(`${file}.new`, 0o600);
  renameSync(`${file}.new`, file);
  return credentials;
}

/** The accounts of a file, if each of them holds still; of a file that is none, nobody's. */
async function findAccounts(file: string, now: Date, pool: Pool): Promise<Accounts | undefined> {
  const accounts = readAccounts(file);
  const callers = await findCallers(
    accounts.map(({ token }) => hashToken(token)),
    now,
    pool,
  );
  const held = ACCOUNTS.every(
    ([participant, role], place) =>
      accounts[place]?.participant === participant &&
      callers[place]?.signifier === participant &&
      callers[place].role === role,
  );
  return held ? accounts : undefined;
}

function readAccounts(file: string): Accounts {
  if (!existsSync(file)) return [];
  try {
    const { accounts } = JSON.parse(readFileSync(file, 'utf8')) as Partial<DemoCredentials>;
    return Array.isArray(accounts) ? (accounts as Accounts) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** A fresh token for every account; those of before hold no longer. */
async function createAccounts(now: Date, pool: Pool): Promise<Accounts> {
  for (const old of await listCredentials(undefined, pool))
    if (old.label === DEMO && old.revokedAt === null) await revokeCredential(old.prefix, now, pool);
  const expiresAt = new Date(now.getTime() + 365 * 86_400_000);
  const accounts = [];
  for (const [participant, role] of ACCOUNTS) {
    const { token } = await createCredential(
      { signifier: participant, role, label: DEMO, expiresAt, person: `demo ${role}` },
      now,
      pool,
    );
    accounts.push({ participant, role, token });
  }
  return accounts;
}

/** An RDP ID is no User ID, and stands beside them: a tester asks for Organisation Certificates with either. */
function describe({
  signifier,
  legalName,
  type,
  roleAssignments,
  allocations,
  deviceRanges,
}: TestingParticipant) {
  const rdpIds = allocations
    .filter((one) => one.kind === 'RDP_ID')
    .map(({ from }) => ({ eui64: from, userRole: 'RDP' }));
  return {
    signifier,
    name: legalName,
    type,
    userIds: [...roleAssignments, ...rdpIds].map(({ eui64, userRole }) => ({
      eui64: formatEui64(eui64),
      userRole,
    })),
    deviceRanges: deviceRanges.map(({ from, to }) => ({ from: formatEui64(from), to: formatEui64(to) })),
  };
}

const readWorld = () => parseRegistryFile(readFileSync(WORLD, 'utf8'), WORLD);
const WORLD = path.join(__dirname, 'world.yaml');
/** Under which the audit has the taking on, and the label of the credentials. */
const DEMO = 'demo';
const ACCOUNTS: readonly (readonly [string, CallerRole])[] = [
  ['NORTHGATE', 'PARTICIPANT_ARO'],
  ['NORTHGATE', 'PARTICIPANT_SRO'],
  ['NORTHGATE', 'PARTICIPANT_VIEWER'],
  ['TRENTNET', 'PARTICIPANT_ARO'],
  ['METERWORKS', 'PARTICIPANT_ARO'],
  ['OLDMETER', 'PARTICIPANT_ARO'],
  ['STRANGER', 'PARTICIPANT_ARO'],
  ['HALTED', 'PARTICIPANT_ARO'],
  ['REGDATA', 'PARTICIPANT_ARO'],
  ['DCC', 'DCC_TEST_OPERATOR'],
  ['DCC', 'DCC_TEST_APPROVER'],
  ['DCC', 'DCC_REGISTRAR'],
  ['ASSESS', 'ASSESSOR'],
];
