import { randomUUID } from 'node:crypto';
import type { Details } from '../domain/facts.ts';
import { Fault } from '../domain/fault.ts';
import type { Caller, ParticipantType } from '../domain/participant.ts';
import type { Review } from '../domain/review.ts';
import { query, type Transaction } from '../db/query.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import { readCell } from '../registry/feed-columns.ts';
import { presentFact, proposeFact, recordFact, type Acting } from './acting.ts';

/**
 * Takes on who comes with no feed: non-Parties and the DCC's service providers. A SEC Party or RDP comes with the SECAS
 * feed (government response, paragraphs 29 and 38).
 * @throws Fault `conflict` when the Signifier is taken
 */
export async function registerParticipant(
  wanted: { readonly signifier: string; readonly type: ParticipantType; readonly details: Details },
  caller: Caller,
  at: Date,
  db: Transaction,
): Promise<Acting['participant']> {
  const { signifier, type, details } = wanted;
  const id = randomUUID();
  try {
    await query(db, `insert into participant (id, signifier, type, created_at) values ($1, $2, $3, $4)`, [
      id,
      signifier,
      type,
      at,
    ]);
  } catch (error) {
    if (violatedConstraint(error) !== 'participant_signifier_key') throw error;
    throw new Fault('conflict', `The Signifier ${signifier} is taken.`, {
      fix: 'Take another Signifier; GET /v1/participants lists those that are taken.',
      cause: error,
    });
  }
  const participant = { id, signifier, type };
  await recordFact({ caller, participant, at, db }, { kind: 'DETAILS', state: 'RECORDED', value: details });
  return participant;
}

/** Changes the details of a participant that comes with no feed. @throws Fault `role-not-permitted` for others */
export async function changeDetails(acting: Acting, changes: Partial<Details>): Promise<Details> {
  const { type, signifier } = acting.participant;
  if (type === 'SEC_PARTY' || type === 'RDP')
    throw new Fault('role-not-permitted', `The details of ${signifier} come with the SECAS feed.`, {
      reasons: [
        {
          reason: 'FACT_OWNED_BY_FEED',
          clause: 'government response of 26 January 2015, paragraphs 29 and 35',
          detail: `${signifier} is a ${type}; nobody of the DCC changes what SECAS says of it.`,
          fix: 'Have its SRO propose the change; SECAS confirms it with the next feed.',
        },
      ],
    });
  const present = await presentFact(acting, 'DETAILS');
  const value = { legalName: signifier, ...present?.value, ...changes };
  await recordFact(acting, { kind: 'DETAILS', state: 'RECORDED', value });
  return value;
}

/** The details that a Party may propose: those that a feed tells in free text. */
export type ProposedDetails = Partial<Pick<Details, 'legalName' | 'tradingName' | 'companyNumber'>>;

/**
 * The SRO of a Party or RDP proposes other details; the SECAS feed confirms them (SEC Section M6.2; government response,
 * paragraph 35).
 * @throws Fault `role-not-permitted` where no feed could confirm: the registrar changes those details at once; `malformed-request`
 *         for text that no cell of a feed may hold
 */
export async function proposeDetails(acting: Acting, proposed: ProposedDetails): Promise<{ id: string }> {
  const { type } = acting.participant;
  if (type !== 'SEC_PARTY' && type !== 'RDP') throw confirmedByNobody(acting);
  const value = { proposed: asFeedTells(proposed) };
  const id = randomUUID();
  await recordFact(acting, { kind: 'DETAILS_CHANGE', key: id, state: 'PROPOSED', value });
  return { id };
}

/** SECAS turns a proposed change down. @throws Fault `not-found`, `conflict` */
export async function rejectDetails(acting: Acting, id: string, because: string): Promise<void> {
  const present = await presentFact(acting, 'DETAILS_CHANGE', id);
  if (present === undefined) throw new Fault('not-found', 'There is no such change of details.');
  const value = { ...present.value, because };
  await recordFact(acting, { kind: 'DETAILS_CHANGE', key: id, state: 'REJECTED', value });
}

/** Records the DCC Gateway Connection of a participant, or its end. */
export async function recordGateway(
  acting: Acting,
  { connected, sharedWith }: { readonly connected: boolean; readonly sharedWith?: readonly string[] },
): Promise<void> {
  const value = sharedWith === undefined ? {} : { sharedWith };
  await recordFact(acting, { kind: 'GATEWAY', state: connected ? 'CONNECTED' : 'DISCONNECTED', value });
}

/**
 * Prepares that a participant's record is closed, or opened again: a second person approves.
 * @throws Fault `conflict` when it is so already
 */
export async function proposeClosure(
  acting: Acting,
  { closed, because }: { readonly closed: boolean; readonly because: string },
): Promise<Review> {
  return proposeFact(
    acting,
    'PARTICIPANT',
    { kind: 'STATUS', state: closed ? 'CLOSED' : 'ACTIVE', value: { because } },
    `${closed ? 'Close' : 'Open again'} the record of ${acting.participant.signifier}: ${because}`,
  );
}

/** What is proposed as the cells of a feed would read it: a feed that says other text confirms nothing. */
function asFeedTells(proposed: ProposedDetails): ProposedDetails {
  const told = Object.entries(proposed).map(([name, text]) => ({
    name,
    read: readCell('PARTY', name, text),
  }));
  const unfit = told.flatMap(({ name, read }) => ('fault' in read ? [{ name, ...read }] : []));
  if (unfit.length > 0)
    throw new Fault('malformed-request', 'No SECAS feed could confirm this.', {
      reasons: unfit.map(({ name, fault, fix }) => ({
        reason: 'REQUEST_MALFORMED',
        clause: 'docs/secas-feed.md',
        detail: `${name}: ${fault}`,
        fix,
      })),
    });
  return Object.fromEntries(told.flatMap(({ name, read }) => ('value' in read ? [[name, read.value]] : [])));
}

function confirmedByNobody({ participant: { signifier, type } }: Acting): Fault {
  return new Fault('role-not-permitted', `The details of ${signifier} come with no SECAS feed.`, {
    reasons: [
      {
        reason: 'FACT_OWNED_BY_DCC',
        clause: 'DESIGN',
        detail: `${signifier} is a ${type}: no feed tells its details, so none would ever confirm a proposal.`,
        fix: `Ask the registrar of the DCC to change them: POST /v1/participants/${signifier}/details, tcs participants change-details ${signifier}.`,
      },
    ],
  });
}
