import { randomBytes } from 'node:crypto';
import { Fault } from '../domain/fault.ts';
import { NAMED_ROLES, ROLE_HOLDERS, type CallerRole, type ParticipantType } from '../domain/participant.ts';
import { query, type Db } from '../db/query.ts';
import { hashToken, type CredentialRecord } from './credentials.ts';

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

const OFFICER_KINDS = new Map<CallerRole, 'SRO' | 'ARO'>([
  ['PARTICIPANT_SRO', 'SRO'],
  ['PARTICIPANT_ARO', 'ARO'],
]);
