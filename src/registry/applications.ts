import type { Application, ApplicationState } from '../domain/application.ts';
import { Fault } from '../domain/fault.ts';
import { query, type Db, type Transaction } from '../db/query.ts';
import { restsOn, type RestingOn } from './resting-on.ts';

/** An application to be, and its CSRs as they came: DER octets, or the octets of text. */
export interface NewApplication {
  readonly id: string;
  readonly participantId: string;
  readonly credentialId: string;
  readonly state: 'DRAFT' | 'SUBMITTED';
  readonly request: Application['request'];
  readonly termsVersion?: string;
  readonly idempotencyId?: string;
  readonly items: readonly { readonly id: string; readonly csr: Buffer }[];
}

/** Writes an application and its items. @throws the violation of `application_idempotency_id_key` for a second one */
export async function insertApplication(
  application: NewApplication,
  at: Date,
  db: Transaction,
): Promise<void> {
  const { id, participantId, credentialId, state, request, termsVersion, idempotencyId, items } = application;
  await query(
    db,
    `insert into application (id, participant_id, credential_id, state, version, request, terms_version, idempotency_id,
        created_at, state_since, submitted_at)
     values ($1, $2, $3, $4, 1, $5, $6, $7, $8, $8, case when $4 = 'SUBMITTED' then $8::timestamptz end)`,
    [
      id,
      participantId,
      credentialId,
      state,
      JSON.stringify(request),
      termsVersion ?? null,
      idempotencyId ?? null,
      at,
    ],
  );
  await query(
    db,
    `insert into application_item (id, application_id, position, csr)
     select item.id, $1, item.place - 1, item.csr from unnest($2::uuid[], $3::bytea[]) with ordinality as item (id, csr, place)`,
    [id, items.map((item) => item.id), items.map((item) => item.csr)],
  );
}

/** CSRs of an application, in order, as they came. */
export async function findCsrs(id: string, db: Db): Promise<Buffer[]> {
  const { rows } = await query<{ csr: Buffer }>(
    db,
    `select csr from application_item where application_id = $1 order by position`,
    [id],
  );
  return rows.map((row) => row.csr);
}

/** One application; `readerId`: only if that participant has, or made, it. @throws Fault `not-found` */
export async function requireApplication(id: string, db: Db, readerId?: string): Promise<Application> {
  const { rows } = await query<Application>(
    db,
    `${SELECT} where a.id = $1 and ($2::uuid is null or a.participant_id = $2 or c.participant_id = $2)`,
    [id, readerId ?? null],
  );
  const [application] = rows;
  if (application === undefined) throw new Fault('not-found', 'You have no such application.');
  return application;
}

/** The application that came under an Idempotency-Key. */
export async function findApplicationByIdempotency(
  idempotencyId: string,
  db: Db,
): Promise<Application | undefined> {
  const { rows } = await query<Application>(db, `${SELECT} where a.idempotency_id = $1`, [idempotencyId]);
  return rows[0];
}

/** Applications that a participant has or made, newest first; absent members ask nothing. `limit`: 1 to 500. */
export async function findApplications(
  filter: { readonly readerId?: string; readonly states?: readonly ApplicationState[] },
  page: { readonly limit: number; readonly after?: { readonly createdAt: Date; readonly id: string } },
  db: Db,
): Promise<Application[]> {
  const { rows } = await query<Application>(
    db,
    `${SELECT}
      where ($1::uuid is null or a.participant_id = $1
          or a.credential_id in (select own.id from credential own where own.participant_id = $1))
        and ($2::text[] is null or a.state = any($2))
        and ($3::timestamptz is null or (a.created_at, a.id) < ($3, $4::uuid))
      order by a.created_at desc, a.id desc limit $5`,
    [
      filter.readerId ?? null,
      filter.states ?? null,
      page.after?.createdAt ?? null,
      page.after?.id ?? null,
      page.limit,
    ],
  );
  return rows;
}

/**
 * Applications that have not ended and whose latest decision rests on an agreement of the participant, or on its membership
 * (its own, and as Network Party those of RDPs); newest first. One that was never decided rests on nothing yet.
 */
export async function findRestingApplications(
  { participantId, agreement }: RestingOn,
  limit: number,
  db: Db,
): Promise<Application[]> {
  const { rows } = await query<Application>(
    db,
    `${SELECT}
      where a.state in ('SUBMITTED', 'SCREENED', 'REFERRED', 'APPROVED', 'ISSUING') and exists (
        select 1 from application_item i join decision_set d on d.id = decision_set_id(i.decision_id)
         where i.application_id = a.id and ${restsOn('a.participant_id')})
      order by a.created_at desc, a.id desc limit $3`,
    [participantId, agreement ?? null, limit],
  );
  return rows;
}

/** Which applications may move without their applicant. */
export interface MovableApplications {
  /** Not yet screened, or waiting for a fact. */
  readonly toScreen: readonly string[];
  /** Referred, and the review is no longer open; or approved, and waiting for a fact. */
  readonly toSettle: readonly string[];
  /** Referred, and nobody has decided yet: what was referred may be gone. */
  readonly toReconsider: readonly string[];
  /** Being issued by nobody: whoever had it is gone. */
  readonly toResume: readonly string[];
}

/**
 * Finds applications that may move, those first that were not looked at the longest. A change of a Network Party touches
 * the RDPs that it nominates.
 * @param participantIds  of these participants; absent: of all
 * @param limit           at most so many; absent: all
 */
export async function findMovable(
  { participantIds, limit }: { readonly participantIds?: readonly string[]; readonly limit?: number },
  now: Date,
  db: Db,
): Promise<MovableApplications> {
  const { rows } = await query<{ id: string; state: ApplicationState; open: boolean | null }>(
    db,
    `select a.id, a.state, r.state = 'OPEN' as open from application a left join review r on r.id = a.review_id
      where (a.state in ('SUBMITTED', 'SCREENED', 'REFERRED') or (a.state = 'ISSUING' and a.lease_until <= $2))
        and ($1::uuid[] is null or a.participant_id = any($1) or a.participant_id in (
          select f.participant_id from fact f join participant n on n.signifier = f.key
           where f.kind = 'NOMINATION' and n.id = any($1)))
      order by a.screened_at nulls first, a.id limit $3`,
    [participantIds ?? null, now, limit ?? null],
  );
  const inState = (...states: ApplicationState[]) =>
    rows.filter(({ state }) => states.includes(state)).map(({ id }) => id);
  const referred = rows.filter(({ state }) => state === 'REFERRED');
  return {
    toScreen: inState('SUBMITTED', 'SCREENED'),
    toSettle: referred.filter(({ open }) => open !== true).map(({ id }) => id),
    toReconsider: referred.filter(({ open }) => open === true).map(({ id }) => id),
    toResume: inState('ISSUING'),
  };
}

const SELECT = `
  select a.id, p.signifier as participant, a.participant_id as "participantId", a.credential_id as "credentialId",
    c.participant_id as "applicantId", a.state, a.state_since as "stateSince", a.version, a.request,
    a.terms_version as "termsVersion", a.created_at as "createdAt", a.review_id as "reviewId",
    r.expires_at as "expiresAt", a.waiting_for as "waitingFor", a.reasons,
    (select json_agg(json_build_object('id', i.id, 'position', i.position, 'decisionId', i.decision_id, 'outcome', i.outcome,
        'serialNumber', i.serial_number, 'reasons', i.reasons) order by i.position)
       from application_item i where i.application_id = a.id) as items
  from application a join participant p on p.id = a.participant_id join credential c on c.id = a.credential_id
  left join review r on r.id = a.review_id`;
