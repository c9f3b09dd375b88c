import type { Category } from '../domain/category.ts';
import type { Caller, CallerRole, ParticipantType } from '../domain/participant.ts';
import { query, type Db } from '../db/query.ts';

/**
 * Who holds each token: one statement for many, in their order. `undefined` when it is unknown, expired, revoked, its
 * participant is closed, or its officer no longer one: the caller learns no more than that.
 */
export async function findCallers(
  tokenHashes: readonly Buffer[],
  now: Date,
  db: Db,
): Promise<(Caller | undefined)[]> {
  const { rows } = await query<CallerRow>(
    db,
    `${SELECT_CALLER}
      where c.token_sha256 = any($1::bytea[]) and ${VALID}`,
    [tokenHashes, now],
  );
  const callers = new Map(rows.map((row) => [row.token_sha256.toString('hex'), toCaller(row, now)]));
  return tokenHashes.map((hash) => callers.get(hash.toString('hex')));
}

/**
 * Who stands behind what a credential began, as he or she stands now: also when the credential has expired since.
 * `revoked`: the credential was taken back, and what it began with it.
 */
export async function findApplicant(
  credentialId: string,
  now: Date,
  db: Db,
): Promise<{ readonly caller: Caller; readonly revoked: boolean }> {
  const { rows } = await query<CallerRow>(db, `${SELECT_CALLER} where c.id = $1`, [credentialId, now]);
  const [row] = rows;
  if (row === undefined) throw new TypeError('an application was made with a credential that never was');
  return { caller: toCaller(row, now), revoked: row.revoked_at !== null };
}

/** Who stands behind a credential by its prefix, if its token would be taken now. */
export async function findValidByPrefix(prefix: string, now: Date, db: Db): Promise<Caller | undefined> {
  const { rows } = await query<CallerRow>(db, `${SELECT_CALLER} where c.prefix = $1 and ${VALID}`, [
    prefix,
    now,
  ]);
  return rows[0] === undefined ? undefined : toCaller(rows[0], now);
}

/** Who stands behind a credential, if its token would be taken now. */
export async function findValid(credentialId: string, now: Date, db: Db): Promise<Caller | undefined> {
  const { rows } = await query<CallerRow>(db, `${SELECT_CALLER} where c.id = $1 and ${VALID}`, [
    credentialId,
    now,
  ]);
  return rows[0] === undefined ? undefined : toCaller(rows[0], now);
}

interface CallerRow {
  readonly token_sha256: Buffer;
  readonly id: string;
  readonly role: CallerRole;
  readonly person: string;
  readonly participant_id: string;
  readonly signifier: string;
  readonly type: ParticipantType;
  readonly officer_id: string | null;
  readonly officer_state: string;
  readonly officer_kind: 'SRO' | 'ARO';
  readonly categories: readonly Category[];
  readonly locked_until: string | null;
  readonly revoked_at: Date | null;
}

function toCaller(row: CallerRow, now: Date): Caller {
  // A lock ends by itself (SEC Appendix P, 3.1).
  const unlocked = row.locked_until !== null && new Date(row.locked_until) <= now;
  const state = row.officer_state === 'LOCKED' && unlocked ? 'ACTIVE' : row.officer_state;
  return {
    credentialId: row.id,
    participantId: row.participant_id,
    signifier: row.signifier,
    participantType: row.type,
    role: row.role,
    person: row.person,
    ...(row.officer_id === null
      ? {}
      : { officer: { id: row.officer_id, state, kind: row.officer_kind, categories: row.categories } }),
  };
}

/** Whether the record of the participant is closed at the instant $2; null: it never was. */
const STATUS = `select f.state from fact f where f.participant_id = p.id and f.kind = 'STATUS' and f.key = '' and f.since <= $2
  order by f.version desc limit 1`;

/** Whether a credential lets anybody in at the instant $2. */
const VALID = `c.revoked_at is null and c.expires_at > $2 and (${STATUS}) is distinct from 'CLOSED'
  and (c.officer is null or o.state in ('ACTIVE', 'LOCKED'))`;

/** $2: the instant. */
const SELECT_CALLER = `
  select c.token_sha256, c.id, c.role, c.person, c.revoked_at, p.id as participant_id, p.signifier, p.type,
         c.officer as officer_id, o.state as officer_state, o.kind as officer_kind, o.categories, o.locked_until
    from credential c join participant p on p.id = c.participant_id
    left join lateral (select f.state, f.value ->> 'kind' as kind, f.value -> 'categories' as categories,
                              f.value ->> 'lockedUntil' as locked_until
                         from fact f
                        where f.participant_id = p.id and f.kind = 'OFFICER' and f.key = c.officer and f.since <= $2
                        order by f.version desc limit 1) as o on true`;
