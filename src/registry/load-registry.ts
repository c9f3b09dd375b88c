import type { Clock } from '../domain/clock.ts';
import type { Eui64Range } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import type { Pool } from '../db/pool.ts';
import { query, type Transaction } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import { replaceIdentifiers } from './replace-identifiers.ts';
import {
  beginEntries,
  endEntries,
  findEntries,
  type EntryChanges,
  type NamedEntry,
} from './registry-entries.ts';
import type { RegistryEntry, RegistryFile } from './registry-file.ts';
import { checkAgreedRanges, deferAgreedRanges } from './agreed-ranges.ts';
import { lockFeed } from './feed-lock.ts';
import {
  isFeedTaken,
  ownedByOthers,
  requireAllocationsOfFeed,
  requireTestOnlyKept,
} from './owned-by-others.ts';
import { idOf, recordStated, requireNetworkParties } from './record-stated.ts';
import { requireOutsideTestBlock } from './test-block.ts';

/** How much of each was loaded. */
export interface LoadReport {
  readonly participants: number;
  readonly agreements: number;
  readonly allocations: number;
  readonly deviceRanges: number;
  readonly registryEntries: number;
}

/**
 * Takes participants on from a checked file, in one transaction: for every participant that it names it is the whole
 * truth; others stay as they are. What is on record already is not written again; what the file no longer states ends. It happens at
 * the instant at which everybody before it is done.
 * @param record     writes the audit, in the same transaction
 * @param testBlock  EUI-64s of the DCC, for tests only: nothing that a file begins reaches into it
 * @throws Fault `registry-invalid` when a range overlaps one in the database or reaches into the test block, a name is nobody's, a
 *         participant would change its type, or what the file states differently, or no longer, was stated by its owner since (the
 *         SECAS feed, the DCC, the participant); once a feed was taken also when something of the feed would begin; then nothing is
 *         loaded
 */
export async function loadRegistry(
  file: RegistryFile,
  clock: Clock,
  pool: Pool,
  record: (transaction: Transaction, entries: EntryChanges, at: Date) => Promise<void>,
  testBlock?: Eui64Range,
): Promise<LoadReport> {
  try {
    await withTransaction(pool, async (db) => {
      await lockFeed(db);
      const now = clock.now();
      if (testBlock !== undefined) await requireOutsideTestBlock(file, testBlock, db);
      const feedTaken = await isFeedTaken(db);
      // Agreements come before the device ranges and delegations that they may rest on.
      await deferAgreedRanges(db);
      const entries = await recordEntries(file.registryEntries, feedTaken, now, db);
      const ids = await recordParticipants(file.participants, now, db);
      await requireNetworkParties(file.participants, db);
      await recordStated(file.participants, ids, feedTaken, now, db);
      if (feedTaken) await requireAllocationsOfFeed(file.participants, ids, db);
      await requireTestOnlyKept(file.participants, ids, db);
      await replaceIdentifiers(
        file.participants.map((entry) => ({ participantId: idOf(entry, ids), ...entry })),
        now,
        db,
      );
      await checkAgreedRanges(db);
      await record(db, entries, now);
    });
  } catch (error) {
    throw explained(error);
  }
  const sum = (count: (entry: RegistryEntry) => number) =>
    file.participants.reduce((total, entry) => total + count(entry), 0);
  return {
    participants: file.participants.length,
    agreements: sum((entry) => entry.agreements.length),
    allocations: sum((entry) => entry.allocations.length),
    deviceRanges: sum((entry) => entry.deviceRanges.length),
    registryEntries: file.registryEntries.length,
  };
}

/** Registry Entries that are new, or have other ends than the one of their name; those that a file leaves out stay. */
async function recordEntries(
  stated: readonly NamedEntry[],
  feedTaken: boolean,
  now: Date,
  db: Transaction,
): Promise<EntryChanges> {
  const present = new Map((await findEntries(db)).map((one) => [one.name, one]));
  const differing = stated.filter(({ name, from, to }) => {
    const held = present.get(name);
    return held?.from !== from || held.to !== to;
  });
  const [first, ...others] = differing.map(({ name }) => ({
    fact: `Registry Entry ${name}`,
    source: 'SECAS_FEED' as const,
  }));
  if (feedTaken && first !== undefined) throw ownedByOthers(first, ...others);
  const ended = differing.flatMap(({ name }) => present.get(name) ?? []);
  await endEntries(
    ended.map((one) => one.name),
    now,
    db,
  );
  await beginEntries(differing, now, db);
  return { ended, begun: differing };
}

/** New participants. Signifier -> id. */
async function recordParticipants(
  entries: readonly RegistryEntry[],
  now: Date,
  db: Transaction,
): Promise<Map<string, string>> {
  const rows = entries.map(({ signifier, type }) => ({ signifier, type }));
  const { rows: recorded } = await query<{ id: string; signifier: string }>(
    db,
    `insert into participant (signifier, type, created_at)
     select signifier, type, $2 from jsonb_to_recordset($1::jsonb) as entry (signifier text, type text)
     on conflict (signifier) do update set type = excluded.type
     returning id, signifier`,
    [JSON.stringify(rows), now],
  );
  return new Map(recorded.map(({ id, signifier }) => [signifier, id]));
}

/** What the database refused, in words. */
function explained(error: unknown): unknown {
  if (error instanceof Fault && error.code === 'conflict')
    return new Fault('registry-invalid', `${error.message} Nothing was loaded.`, {
      reasons: error.reasons,
      ...(error.fix === undefined ? {} : { fix: error.fix }),
      cause: error,
    });
  if ((error as { code?: unknown }).code === '23001')
    return new Fault('registry-invalid', `${(error as Error).message}; nothing was loaded.`, {
      cause: error,
    });
  const constraint = violatedConstraint(error);
  if (constraint === undefined) return error;
  const { detail } = error as { detail?: string };
  return new Fault(
    'registry-invalid',
    `${CONSTRAINTS.get(constraint) ?? `The database refuses the file (${constraint}).`} Nothing was loaded. ${detail ?? ''}`.trim(),
    { cause: error },
  );
}

const CONSTRAINTS = new Map([
  ['identifier_allocation_no_overlap', 'An allocation overlaps one of another participant.'],
  ['device_range_no_overlap', 'A device range overlaps one of another participant.'],
  ['device_range_not_in_registry_entry', 'A device range reaches into a Registry Entry of the SEC Panel.'],
  [
    'agreed_range_not_in_registry_entry',
    'A device range of an agreement reaches into a Registry Entry of the SEC Panel.',
  ],
  [
    'device_ceiling_not_in_registry_entry',
    'A Registry Entry reaches over a Device ID whose limit was raised.',
  ],
  [
    'device_id_not_in_test_allocation',
    'A device range, its own or of an agreement, reaches into a test-only allocation of the DCC.',
  ],
  [
    'test_allocation_not_in_registry_entry',
    'A Registry Entry reaches into a test-only allocation of the DCC.',
  ],
  ['registry_entry_eui64_range_excl', 'A Registry Entry overlaps another.'],
  ['registry_entry_once', 'A Registry Entry of the same name began at the same time.'],
  ['user_id_role_assignment_once', 'A User ID is assigned to the same User Role twice.'],
  ['market_participant_identity_once', 'A Market Participant identity is there twice.'],
]);
