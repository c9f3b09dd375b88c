import { randomUUID } from 'node:crypto';
import type { Decision } from '../domain/decision.ts';
import type { EligibilityQuestion } from '../domain/eligibility-question.ts';
import { keepQuestion, type KeptInputs, type Snapshot } from './decision-inputs.ts';
import type { DecisionRecord } from './decisions.ts';

/**
 * Ids for decisions that are made at the same instant: those that are alike share their first fourteen octets, by which they
 * become one row, and are numbered by the last two. At most 65,535.
 */
export class DecisionIds {
  readonly #sets: { readonly first: Decided; readonly octets: string; decisions: number }[] = [];

  of(question: EligibilityQuestion, decision: Decision): string {
    const decided = { question, decision };
    let set = this.#sets.find(({ first }) => areAlike(first, decided));
    if (set === undefined)
      this.#sets.push((set = { first: decided, octets: octetsOf(randomUUID()), decisions: 0 }));
    set.decisions += 1;
    return set.octets + set.decisions.toString(16).padStart(4, '0');
  }
}

type Decided = Pick<DecisionRecord, 'question' | 'decision'>;

/** Whether what stands in columns of the row is the same, and the questions have the same members. */
const areAlike = (one: Decided, other: Decided): boolean =>
  isSameRequest(one.question, other.question) &&
  hasSameMembers(one.question, other.question) &&
  isSameAnswer(one.decision, other.decision);

const isSameRequest = (one: EligibilityQuestion, other: EligibilityQuestion): boolean =>
  one.caller.credentialId === other.caller.credentialId &&
  one.participant?.id === other.participant?.id &&
  one.request.category === other.request.category &&
  one.request.purpose === other.request.purpose &&
  one.request.environment === other.request.environment &&
  one.request.deviceType === other.request.deviceType &&
  one.request.channel === other.request.channel &&
  one.referral?.review === other.referral?.review;

const hasSameMembers = (one: EligibilityQuestion, other: EligibilityQuestion): boolean =>
  (one.csr === undefined) === (other.csr === undefined) &&
  (one.standing === undefined) === (other.standing === undefined) &&
  (one.demand === undefined) === (other.demand === undefined) &&
  (one.validUntil === undefined) === (other.validUntil === undefined) &&
  (one.unfitProfile === undefined) === (other.unfitProfile === undefined);

const isSameAnswer = (one: Decision, other: Decision): boolean =>
  one.outcome === other.outcome &&
  one.basis === other.basis &&
  one.agreementRef === other.agreementRef &&
  one.simulatedRole === other.simulatedRole &&
  one.ruleSet === other.ruleSet &&
  one.gates.length === other.gates.length &&
  one.gates.every((gate, place) => gate === other.gates[place]);

/** Decisions by the sets that their ids say, in their order. */
export function setsOf(records: readonly DecisionRecord[]): DecisionRecord[][] {
  const sets = new Map<string, DecisionRecord[]>();
  for (const record of records) {
    const octets = octetsOf(record.id);
    const set = sets.get(octets);
    if (set === undefined) sets.set(octets, [record]);
    else set.push(record);
  }
  return [...sets.values()];
}

/** The row of a set and, apart from it, its decisions. @param snapshots  those so far: each is written once */
export function rowOf(set: readonly DecisionRecord[], snapshots: Map<string, Snapshot>) {
  const [first] = set;
  if (first === undefined) throw new TypeError('a set of no decisions');
  const { id, decidedAt, question, decision } = first;
  const { caller, participant, request, referral } = question;
  const { inputs: shared, snapshot } = keepQuestion(question, snapshots);
  const otherThanShared = differingFrom(shared);
  const row = {
    id: `${octetsOf(id)}0000`,
    decided_at: decidedAt,
    credential_id: caller.credentialId,
    participant_id: participant?.id,
    category: request.category,
    purpose: request.purpose,
    environment: request.environment,
    device_type: request.deviceType,
    channel: request.channel,
    outcome: decision.outcome,
    basis: decision.basis,
    agreement_ref: decision.agreementRef,
    simulated_role: decision.simulatedRole,
    rule_set: decision.ruleSet,
    gates: decision.gates,
    referral,
    participant_snapshot: snapshot?.sha256.toString('hex'),
    decisions: set.length,
    shared,
  };
  const each = set.map((one) => ({
    number: parseInt(one.id.slice(-4), 16),
    requestId: one.requestId,
    subject: one.subject,
    publicKeySha256: one.publicKeySha256?.toString('hex'),
    reasons: one.decision.reasons.length === 0 ? undefined : one.decision.reasons,
    inputs: one === first ? undefined : otherThanShared(keepQuestion(one.question, snapshots).inputs),
  }));
  return { row, each };
}

/** Of inputs, those that are others than the first ones: in a batch the CSR and what was counted, and little else. */
function differingFrom(first: KeptInputs): (inputs: KeptInputs) => KeptInputs {
  const texts = new Map<string, string>();
  const textOfFirst = (name: string): string => {
    let text = texts.get(name);
    if (text === undefined) texts.set(name, (text = JSON.stringify(first[name])));
    return text;
  };
  return (inputs) =>
    Object.fromEntries(
      Object.entries(inputs).filter(
        ([name, value]) => value !== first[name] && JSON.stringify(value) !== textOfFirst(name),
      ),
    );
}

/** All of an id but the last two octets. */
const octetsOf = (id: string) => id.slice(0, -4);
