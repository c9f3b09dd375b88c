import { isDeepStrictEqual } from 'node:util';
import type { Decision } from '../domain/decision.ts';
import type { EligibilityQuestion, Standing } from '../domain/eligibility-question.ts';
import type { FactValues } from '../domain/facts.ts';
import { Fault } from '../domain/fault.ts';
import type { StoredDecision } from '../audit/decisions.ts';
import { findRuleSet } from '../audit/rule-sets.ts';
import type { Db } from '../db/query.ts';
import { decide } from '../eligibility/decide.ts';
import { parseRuleSet, type RuleSet } from '../eligibility/rule-set.ts';
import type { RuleSets } from '../eligibility/rule-sets.ts';
import { findFacts } from '../registry/facts.ts';
import { findIdentifierFacts, type IdentifierFacts } from '../registry/identifiers.ts';
import { findParticipants } from '../registry/participants.ts';

/** What a replay asks otherwise than the decision did. */
export interface ReplayOptions {
  /** The facts as they were at this instant; absent: as the decision saw them. */
  readonly asAt?: Date;
  /** Version of the rules; absent: that of the decision. */
  readonly withRuleSet?: string;
}

/** A decision on record, the answer now, and what differs: nothing, byte for byte, when nothing else was asked. */
export interface Replay {
  readonly recorded: Decision;
  readonly replayed: Decision;
  readonly same: boolean;
  readonly differences: readonly Difference[];
}

/** One thing that differs; a reason stands on the side that has it. */
export interface Difference {
  readonly what:
    'outcome' | 'basis' | 'agreementRef' | 'ruleSet' | 'simulatedRole' | 'gate' | 'reason' | 'wording';
  readonly recorded?: string;
  readonly replayed?: string;
}

/**
 * Asks the question of a decision again, under the rules that it names as they are on record, also when the files have
 * moved on.
 * @throws Fault `conflict` for a decision that was made before questions were kept; `not-found` for a rule set that is not
 *         on record
 */
export async function replayDecision(
  stored: StoredDecision,
  { asAt, withRuleSet = stored.ruleSet }: ReplayOptions,
  ruleSets: RuleSets,
  db: Db,
): Promise<Replay> {
  if (stored.question === undefined)
    throw new Fault(
      'conflict',
      'This decision was made before questions were kept; it cannot be asked again.',
    );
  const ruleSet = await ruleSetOnRecord(withRuleSet, ruleSets, db);
  const question = asAt === undefined ? stored.question : await questionAsAt(stored.question, asAt, db);
  const recorded = decisionOf(stored);
  const replayed = decide(question, ruleSet);
  const same = canonicalDecision(recorded) === canonicalDecision(replayed);
  return { recorded, replayed, same, differences: same ? [] : differences(recorded, replayed) };
}

/** The rule set of a version: as it is on record, or of the files when it was never used. @throws Fault `not-found` */
export async function ruleSetOnRecord(version: string, ruleSets: RuleSets, db: Db): Promise<RuleSet> {
  const known = ruleSets.find(version);
  const record = await findRuleSet(version, db);
  if (record === undefined && known !== undefined) return known;
  if (record === undefined) throw new Fault('not-found', `No rule set ${version} is here or on record.`);
  if (known !== undefined && isDeepStrictEqual({ ...known.files }, { ...record.files })) return known;
  return parseRuleSet(record.files, `rule set ${version} on record`, false);
}

/** A decision as JSON with its members in the order of their names: equal texts, equal answers. */
export function canonicalDecision(decision: Decision): string {
  const { outcome, basis, agreementRef, reasons, gates, ruleSet, simulatedRole } = decision;
  return JSON.stringify({
    agreementRef,
    basis,
    gates,
    outcome,
    reasons: reasons.map(({ clause, detail, fix, reason }) => ({ clause, detail, fix, reason })),
    ruleSet,
    simulatedRole,
  });
}

function decisionOf(stored: StoredDecision): Decision {
  const { outcome, basis, agreementRef, reasons, ruleSet, gates, simulatedRole } = stored;
  return {
    outcome,
    ...(basis === null ? {} : { basis }),
    ...(agreementRef === null ? {} : { agreementRef }),
    reasons,
    ruleSet,
    gates,
    simulatedRole,
  };
}

