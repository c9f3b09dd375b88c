import { createHash } from 'node:crypto';
import type { Eui64Range } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import type { Clock } from '../domain/clock.ts';
import { FEED_VANISHING_PERCENT, type FeedFile } from '../domain/feed.ts';
import type { Caller } from '../domain/participant.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import type { Pool } from '../db/pool.ts';
import { query, type Transaction } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import { feedDiffText, viewFeedDiff, type FeedDiffView } from '../registry/feed-diff-text.ts';
import { notApplicable } from '../registry/feed-faults.ts';
import { diffFeed, requireApplicable, type FeedDiff } from '../registry/feed-diff.ts';
import { readFeedFile } from '../registry/feed-file.ts';
import { lockFeed } from '../registry/feed-lock.ts';
import { verifyDetachedSignature, type SignerCertificate } from '../x509/detached-signature.ts';
import {
  applyAllocations,
  applyEntries,
  applyMarketParticipants,
  endRolesWithoutAllocation,
} from './apply-feed-identifiers.ts';
import { applyParties, confirmDetails } from './apply-feed-parties.ts';
import { findFeedOnRecord } from './feed-on-record.ts';

/** A feed as it arrives. */
export interface ArrivingFeed {
  readonly octets: Buffer;
  readonly fileName: string;
  /** Detached: CMS, or the signature alone. */
  readonly signature: Buffer | undefined;
  /** Shows what would change and changes nothing. */
  readonly dryRun: boolean;
}

/** Settings of the operator that bound what a feed may do. */
export interface FeedLimits {
  /** EUI-64s of the DCC, for tests only: nothing that a feed begins reaches into it; absent: there are none. */
  readonly testBlock?: Eui64Range;
  /** Parties and RDPs on record that a feed may leave out, in 100. */
  readonly vanishingPercent?: number;
}

/** What a feed changed, or would change. */
export interface FeedReport {
  readonly applied: boolean;
  readonly diff: FeedDiffView;
  /** The diff in lines, for people. */
  readonly text: string;
  /** Participants whose facts changed. */
  readonly changed: readonly string[];
}

/**
 * Takes a SECAS feed: signature, file, diff against the record, then everything or nothing in one transaction. Feeds come one
 * after the other, on any node, and each has an instant later than the one before, whatever the clocks of two nodes say.
 * @param limits  what a feed may not do, whatever it says
 * @throws Fault `feed-signature-invalid`, `feed-invalid` with every row that is wrong, `conflict`
 */
export async function importFeed(
  { octets, fileName, signature, dryRun }: ArrivingFeed,
  signer: SignerCertificate,
  by: Caller,
  clock: Clock,
  pool: Pool,
  { testBlock, vanishingPercent = FEED_VANISHING_PERCENT }: FeedLimits = {},
): Promise<FeedReport> {
  verifyDetachedSignature(octets, signature, signer, clock.now());
  const feed = await readFeedFile(octets, fileName);
  try {
    return await withTransaction(pool, async (db) => {
      await lockFeed(db);
      const at = await afterLastImport(clock, db);
      const onRecord = await findFeedOnRecord(db);
      const block =
        testBlock === undefined ? [] : [{ ...testBlock, what: 'the test block (TCS_TEST_BLOCK)' }];
      const latest = new Date(at.getTime() + ISSUER_SKEW);
      const diff = diffFeed(onRecord.snapshot, feed, {
        vanishingShare: vanishingPercent / 100,
        latest,
        testOnly: [...onRecord.testOnly, ...block],
      });
      const report = { diff: viewFeedDiff(diff), text: feedDiffText(diff) };
      if (dryRun) return { ...report, applied: false, changed: [] };
      requireApplicable(diff);
      const changed = await apply(feed, diff, onRecord, by, at, db);
      await recordImport(feed, { octets, diff: report.diff, signer }, by, at, db);
      return { ...report, applied: true, changed };
    });
  } catch (error) {
    throw explained(error);
  }
}

/**
 * Now, or a millisecond after the last import: what that began, this one ends and does not take for what never was.
 * @throws Fault `feed-invalid` when that lies further ahead than clocks may differ: this feed would count as taken, and what it says
 *         would not hold yet (docs/operations.md)
 */
async function afterLastImport(clock: Clock, db: Transaction): Promise<Date> {
  const { rows } = await query<{ at: Date | null }>(
    db,
    `select max(imported_at) + interval '1 millisecond' as at from feed_import`,
  );
  const [now, next] = [clock.now(), rows[0]?.at ?? null];
  if (next === null || next <= now) return now;
  if (next.getTime() - now.getTime() <= NODE_SKEW) return next;
  const detail = `the last feed was taken at ${next.toISOString()} by the clock of then, and it is ${now.toISOString()} now: what this one says would hold from then only`;
  throw new Fault('feed-invalid', 'One of two clocks is wrong; nothing was applied.', {
    reasons: [notApplicable(undefined, detail, CLOCKS)],
  });
}

