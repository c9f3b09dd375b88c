import { randomUUID } from 'node:crypto';
import { subjectKey, type CertificateRequest } from '../domain/certificate-request.ts';
import type { Decision } from '../domain/decision.ts';
import type { CsrReading, Standing } from '../domain/eligibility-question.ts';
import type { Caller, TestingParticipant } from '../domain/participant.ts';
import type { Db, PoolClient } from '../db/pool.ts';
import { claimKeys, findKeySubjects } from '../ca/public-keys.ts';
import { decide } from '../eligibility/decide.ts';
import { lockCounted } from '../registry/lock-counted.ts';
import { findParticipants } from '../registry/participants.ts';
import { findIdentifierStandings } from '../registry/standing.ts';
import type { IssuanceNeeds } from './needs.ts';
import type { ReadRequest } from './read-request.ts';

/** A request, with its CSR read if it came with one. */
export interface UndecidedRequest {
  readonly asked: { readonly request: Omit<CertificateRequest, 'csr'>; readonly caller: Caller };
  readonly reading?: CsrReading;
  readonly key?: { readonly sha256: Buffer };
}

/** A request and the answer to "may they have it?". */
export interface DecidedRequest<Request extends UndecidedRequest = ReadRequest> {
  readonly read: Request;
  readonly id: string;
  readonly participant: TestingParticipant | undefined;
  readonly decision: Decision;
}

/**
 * Decides a set of requests in one transaction: looks up what the records say, asks every rule, and binds the keys
 * of those that pass to their subjects. Requests of one set see each other, in order, as if they had come one by one.
 */
export async function decideRequests(
  requests: readonly ReadRequest[],
  needs: DecisionNeeds,
  now: Date,
  db: PoolClient,
): Promise<DecidedRequest[]> {
  const devices = requests.map(deviceOf).filter((one) => one !== undefined);
  // Sent together, done in this order: what the locks guard is looked up behind them.
  const [, decided] = await Promise.all([
    lockCounted(requests.map(signifierOf), devices, db),
    askRequests(requests, needs, now, db),
  ]);
  const passed = decided.filter((one) => one.decision.outcome === 'PASS');
  const subjects = await claimKeys(passed.map(claimOf), now, db);
  return decided.map((one) => {
    if (one.decision.outcome !== 'PASS') return one;
    const { sha256, subject } = claimOf(one);
    if (subjects.get(sha256.toString('hex')) === subject) return one;
    // Another request bound the key between our look and our claim.
    const standing = { ...one.standing, keyUsedForAnotherSubject: true };
    return { ...one, decision: ask(one.read, one.participant, standing, needs, now) };
  });
}

/** Asks every rule about a set of requests and changes nothing: what an eligibility check shows. */
export async function askRequests<Request extends UndecidedRequest>(
  requests: readonly Request[],
  needs: DecisionNeeds,
  now: Date,
  db: Db,
): Promise<(DecidedRequest<Request> & { readonly standing: Standing })[]> {
  const [participants, standings] = await Promise.all([
    findParticipants([...new Set(requests.map(signifierOf))], db),
    findStandings(requests, needs.refusedKeys, db),
  ]);
  const passed = new Map<string, number>();
  const earlier = (name: string) => passed.get(name) ?? 0;

  return requests.map((read, position) => {
    const found = participants.get(signifierOf(read));
    const participant = found && {
      ...found,
      certificatesIssued: found.certificatesIssued + earlier(found.id),
    };
    const looked = standings[position] ?? UNKNOWN;
    const device = deviceOf(read);
    const standing =
      device === undefined
        ? looked
        : { ...looked, certificatesForDevice: looked.certificatesForDevice + earlier(device) };
    const decision = ask(read, participant, standing, needs, now);
    if (decision.outcome === 'PASS')
      for (const name of [participant?.id, device])
        if (name !== undefined) passed.set(name, earlier(name) + 1);
    return { read, id: randomUUID(), participant, decision, standing };
  });
}

/** The participant who is to have the certificate: the caller's own, or the one a DCC operator names. */
export function signifierOf({ asked }: UndecidedRequest): string {
  return asked.request.onBehalfOf ?? asked.caller.signifier;
}

async function findStandings(
  requests: readonly UndecidedRequest[],
  refusedKeys: ReadonlySet<string>,
  db: Db,
): Promise<Standing[]> {
  const identifiers = requests.map((read) => {
    const subject = read.reading?.subject;
    return subject === undefined || subject.category === 'DCCKI'
      ? undefined
      : { signifier: signifierOf(read), eui64: subject.eui64 };
  });
  const asked = identifiers.filter((one) => one !== undefined);
  const keys = requests.flatMap((read) => (read.key ? [read.key.sha256] : []));
  const [found, subjects] = await Promise.all([
    asked.length === 0 ? [] : findIdentifierStandings(asked, db),
    findKeySubjects(keys, db),
  ]);
  let next = 0;
  return requests.map((read, position): Standing => {
    const identifier = identifiers[position] === undefined ? undefined : found[next++];
    const key = read.key?.sha256.toString('hex');
    const owner = key === undefined ? undefined : subjects.get(key);
    const subject = read.reading?.subject;
    return {
      identifierOwnedByOther: identifier?.ownedByOther ?? false,
      identifierInCentralRegistry: identifier?.inCentralRegistry ?? false,
      certificatesForDevice: identifier?.certificatesForDevice ?? 0,
      keyUsedForAnotherSubject: owner !== undefined && subject !== undefined && owner !== subjectKey(subject),
      keyKnownCompromised: key !== undefined && refusedKeys.has(key),
    };
  });
}

function ask(
  read: UndecidedRequest,
  participant: TestingParticipant | undefined,
  standing: Standing,
  needs: DecisionNeeds,
  now: Date,
): Decision {
  const { request, caller } = read.asked;
  const { reading } = read;
  const question = { request, caller, participant, standing, now };
  return decide(reading === undefined ? question : { ...question, csr: reading }, needs.ruleSet);
}

function deviceOf({ reading }: UndecidedRequest): string | undefined {
  return reading?.subject?.category === 'DEVICE' ? reading.subject.eui64 : undefined;
}

function claimOf({ read }: DecidedRequest): { sha256: Buffer; subject: string } {
  if (read.key === undefined || read.reading.subject === undefined)
    throw new TypeError('a request passed although its key or subject could not be read');
  return { sha256: read.key.sha256, subject: subjectKey(read.reading.subject) };
}

type DecisionNeeds = Pick<IssuanceNeeds, 'ruleSet' | 'refusedKeys'>;
const UNKNOWN: Standing = {
  identifierOwnedByOther: false,
  identifierInCentralRegistry: false,
  certificatesForDevice: 0,
  keyUsedForAnotherSubject: false,
  keyKnownCompromised: false,
};
