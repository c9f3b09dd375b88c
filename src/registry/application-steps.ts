import {
  requireStep,
  type Application,
  type ApplicationItem,
  type ApplicationState,
} from '../domain/application.ts';
import { Fault, type Reason } from '../domain/fault.ts';
import { query, type Db, type Transaction } from '../db/query.ts';

/** What else changes with a step; absent members stay as they are. */
export interface StepChanges {
  readonly waitingFor?: readonly string[];
  readonly reasons?: readonly Reason[];
  readonly reviewId?: string;
  readonly termsVersion?: string;
  readonly leaseUntil?: Date;
}

/**
 * Takes an application to its next state; of two who do so at once, one wins.
 * @throws Fault `conflict` when the state may not follow, or somebody else was faster
 */
export async function stepApplication(
  { id, state, version }: Pick<Application, 'id' | 'state' | 'version'>,
  to: ApplicationState,
  { waitingFor = [], reasons, reviewId, termsVersion, leaseUntil }: StepChanges,
  at: Date,
  db: Transaction,
): Promise<void> {
  requireStep(state, to);
  const { rowCount } = await query(
    db,
    `update application set state = $4, version = version + 1,
        state_since = case when state = $4 then state_since else $5 end,
        submitted_at = case when $4 = 'SUBMITTED' then $5 else submitted_at end, waiting_for = $6,
        reasons = coalesce($7, reasons), review_id = coalesce($8, review_id), terms_version = coalesce($9, terms_version),
        lease_until = $10
      where id = $1 and state = $2 and version = $3`,
    [
      id,
      state,
      version,
      to,
      at,
      waitingFor,
      reasons === undefined ? null : JSON.stringify(reasons),
      reviewId ?? null,
      termsVersion ?? null,
      leaseUntil ?? null,
    ],
  );
  if (rowCount !== 1)
    throw new Fault('conflict', 'Somebody else changed this application at the same time.', {
      fix: 'Read it again (GET /v1/applications/{id}), and do what its state still allows.',
    });
}

/** Remembers that an application was looked at and stays as it is. */
export async function recordScreened(id: string, at: Date, db: Db): Promise<void> {
  await query(db, `update application set screened_at = $2 where id = $1`, [id, at]);
}

/** What became of items; absent members stay as they are. */
export async function recordItems(
  items: readonly (Pick<ApplicationItem, 'id' | 'reasons'> & Partial<ApplicationItem>)[],
  db: Transaction,
): Promise<void> {
  if (items.length === 0) return;
  const rows = items.map(({ id, decisionId, outcome, serialNumber, reasons }) => ({
    id,
    decision_id: decisionId,
    outcome,
    serial_number: serialNumber,
    reasons,
  }));
  await query(
    db,
    `update application_item i
        set decision_id = coalesce(one.decision_id, i.decision_id), outcome = coalesce(one.outcome, i.outcome),
            serial_number = coalesce(one.serial_number, i.serial_number), reasons = one.reasons
       from jsonb_to_recordset($1::jsonb) as one (id uuid, decision_id uuid, outcome text, serial_number text, reasons jsonb)
      where i.id = one.id`,
    [JSON.stringify(rows)],
  );
}

/**
 * Takes an ISSUING application over whose lease is over; of two who try, one wins.
 * @returns whether it is ours now
 */
export async function takeOverIssuing(
  { id, version }: Pick<Application, 'id' | 'version'>,
  leaseUntil: Date,
  now: Date,
  db: Db,
): Promise<boolean> {
  const { rowCount } = await query(
    db,
    `update application set lease_until = $3, version = version + 1
      where id = $1 and version = $2 and state = 'ISSUING' and lease_until <= $4`,
    [id, version, leaseUntil, now],
  );
  return rowCount === 1;
}

/** Gives an ISSUING application back after a fault, so that nobody waits for the end of the lease. */
export async function releaseIssuing(
  { id, version }: Pick<Application, 'id' | 'version'>,
  now: Date,
  db: Db,
): Promise<void> {
  await query(
    db,
    `update application set lease_until = $3 where id = $1 and version = $2 and state = 'ISSUING'`,
    [id, version, now],
  );
}
