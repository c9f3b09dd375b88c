import { hash, randomBytes } from 'node:crypto';
import type { Category } from '../domain/category.ts';
import { Fault } from '../domain/fault.ts';
import {
  NAMED_ROLES,
  ROLE_HOLDERS,
  type Caller,
  type CallerRole,
  type ParticipantType,
} from '../domain/participant.ts';
import { query, type Db } from '../db/pool.ts';

/** A credential as people see it; the token itself is known only to whoever received it. */
export interface CredentialRecord {
  readonly prefix: string;
  readonly participant: string;
  readonly role: CallerRole;
  readonly label: string;
  /** Officer of the participant whose credential it is, or the person of the DCC. */
  readonly officer: string | null;
  readonly person: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** The SHA-256 under which a token is kept. 256 random bits need no slow hash. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** The credential that is wanted. */
export interface WantedCredential {
  readonly signifier: string;
  readonly role: CallerRole;
  readonly label: string;
  readonly expiresAt: Date;
  /** Of a PARTICIPANT_SRO or PARTICIPANT_ARO: whose it is; absent: the participant's only active officer of that kind. */
  readonly officer?: string;
  /** Of a DCC operator, approver or registrar: who it is. */
  readonly person?: string;
}

/**
 * Makes a token `tcs_<prefix>_<43 characters>` bound to one participant; it is returned here and never again.
 * @throws Fault `not-found` when no participant has the signifier; `role-not-permitted` when a participant of its type
 *         cannot hold the role; `conflict` when no active officer, or no person, stands behind it
 */
export async function createCredential(
  wanted: WantedCredential,
  now: Date,
  db: Db,
): Promise<{ token: string; credential: CredentialRecord }> {
  const participant = await findHolder(wanted, now, db);
  const officer = officerBehind(wanted, participant);
  const person = officer === undefined ? (wanted.person ?? '') : `${wanted.signifier}/${officer}`;
  if (NAMED_ROLES.includes(wanted.role) && person === '')
    throw new Fault(
      'conflict',
      `Behind a credential of the role ${wanted.role} stands a named person; say who (--person): four eyes compare people.`,
    );
  const prefix = randomBytes(4).toString('hex');
  const token = `tcs_${prefix}_${randomBytes(32).toString('base64url')}`;
  await query(
    db,
    `insert into credential (participant_id, role, label, prefix, token_sha256, created_at, expires_at, officer, person)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      participant.id,
      wanted.role,
      wanted.label,
      prefix,
      hashToken(token),
      now,
      wanted.expiresAt,
      officer ?? null,
      person,
    ],
  );
  const { role, label, expiresAt } = wanted;
  const kept = { participant: wanted.signifier, role, label, expiresAt, officer: officer ?? null, person };
  return { token, credential: { ...kept, prefix, createdAt: now, lastUsedAt: null, revokedAt: null } };
}

interface Holder {
  readonly id: string;
  readonly type: ParticipantType;
  /** Active officers: id and kind. */
  readonly officers: readonly { readonly id: string; readonly kind: string }[];
}

async function findHolder({ signifier, role }: WantedCredential, now: Date, db: Db): Promise<Holder> {
  const { rows } = await query<Holder>(
    db,
    `select p.id, p.type, (select coalesce(json_agg(json_build_object('id', key, 'kind', kind)), '[]')
        from (select distinct on (f.key) f.key, f.state, f.value ->> 'kind' as kind from fact f
               where f.participant_id = p.id and f.kind = 'OFFICER' and f.since <= $2
               order by f.key, f.version desc) as officer where state = 'ACTIVE') as officers
       from participant p where p.signifier = $1`,
    [signifier, now],
  );
  const [holder] = rows;
  if (holder === undefined)
    throw new Fault(
      'not-found',
      `No participant has the signifier ${signifier}. The DCC and who sends the feed are taken on with: tcs registry load FILE (docs/registry.md, "From nothing"); others come with the feed, or are registered.`,
    );
  if (ROLE_HOLDERS[role].includes(holder.type)) return holder;
  throw new Fault(
    'role-not-permitted',
    `${signifier} is a ${holder.type}; the role ${role} is held by ${ROLE_HOLDERS[role].join(' or ')} only.`,
  );
}

function officerBehind({ signifier, role, officer }: WantedCredential, holder: Holder): string | undefined {
  const kind = OFFICER_KINDS.get(role);
  if (kind === undefined) return undefined;
  const able = holder.officers.filter((one) => one.kind === kind).map((one) => one.id);
  const [only, ...others] = officer === undefined ? able : able.filter((id) => id === officer);
  if (only !== undefined && others.length === 0) return only;
  const which = officer === undefined ? '' : ` ${officer}`;
  throw new Fault(
    'conflict',
    able.length > 1
      ? `${signifier} has several active ${kind}s; say which (--officer): ${able.join(', ')}.`
      : `${signifier} has no active ${kind}${which}; one is nominated, verified and made active first.`,
  );
}

/** Credentials, of one participant or of all, newest first; never a token. */
export async function listCredentials(signifier: string | undefined, db: Db): Promise<CredentialRecord[]> {
  const { rows } = await query<CredentialRecord>(
    db,
    `select c.prefix, p.signifier as participant, c.role, c.label, c.officer, c.person, c.created_at as "createdAt", c.expires_at as "expiresAt",
            c.last_used_at as "lastUsedAt", c.revoked_at as "revokedAt"
       from credential c join participant p on p.id = c.participant_id
      where $1::text is null or p.signifier = $1
      order by c.created_at desc, c.prefix`,
    [signifier ?? null],
  );
  return rows;
}

/** Revokes at once, on every node. @throws Fault `not-found` when no such credential is valid */
export async function revokeCredential(prefix: string, now: Date, db: Db): Promise<void> {
  const { rowCount } = await query(
    db,
    `update credential set revoked_at = $2 where prefix = $1 and revoked_at is null`,
    [prefix, now],
  );
  if (rowCount !== 1)
    throw new Fault('not-found', `No credential with the prefix ${prefix} is there to be revoked.`);
}

/**
 * Who holds each token: one statement for many, in their order. `undefined` when it is unknown, expired, revoked, its
 * participant is closed, or its officer no longer one: the caller learns no more than that.
 */
export async function findCredentials(
  tokenHashes: readonly Buffer[],
  now: Date,
  db: Db,
): Promise<(Caller | undefined)[]> {
  const { rows } = await query<CallerRow>(
    db,
    `${SELECT_CALLER}
      where c.token_sha256 = any($1::bytea[]) and c.revoked_at is null and c.expires_at > $2
        and (p.closed_at is null or p.closed_at > $2)
        and (c.officer is null or o.state in ('ACTIVE', 'LOCKED'))`,
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

/** Who stands behind a credential by its prefix, if it holds now. */
export async function findValidByPrefix(prefix: string, now: Date, db: Db): Promise<Caller | undefined> {
  const { rows } = await query<CallerRow>(
    db,
    `${SELECT_CALLER} where c.prefix = $1 and c.revoked_at is null and c.expires_at > $2`,
    [prefix, now],
  );
  return rows[0] === undefined ? undefined : toCaller(rows[0], now);
}

/** Remembers that credentials were used; at most one write a minute for each. */
export async function touchCredentials(ids: readonly string[], now: Date, db: Db): Promise<void> {
  await query(
    db,
    `update credential set last_used_at = $2
      where id = any($1::uuid[]) and (last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute')`,
    [ids, now],
  );
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
const OFFICER_KINDS = new Map<CallerRole, 'SRO' | 'ARO'>([
  ['PARTICIPANT_SRO', 'SRO'],
  ['PARTICIPANT_ARO', 'ARO'],
]);
