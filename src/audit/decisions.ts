import type { Decision } from '../domain/decision.ts';
import type { EligibilityQuestion } from '../domain/eligibility-question.ts';
import type { Caller } from '../domain/participant.ts';
import { query, type Db } from '../db/pool.ts';

/** A decision and the question it answered. */
export interface DecisionRecord {
  readonly id: string;
  readonly decidedAt: Date;
  readonly requestId?: string;
  readonly caller: Caller;
  /** Absent when nobody is known under the signifier that was named. */
  readonly participantId?: string;
  readonly request: EligibilityQuestion['request'];
  /** As `subjectKey` writes it; absent when the CSR named none. */
  readonly subject?: string;
  readonly publicKeySha256?: Buffer;
  readonly decision: Decision;
}

/** Appends decisions, passed and refused alike, one statement for all; nothing changes them afterwards. */
export async function recordDecisions(records: readonly DecisionRecord[], db: Db): Promise<void> {
  if (records.length === 0) return;
  const rows = records.map(({ request, decision, ...record }) => ({
    id: record.id,
    decided_at: record.decidedAt,
    request_id: record.requestId,
    credential_id: record.caller.credentialId,
    participant_id: record.participantId,
    category: request.category,
    purpose: request.purpose,
    environment: request.environment,
    device_type: request.deviceType,
    channel: request.channel,
    subject: record.subject,
    public_key_sha256: record.publicKeySha256?.toString('hex'),
    outcome: decision.outcome,
    basis: decision.basis,
    agreement_ref: decision.agreementRef,
    simulated_role: decision.simulatedRole,
    rule_set: decision.ruleSet,
    reasons: decision.reasons,
  }));
  await query(
    db,
    `insert into decision (id, decided_at, request_id, credential_id, participant_id, category, purpose, environment,
       device_type, channel, subject, public_key_sha256, outcome, basis, agreement_ref, simulated_role, rule_set, reasons)
     select id, decided_at, request_id, credential_id, participant_id, category, purpose, environment,
       device_type, channel, subject, decode(public_key_sha256, 'hex'), outcome, basis, agreement_ref, simulated_role, rule_set, reasons
       from jsonb_to_recordset($1::jsonb) as decided (id uuid, decided_at timestamptz, request_id text, credential_id uuid,
         participant_id uuid, category text, purpose text, environment text, device_type text, channel text, subject text,
         public_key_sha256 text, outcome text, basis text, agreement_ref text, simulated_role boolean, rule_set text, reasons jsonb)`,
    [JSON.stringify(rows)],
  );
}