/** The order matters: endings before beginnings, participants before what is theirs. */
async function apply(
  feed: FeedFile,
  diff: FeedDiff,
  onRecord: Awaited<ReturnType<typeof findFeedOnRecord>>,
  by: Caller,
  at: Date,
  db: Transaction,
): Promise<string[]> {
  const origin = { source: 'SECAS_FEED', credentialId: by.credentialId, recordedAt: at } as const;
  const ids = await applyParties(diff.parties, onRecord, origin, db);
  await applyEntries(diff.registryEntries, at, db);
  await applyAllocations(diff.allocations, ids, at, db);
  const lost = new Set(diff.allocations.ended.flatMap(({ signifier }) => ids.get(signifier) ?? []));
  await endRolesWithoutAllocation([...lost], by.credentialId, at, db);
  await applyMarketParticipants(diff.marketParticipants, ids, at, db);
  await confirmDetails(feed, ids, onRecord, origin, db);
  const named = [
    ...[...diff.parties.added, ...diff.parties.changed.map((one) => one.after), ...diff.parties.ended],
    ...[...diff.allocations.added, ...diff.allocations.changed.map((one) => one.after)],
    ...diff.allocations.ended,
    ...[...diff.marketParticipants.added, ...diff.marketParticipants.ended],
  ];
  const signifiers = new Set(named.map((one) => one.signifier));
  return [...signifiers].flatMap((signifier) => ids.get(signifier) ?? []);
}

async function recordImport(
  { feed, registryEntries, parties, allocations, marketParticipants }: FeedFile,
  taken: { readonly octets: Buffer; readonly diff: FeedDiffView; readonly signer: SignerCertificate },
  by: Caller,
  at: Date,
  db: Transaction,
): Promise<void> {
  const lists = [registryEntries, parties, allocations, marketParticipants];
  const rows = lists.reduce((sum, list) => sum + list.length, 0);
  const { additions, changes, endings } = taken.diff;
  await query(
    db,
    `insert into feed_import (version, issued_at, imported_at, sha256, signer, rows, diff, credential_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      feed.version,
      feed.issuedAt,
      at,
      createHash('sha256').update(taken.octets).digest(),
      taken.signer.fingerprint256,
      rows,
      JSON.stringify(taken.diff),
      by.credentialId,
    ],
  );
  const facts = { rows, additions: additions.length, changes: changes.length, endings: endings.length };
  const object = String(feed.version);
  await recordEvents([{ at, event: 'feed.imported', credentialId: by.credentialId, object, facts }], db);
}

function explained(error: unknown): unknown {
  const says = CONSTRAINTS.get(violatedConstraint(error) ?? '');
  const detail = says ?? (error instanceof Fault && error.code === 'conflict' ? error.message : undefined);
  if (detail === undefined) return error;
  return new Fault('feed-invalid', 'The feed contradicts what is on record; nothing was applied.', {
    reasons: [
      {
        reason: 'FEED_NOT_APPLICABLE',
        clause: 'docs/secas-feed.md',
        detail,
        fix: 'Correct the feed, or have the DCC correct what it holds.',
      },
    ],
    cause: error,
  });
}

/** How far ahead a feed may be issued: SECAS has a clock of its own. Milliseconds. */
const ISSUER_SKEW = 3_600_000;
/**
 * How far the clocks of two nodes may differ, which follow one time. As long as that, what a feed says holds later than its answer
 * `applied` tells: a minute is more than such clocks differ by, and less than anybody misses. Milliseconds.
 */
const NODE_SKEW = 60_000;
const CLOCKS =
  'Have the operator of the service set its clock right, or see to the instant of the last import (docs/operations.md, Clocks); then send the feed again.';
const CONSTRAINTS = new Map([
  ['identifier_allocation_no_overlap', 'An allocation overlaps one that somebody outside the feed holds.'],
  ['device_range_not_in_registry_entry', 'A Registry Entry reaches into a range of Device IDs.'],
  [
    'device_ceiling_not_in_registry_entry',
    'A Registry Entry reaches over a Device ID whose limit was raised.',
  ],
  ['agreed_range_not_in_registry_entry', 'A Registry Entry reaches into a device range of an agreement.'],
  [
    'test_allocation_not_in_registry_entry',
    'A Registry Entry reaches into a test-only allocation of the DCC.',
  ],
  ['registry_entry_eui64_range_excl', 'A Registry Entry overlaps another.'],
  ['registry_entry_once', 'A Registry Entry of the same name began at the same time.'],
  ['participant_signifier_key', 'A Signifier of the feed was given to somebody else at the same time.'],
  ['market_participant_identity_once', 'A Market Participant identity belongs to somebody outside the feed.'],
  ['feed_import_pkey', 'A feed of this version was taken at the same time.'],
]);
