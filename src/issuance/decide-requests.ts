import { subjectKey } from '../domain/certificate-request.ts';
import type { Decision } from '../domain/decision.ts';
import { Fault } from '../domain/fault.ts';
import type { EligibilityQuestion, Standing } from '../domain/eligibility-question.ts';
import type { TestingParticipant } from '../domain/participant.ts';
import type { Db, Transaction } from '../db/query.ts';
import { DecisionIds } from '../audit/decision-sets.ts';
import { findKeySubjects } from '../ca/public-keys.ts';
import { decide } from '../eligibility/decide.ts';
import type { RuleSet } from '../eligibility/rule-set.ts';
import { validUntil } from '../profiles/fill-profile.ts';
import { lockCounted } from '../registry/lock-counted.ts';
import { findIdentifierFacts, type IdentifierFacts } from '../registry/identifiers.ts';
import { findParticipants, type ParticipantCore } from '../registry/participants.ts';
import { outcomeOf } from './application-verdict.ts';
import { adHocTypes, countDemand, type Demand } from './count-demand.ts';
import { EarlierRequests } from './earlier-requests.ts';
import type { IssuanceNeeds } from './needs.ts';
import type { ReadRequest } from './read-requests.ts';
import { deviceOf, signifierOf, type UndecidedRequest } from './undecided-request.ts';

/** A request and the answer to "may they have it?". */
export interface DecidedRequest<Request extends UndecidedRequest = ReadRequest> {
  readonly read: Request;
  readonly id: string;
  readonly participant: TestingParticipant | undefined;
  /** All that was looked at: the same question has the same answer for ever. */
  readonly question: EligibilityQuestion;
  readonly decision: Decision;
  /** Whether its key has a subject on record: where the request passed, its own. */
  readonly isKeyOnRecord: boolean;
  /** Where nothing but the request's own profile refuses it: what its sender has to mend, with every reason. */
  readonly refusedBy?: Fault;
}

/**
 * Decides a set of requests in one transaction: locks what caps count, looks up what the records say, and asks every rule.
 * Requests of one set see each other, in order, as if they had come one by one.
 */
export async function decideRequests(
  requests: readonly ReadRequest[],
  needs: DecisionNeeds,
  now: Date,
  db: Transaction,
): Promise<DecidedRequest[]> {
  const devices = requests.map(deviceOf).filter((one) => one !== undefined);
  // Sent together, done in this order: what the locks guard is looked up behind them.
  const [, asked] = await Promise.all([
    lockCounted(requests.map(signifierOf), devices, adHocTypes(requests, needs.ruleSets.at(now)), db),
    askRequests(requests, needs, now, db),
  ]);
  return asked;
}

/**
 * Asks every rule about a set of requests and changes nothing: what an eligibility check shows.
 * @param each     `IN_TURN`: as if they came one by one and those that pass were issued; `ALONE`: as if the others were not
 * @param earlier  those of sets before this one that were asked and not recorded; those that pass are added
 */
export async function askRequests<Request extends UndecidedRequest>(
  requests: readonly Request[],
  needs: DecisionNeeds,
  now: Date,
  db: Db,
  each: 'IN_TURN' | 'ALONE' = 'IN_TURN',
  earlier = new EarlierRequests(),
): Promise<DecidedRequest<Request>[]> {
  const keys = requests.flatMap((read) => (read.key ? [read.key.sha256] : []));
  const ruleSet = needs.ruleSets.at(now);
  const [participants, identifiers, keySubjects, demand] = await Promise.all([
    findParticipants([...new Set(requests.map(signifierOf))], now, db),
    findIdentifiersOf(requests, now, db),
    findKeySubjects(keys, db),
    countDemand(requests, ruleSet, now, db),
  ]);
  const ids = new DecisionIds();

  return requests.map((read, place) => {
    const core = participants.get(signifierOf(read));
    const identifier = identifiers[place] ?? UNASKED;
    const participant = core && wholeParticipant(core, identifier, earlier);
    const standing = earlier.addedToStanding(standingOf(read, identifier, keySubjects, needs), read);
    const { request, caller, referral } = read.asked;
    const { reading } = read;
    const unfit = read.profile instanceof Fault ? read.profile : undefined;
    const question = {
      request,
      caller,
      participant,
      ...(reading === undefined ? {} : { csr: reading }),
      standing,
      ...(core && demand ? demandOf(read, core, demand, earlier) : {}),
      ...(referral === undefined ? {} : { referral }),
      now,
      ...endOf(read, now, ruleSet),
      ...(unfit === undefined ? {} : { unfitProfile: unfit.reasons }),
    };
    const decision = decide(question, ruleSet);
    if (decision.outcome === 'PASS' && each === 'IN_TURN') earlier.add(participant, read);
    const isKeyOnRecord = read.key !== undefined && keySubjects.has(read.key.sha256.toString('hex'));
    const id = ids.of(question, decision);
    const decided = { read, id, participant, question, decision, isKeyOnRecord };
    const refusedBy = unfit && refusedByProfile(unfit, decision, ruleSet);
    return refusedBy === undefined ? decided : { ...decided, refusedBy };
  });
}

