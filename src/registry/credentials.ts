import { hash, randomBytes } from 'node:crypto';
import { Fault } from '../domain/fault.ts';
import type { Caller, CallerRole, ParticipantType } from '../domain/participant.ts';
import { query, type Db } from '../db/pool.ts';

/** A credential as people see it; the token itself is known only to whoever received it. */
export interface CredentialRecord {
  readonly prefix: string;
  readonly participant: string;
  readonly role: CallerRole;
  readonly label: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** The SHA-256 under which a token is kept. 256 random bits need no slow hash. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/**
 * Makes a token `tcs_<prefix>_<43 characters>` bound to one participant; it is returned here and never again.
 * @throws Fault `not-found` when no participant has the signifier
 */
export async function createCredential(
  wanted: {
    readonly signifier: string;
    readonly role: CallerRole;
    readonly label: string;
    readonly expiresAt: Date;
  },
  now: Date,
  db: Db,
): Promise<{ token: string; credential: CredentialRecord }> {
  const prefix = randomBytes(4).toString('hex');
  const token = `tcs_${prefix}_${randomBytes(32).toString('base64url')}`;
  const { rowCount } = await query(
    db,
    `insert into credential (participant_id, role, label, prefix, token_sha256, created_at, expires_at)
     select id, $2, $3, $4, $5, $6, $7 from participant where signifier = $1`,
    [wanted.signifier, wanted.role, wanted.label, prefix, hashToken(token), now, wanted.expiresAt],
  );
  if (rowCount !== 1) throw new Fault('not-found', `No participant has the signifier ${wanted.signifier}.`);
  const { signifier: participant, ...rest } = wanted;
  return {
    token,
    credential: { ...rest, participant, prefix, createdAt: now, lastUsedAt: null, revokedAt: null },
  };
}

/** Credentials, of one participant or of all, newest first; never a token. */
export async function listCredentials(signifier: string | undefined, db: Db): Promise<CredentialRecord[]> {
  const { rows } = await query<CredentialRecord>(
    db,
    `select c.prefix, p.signifier as participant, c.role, c.label, c.created_at as "createdAt", c.expires_at as "expiresAt",
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
 * Who holds each token: one statement for many, in their order. `undefined` when it is unknown, expired, revoked, or
 * its participant is closed: the caller learns no more than that.
 */
export async function findCredentials(
  tokenHashes: readonly Buffer[],
  now: Date,
  db: Db,
): Promise<(Caller | undefined)[]> {
  const { rows } = await query<CallerRow>(
    db,
    `select c.token_sha256, c.id, c.role, c.last_used_at, p.id as participant_id, p.signifier, p.type
       from credential c join participant p on p.id = c.participant_id
      where c.token_sha256 = any($1::bytea[]) and c.revoked_at is null and c.expires_at > $2 and p.status = 'ACTIVE'`,
    [tokenHashes, now],
  );
  const callers = new Map(rows.map((row) => [row.token_sha256.toString('hex'), toCaller(row)]));
  return tokenHashes.map((hash) => callers.get(hash.toString('hex')));
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
  readonly participant_id: string;
  readonly signifier: string;
  readonly type: ParticipantType;
}

const toCaller = (row: CallerRow): Caller => ({
  credentialId: row.id,
  participantId: row.participant_id,
  signifier: row.signifier,
  participantType: row.type,
  role: row.role,
});
