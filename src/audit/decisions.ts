import type { Decision, EligibilityBasis, Outcome } from '../domain/decision.ts';
import type { ApprovedReferral, EligibilityQuestion } from '../domain/eligibility-question.ts';
import type { Reason } from '../domain/fault.ts';
import { query, type Db } from '../db/query.ts';
import { recordEvents } from './audit-log.ts';
import { securityEvents } from './security-events.ts';
import { restoreQuestion, type Snapshot } from './decision-inputs.ts';
import { rowOf, setsOf } from './decision-sets.ts';

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
 * nothing changes them afterwards. Those whose ids are of one set (`DecisionIds`) are one row.
 */
export async function recordDecisions(records: readonly DecisionRecord[], db: Db): Promise<void> {
  if (records.length === 0) return;
  const snapshots = new Map<string, Snapshot>();
  const sets = setsOf(records).map((set) => rowOf(set, snapshots));
  const rows = JSON.stringify(sets.map(({ row }) => row));
  // JSON on a line each: as members of the rows they would be parsed with them, which costs more than all else.
  const lines = sets.map(({ each }) => JSON.stringify(each)).join('\n');
  // Sent together, in this order: a decision refers to its snapshot, and what is sent after them to the decisions.
  await Promise.all([
    recordSnapshots([...snapshots.values()], db),
    query(db, INSERT, [rows, lines]),
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
    `${SELECT} where d.set_id = decision_set_id($1) and d.id = $1 and ($2::uuid is null or d.participant_id = $2)`,
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
  // All, and those of one participant, have an index in the order of the list, that of a participant by its id, not by its
  // signifier; the sets that come before the page are not looked into.
  const whose = filter.participantId === undefined ? '$1::uuid is null' : 'd.participant_id = $1';
  const named =
    filter.signifier === undefined
      ? '$6::text is null'
      : 'd.participant_id = (select id from participant where signifier = $6)';
  const after = page.after ?? NOWHERE;
  const { rows } = await query<Stored>(
    db,
    `${SELECT} where ${whose} and ${named} and ($2::text is null or d.outcome = $2)
        and (d.decided_at, d.set_id) <= ($3::timestamptz, decision_set_id($4)) and (d.decided_at, d.id) < ($3, $4::uuid)
      order by d.decided_at desc, d.set_id desc, d.id desc limit $5`,
    [
      filter.participantId ?? null,
      filter.outcome ?? null,
      after.decidedAt,
      after.id,
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
    `select named.id, s.referral
       from unnest($1::uuid[]) as named (id) join decision_set s on s.id = decision_set_id(named.id)
      where s.referral is not null`,
    [ids],
  );
  return new Map(rows.map(({ id, referral }) => [id, referral]));
}

interface Stored extends Omit<StoredDecision, 'question'> {
  readonly inputs: string | null;
  readonly snapshot: string | null;
  readonly referral: ApprovedReferral | null;
}

const toDecision = ({ inputs, snapshot, referral, ...decision }: Stored): StoredDecision => ({
  ...decision,
  ...(inputs === null ? {} : { question: restoreQuestion(inputs, snapshot, referral) }),
});

async function recordSnapshots(snapshots: readonly Snapshot[], db: Db): Promise<void> {
  if (snapshots.length === 0) return;
  await query(
    db,
    `insert into participant_snapshot (sha256, value)
     select decode(sha256, 'hex'), value from json_to_recordset($1::json) as seen (sha256 text, value text)
      order by 1 on conflict do nothing`,
    [JSON.stringify(snapshots.map(({ sha256, value }) => ({ sha256: sha256.toString('hex'), value })))],
  );
}

/** Before the newest decision. */
const NOWHERE = { decidedAt: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };
const SELECT = `
  select d.id, d.decided_at as "decidedAt", d.request_id as "requestId", p.signifier as participant, d.subject, d.outcome,
    d.basis, d.agreement_ref as "agreementRef", d.simulated_role as "simulatedRole", d.rule_set as "ruleSet",
    coalesce(d.gates, '{}') as gates, d.reasons, d.inputs, d.referral, s.value as snapshot
  from decision d left join participant p on p.id = d.participant_id
  left join participant_snapshot s on s.sha256 = d.participant_snapshot`;
const COLUMNS = `id, decided_at, credential_id, participant_id, category, purpose, environment, device_type, channel,
  outcome, basis, agreement_ref, simulated_role, rule_set, gates, referral, decisions, shared`;
const INSERT = `
  insert into decision_set (${COLUMNS}, participant_snapshot, each)
  select ${COLUMNS}, decode(participant_snapshot, 'hex'), string_to_table::json
    from rows from (
      json_to_recordset($1::json) as (id uuid, decided_at timestamptz, credential_id uuid, participant_id uuid,
        category text, purpose text, environment text, device_type text, channel text, outcome text, basis text,
        agreement_ref text, simulated_role boolean, rule_set text, gates text[], referral json, decisions integer,
        shared json, participant_snapshot text),
      string_to_table($2, chr(10))) as decided`;