/**
 * The question with what the registry says as at another instant: participant, identifiers, raised limits, officer. How many
 * certificates there were, in all, in 24 hours, in a month, by single requests and for the device, and who had used the key,
 * stays as the decision saw it; so does `validUntil`, until when the certificate of that decision would be valid.
 */
async function questionAsAt(question: EligibilityQuestion, asAt: Date, db: Db): Promise<EligibilityQuestion> {
  const { request, caller, csr, standing } = question;
  const signifier = request.onBehalfOf ?? caller.signifier;
  const core = (await findParticipants([signifier], asAt, db)).get(signifier);
  const subject = csr?.subject;
  const eui64 = subject === undefined || subject.category === 'DCCKI' ? undefined : subject.eui64;
  const [identifier] = eui64 === undefined ? [] : await findIdentifierFacts([{ signifier, eui64 }], asAt, db);
  const { allocations = [], roleAssignments = [], deviceRanges = [] } = identifier ?? {};
  const { certificatesIssued = 0, issuedInDay = {} } = question.participant ?? core ?? {};
  return {
    ...question,
    now: asAt,
    caller: await callerAsAt(caller, asAt, db),
    participant: core && {
      ...core,
      certificatesIssued,
      issuedInDay,
      allocations,
      roleAssignments,
      deviceRanges,
    },
    ...(standing === undefined || identifier === undefined
      ? {}
      : { standing: standingAsAt(standing, identifier) }),
  };
}

function standingAsAt(
  { certificatesForDevice, keyUsedForAnotherSubject, keyKnownCompromised }: Standing,
  { ownedByOther, inCentralRegistry, deviceCeiling }: IdentifierFacts,
): Standing {
  return {
    identifierOwnedByOther: ownedByOther,
    identifierInCentralRegistry: inCentralRegistry,
    certificatesForDevice,
    ...(deviceCeiling === undefined ? {} : { deviceCeiling }),
    keyUsedForAnotherSubject,
    keyKnownCompromised,
  };
}

async function callerAsAt(
  caller: EligibilityQuestion['caller'],
  asAt: Date,
  db: Db,
): Promise<EligibilityQuestion['caller']> {
  const { officer } = caller;
  if (officer === undefined) return caller;
  const held = (await findFacts(caller.participantId, asAt, db, 'OFFICER')).find(
    (one) => one.key === officer.id,
  );
  if (held === undefined) return { ...caller, officer: { ...officer, state: 'NOT_ON_RECORD' } };
  const { kind, categories, lockedUntil } = held.value as FactValues['OFFICER'];
  // A lock ends by itself (SEC Appendix P, 3.1).
  const unlocked =
    held.state === 'LOCKED' && lockedUntil !== undefined && lockedUntil.getTime() <= asAt.getTime();
  return {
    ...caller,
    officer: { id: officer.id, kind, categories, state: unlocked ? 'ACTIVE' : held.state },
  };
}

function differences(recorded: Decision, replayed: Decision): Difference[] {
  const members = (['outcome', 'basis', 'agreementRef', 'ruleSet', 'simulatedRole'] as const).flatMap(
    (what) =>
      recorded[what] === replayed[what]
        ? []
        : [{ what, recorded: String(recorded[what] ?? 'none'), replayed: String(replayed[what] ?? 'none') }],
  );
  const reasonsOf = ({ reasons }: Decision) => reasons.map(({ reason, detail }) => `${reason}: ${detail}`);
  const found = [
    ...members,
    ...onOneSide('reason', reasonsOf(recorded), reasonsOf(replayed)),
    ...onOneSide('gate', recorded.gates, replayed.gates),
  ];
  // Clauses and fixes, or the order, are all that is left to differ.
  return found.length > 0
    ? found
    : [{ what: 'wording', recorded: canonicalDecision(recorded), replayed: canonicalDecision(replayed) }];
}

function onOneSide(
  what: Difference['what'],
  left: readonly string[],
  right: readonly string[],
): Difference[] {
  return [
    ...left.filter((one) => !right.includes(one)).map((one) => ({ what, recorded: one })),
    ...right.filter((one) => !left.includes(one)).map((one) => ({ what, replayed: one })),
  ];
}
