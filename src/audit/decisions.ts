import type { Decision, EligibilityBasis, Outcome } from '../domain/decision.ts';
import type { ApprovedReferral, EligibilityQuestion } from '../domain/eligibility-question.ts';
import type { Reason } from '../domain/fault.ts';
import { query, type Db } from '../db/pool.ts';
import { recordEvents } from './audit-log.ts';
import { securityEvents } from './security-events.ts';
import { keepQuestion, restoreQuestion, type KeptQuestion } from './decision-inputs.ts';

/** A decision and the question it answered. */
export interface DecisionRecord {
  readonly id: string;
  readonly decidedAt: Date;
  readonly requestId?: string;
  /** As `subjectKey` writes it; absent when the CSR named none. */
  readonly subject?: string;
  readonly publicKeySha256?: Buffer;
  /** All that was looked at: asked again under the same rule set, it gets the same answer. */
  readonly question: EligibilityQuestion;
  readonly decision: Decision;
}

/**
 * Appends decisions, passed and refused alike, two statements for all, and what a security officer should know of them;
 * nothing changes them afterwards.
 */
export async function recordDecisions(records: readonly DecisionRecord[], db: Db): Promise<void> {
  if (records.length === 0) return;
  const snapshots = new Map<string, NonNullable<KeptQuestion['snapshot']>>();
  const rows = records.map(({ question, decision, ...record }) => {
    const { inputs, snapshot } = keepQuestion(question, snapshots);
    return {
      id: record.id,
      decided_at: record.decidedAt,
      request_id: record.requestId,
      credential_id: question.caller.credentialId,
      participant_id: question.participant?.id,
      category: question.request.category,
      purpose: question.request.purpose,
      environment: question.request.environment,
      device_type: question.request.deviceType,
      channel: question.request.channel,
      subject: record.subject,
      public_key_sha256: record.publicKeySha256?.toString('hex'),
      outcome: decision.outcome,
      basis: decision.basis,
      agreement_ref: decision.agreementRef,
      simulated_role: decision.simulatedRole,
      rule_set: decision.ruleSet,
      reasons: decision.reasons,
      gates: decision.gates,
      inputs,
      participant_snapshot: snapshot?.sha256.toString('hex'),
    };
  });
  // Sent together, in this order: a decision refers to its snapshot, and what is sent after them to the decisions.
  await Promise.all([
    recordSnapshots([...snapshots.values()], db),
    query(db, INSERT, [JSON.stringify(rows)]),
    recordEvents(securityEvents(records), db),
  ]);
}

/** A decision on record. */
export interface StoredDecision {
  readonly id: string;
  readonly decidedAt: Date;
  readonly requestId: string | null;
  /** Signifier; null when nobody is known under the one that was named. */
  readonly participant: string | null;
  readonly subject: string | null;
  readonly outcome: Outcome;
  readonly basis: EligibilityBasis | null;
  readonly agreementRef: string | null;
  readonly simulatedRole: boolean;
  readonly ruleSet: string;
  readonly gates: readonly string[];
  readonly reasons: readonly Reason[];
  /** Absent of decisions that were made before questions were kept. */
  readonly question?: EligibilityQuestion;
}

/** One decision; `participantId`: only if it is about that participant. */
export async function findDecision(
  id: string,
  db: Db,
  participantId?: string,
): Promise<StoredDecision | undefined> {
  const { rows } = await query<Stored>(
    db,
    `${SELECT} where d.id = $1 and ($2::uuid is null or d.participant_id = $2)`,
    [id, participantId ?? null],
  );
  return rows[0] && toDecision(rows[0]);
}

/** Decisions, newest first: of one participant or of all. `limit`: 1 to 500; `after`: where the page before ended. */
export async function listDecisions(
  filter: { readonly participantId?: string; readonly signifier?: string; readonly outcome?: Outcome },
  page: { readonly limit: number; readonly after?: { readonly decidedAt: Date; readonly id: string } },
  db: Db,
): Promise<StoredDecision[]> {
  const { rows } = await query<Stored>(
    db,
    `${SELECT} where ($1::uuid is null or d.participant_id = $1) and ($2::text is null or d.outcome = $2)
        and ($3::timestamptz is null or (d.decided_at, d.id) < ($3, $4::uuid)) and ($6::text is null or p.signifier = $6)
      order by d.decided_at desc, d.id desc limit $5`,
    [
      filter.participantId ?? null,
      filter.outcome ?? null,
      page.after?.decidedAt ?? null,
      page.after?.id ?? null,
      page.limit,
      filter.signifier ?? null,
    ],
  );
  return rows.map(toDecision);
}

/** What an approver had covered when it was decided: decision id -> referral; those without one are absent. */
export async function findReferrals(ids: readonly string[], db: Db): Promise<Map<string, ApprovedReferral>> {
  const { rows } = await query<{ id: string; referral: ApprovedReferral }>(
    db,
    `select id, inputs::jsonb -> 'referral' as referral from decision
      where id = any($1::uuid[]) and inputs::jsonb ? 'referral'`,
    [ids],
  );
  return new Map(rows.map(({ id, referral }) => [id, referral]));
}

interface Stored extends Omit<StoredDecision, 'question'> {
  readonly inputs: string | null;
  readonly snapshot: string | null;
}

const toDecision = ({ inputs, snapshot, ...decision }: Stored): StoredDecision => ({
  ...decision,
  ...(inputs === null ? {} : { question: restoreQuestion(inputs, snapshot) }),
});

async function recordSnapshots(
  snapshots: readonly { readonly sha256: Buffer; readonly value: string }[],
  db: Db,
): Promise<void> {
  if (snapshots.length === 0) return;
  await query(
    db,
    `insert into participant_snapshot (sha256, value)
     select decode(sha256, 'hex'), value from json_to_recordset($1::json) as seen (sha256 text, value text)
      order by 1 on conflict do nothing`,
    [JSON.stringify(snapshots.map(({ sha256, value }) => ({ sha256: sha256.toString('hex'), value })))],
  );
}

const SELECT = `
  select d.id, d.decided_at as "decidedAt", d.request_id as "requestId", p.signifier as participant, d.subject, d.outcome,
    d.basis, d.agreement_ref as "agreementRef", d.simulated_role as "simulatedRole", d.rule_set as "ruleSet", coalesce(d.gates, '{}') as gates,
    d.reasons, d.inputs, s.value as snapshot
  from decision d left join participant p on p.id = d.participant_id
  left join participant_snapshot s on s.sha256 = d.participant_snapshot`;
const INSERT = `
  insert into decision (id, decided_at, request_id, credential_id, participant_id, category, purpose, environment,
    device_type, channel, subject, public_key_sha256, outcome, basis, agreement_ref, simulated_role, rule_set, reasons,
    gates, inputs, participant_snapshot)
  select id, decided_at, request_id, credential_id, participant_id, category, purpose, environment,
    device_type, channel, subject, decode(public_key_sha256, 'hex'), outcome, basis, agreement_ref, simulated_role, rule_set,
    reasons, array(select jsonb_array_elements_text(gates)), inputs, decode(participant_snapshot, 'hex')
    from json_to_recordset($1::json) as decided (id uuid, decided_at timestamptz, request_id text, credential_id uuid,
      participant_id uuid, category text, purpose text, environment text, device_type text, channel text, subject text,
      public_key_sha256 text, outcome text, basis text, agreement_ref text, simulated_role boolean, rule_set text,
      reasons jsonb, gates jsonb, inputs text, participant_snapshot text)`;