/** What there were of the certificates that the rule set limits, where this request is one of them. */
function demandOf(
  read: UndecidedRequest,
  participant: ParticipantCore,
  demand: Demand,
  earlier: EarlierRequests,
): Pick<EligibilityQuestion, 'demand'> {
  const counts = demand(participant.signifier, read);
  if (counts === undefined) return {};
  return { demand: earlier.addedToDemand(counts, participant, read.asked.request.category) };
}

/** What refuses the participant comes before what is wrong with the request. */
function refusedByProfile(unfit: Fault, { reasons }: Decision, ruleSet: RuleSet): Fault | undefined {
  const others = reasons.filter((one) => !unfit.reasons.includes(one));
  return outcomeOf(others, ruleSet) === 'REFUSE'
    ? undefined
    : new Fault(unfit.code, unfit.message, { reasons });
}

/** How long the certificate would be valid, where a rule asks: what nobody looks at is not part of the question. */
function endOf(
  { profile }: UndecidedRequest,
  now: Date,
  { settings }: RuleSet,
): Pick<EligibilityQuestion, 'validUntil'> {
  if (settings.beyondAgreement === 'ALLOW' || profile === undefined || profile instanceof Fault) return {};
  return { validUntil: validUntil(profile, now) };
}

/** What the records say of the EUI-64 of each request, in their order; `undefined` where it names none. */
async function findIdentifiersOf(
  requests: readonly UndecidedRequest[],
  now: Date,
  db: Db,
): Promise<(IdentifierFacts | undefined)[]> {
  const asked = requests.map((read) => {
    const subject = read.reading?.subject;
    return subject === undefined || subject.category === 'DCCKI'
      ? undefined
      : { signifier: signifierOf(read), eui64: subject.eui64 };
  });
  const named = asked.filter((one) => one !== undefined);
  const found = named.length === 0 ? [] : await findIdentifierFacts(named, now, db);
  let next = 0;
  return asked.map((one) => (one === undefined ? undefined : found[next++]));
}

function wholeParticipant(
  core: ParticipantCore,
  { allocations, roleAssignments, deviceRanges }: IdentifierFacts,
  earlier: EarlierRequests,
): TestingParticipant {
  // What is copied comes last: what is added to a copy gives each copy a hidden class of its own.
  const { certificatesIssued, issuedInDay } = earlier.addedTo(core);
  return Object.assign({ allocations, roleAssignments, deviceRanges }, core, {
    certificatesIssued,
    issuedInDay,
  });
}

function standingOf(
  { reading, key }: UndecidedRequest,
  identifier: IdentifierFacts,
  keySubjects: ReadonlyMap<string, string>,
  { refusedKeys }: DecisionNeeds,
): Standing {
  const sha256 = key?.sha256.toString('hex');
  const owner = sha256 === undefined ? undefined : keySubjects.get(sha256);
  const subject = reading?.subject;
  return {
    identifierOwnedByOther: identifier.ownedByOther,
    identifierInCentralRegistry: identifier.inCentralRegistry,
    certificatesForDevice: identifier.certificatesForDevice,
    ...(identifier.deviceCeiling === undefined ? {} : { deviceCeiling: identifier.deviceCeiling }),
    keyUsedForAnotherSubject: owner !== undefined && subject !== undefined && owner !== subjectKey(subject),
    keyKnownCompromised: sha256 !== undefined && refusedKeys.has(sha256),
  };
}

/** The key that a request that passed binds to its subject. */
export function claimOf({ read }: DecidedRequest): { readonly sha256: Buffer; readonly subject: string } {
  if (read.key === undefined || read.reading.subject === undefined)
    throw new TypeError('a request passed although its key or subject could not be read');
  return { sha256: read.key.sha256, subject: subjectKey(read.reading.subject) };
}

type DecisionNeeds = Pick<IssuanceNeeds, 'ruleSets' | 'refusedKeys'>;
const UNASKED: IdentifierFacts = {
  allocations: [],
  roleAssignments: [],
  deviceRanges: [],
  ownedByOther: false,
  inCentralRegistry: false,
  certificatesForDevice: 0,
};
