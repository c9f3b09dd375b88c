import { hash } from 'node:crypto';
import { Fault } from '../domain/fault.ts';
import type { CallerRole } from '../domain/participant.ts';
import { query, type Db } from '../db/query.ts';

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

/** Remembers that credentials were used; at most one write a minute for each. */
export async function touchCredentials(ids: readonly string[], now: Date, db: Db): Promise<void> {
  await query(
    db,
    `update credential set last_used_at = $2
      where id = any($1::uuid[]) and (last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute')`,
    [ids, now],
  );
}
