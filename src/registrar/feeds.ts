import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { query, type Db, type Transaction } from '../db/query.ts';
import { recordFacts, type FactChange } from '../registry/record-facts.ts';
import { findLatestIssue } from './feed-on-record.ts';

/** A feed that was taken. */
export interface TakenFeed {
  readonly version: number;
  readonly issuedAt: Date;
  readonly importedAt: Date;
  /** SHA-256 fingerprint of the signer's certificate. */
  readonly signer: string;
  readonly sha256: string;
  readonly rows: number;
  readonly acknowledgedAt: Date | null;
  readonly acknowledgedBy: string | null;
}

/** A page of the feeds, newest first. */
export async function listFeeds(
  { limit, before }: { readonly limit: number; readonly before?: string },
  db: Db,
): Promise<TakenFeed[]> {
  const { rows } = await query<TakenFeed>(
    db,
    `select version, issued_at as "issuedAt", imported_at as "importedAt", signer, encode(sha256, 'hex') as sha256, rows,
            acknowledged_at as "acknowledgedAt", acknowledged_by as "acknowledgedBy"
       from feed_import where $2::integer is null or version < $2 order by version desc limit $1`,
    [limit, before ?? null],
  );
  return rows;
}

/** Whether the last feed is older than it should be: then it is told, nothing is blocked (DESIGN). */
export async function isFeedStale(at: Date, staleDays: number, db: Db): Promise<boolean> {
  const last = await findLatestIssue(db);
  return last !== undefined && isStale(last.issuedAt, at, staleDays);
}

/** What an operator should know of the feed, in words; nothing while the last one is young enough, or none was ever taken. */
export async function findFeedTrouble(at: Date, staleDays: number, db: Db): Promise<string | undefined> {
  const last = await findLatestIssue(db);
  if (last === undefined || !isStale(last.issuedAt, at, staleDays)) return undefined;
  const day = last.issuedAt.toISOString().slice(0, 10);
  return `The last SECAS feed, version ${String(last.version)} of ${day}, is more than ${String(staleDays)} ${staleDays === 1 ? 'day' : 'days'} old: memberships and allocations may have changed since. Nothing is blocked; ask SECAS for a newer one.`;
}

/** Whether a feed of this age should have been followed by another. */
function isStale(issuedAt: Date, at: Date, staleDays: number): boolean {
  return at.getTime() - issuedAt.getTime() > staleDays * DAY;
}

/**
 * Writes down that the DCC has seen what a feed changed, and with it the changes of details that this feed confirmed: those are
 * DCC_NOTIFIED (requirements 3.2). What another feed confirmed waits for the acknowledgement of that one.
 * @returns ids of the participants whose changes these are
 * @throws Fault `not-found`, `conflict` when it was seen already
 */
export async function acknowledgeFeed(
  version: number,
  by: Caller,
  at: Date,
  db: Transaction,
): Promise<string[]> {
  const { rowCount } = await query(
    db,
    `update feed_import set acknowledged_at = $2, acknowledged_by = $3 where version = $1 and acknowledged_at is null`,
    [version, at, by.person],
  );
  if (rowCount !== 1) {
    const { rows } = await query(db, `select 1 from feed_import where version = $1`, [version]);
    throw rows.length === 0
      ? new Fault('not-found', 'No feed of this version was taken.')
      : new Fault('conflict', 'This feed is acknowledged already.', {
          fix: 'Nothing is to be done: GET /v1/feeds shows by whom and when.',
        });
  }
  const { rows: applied } = await query<AppliedChange>(
    db,
    `select participant_id as "participantId", key, value from fact
      where kind = 'DETAILS_CHANGE' and state = 'APPLIED' and value -> 'confirmedBy' = to_jsonb($1::integer)
      order by participant_id, key`,
    [version],
  );
  await recordFacts(
    applied.map((one) => ({ ...one, kind: 'DETAILS_CHANGE', state: 'DCC_NOTIFIED', since: at })),
    { source: 'DCC', credentialId: by.credentialId, recordedAt: at },
    db,
  );
  return [...new Set(applied.map((one) => one.participantId))];
}

type AppliedChange = Pick<FactChange<'DETAILS_CHANGE'>, 'participantId' | 'key' | 'value'>;
const DAY = 86_400_000;
