import type { z } from 'zod';
import type { Caller, CallerRole } from '../domain/participant.ts';
import type { Pool } from '../db/pool.ts';
import type { Db, Transaction } from '../db/query.ts';
import type { ParticipantRef } from '../registry/participants.ts';
import type { HttpNeeds } from './server.ts';

/** One operation of the wire as a row: the router, the OpenAPI document and the command line are made of these. */
export interface Route {
  readonly method: 'get' | 'post';
  /** With `{name}` for what varies; `{signifier}` names the participant whose record it is about. */
  readonly path: string;
  /** Its name on the command line: `agreements propose`. */
  readonly command: string;
  readonly summary: string;
  /** Who may; what belongs to another participant does not exist for the roles of participants. */
  readonly roles: readonly CallerRole[];
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  /** Of a list: the members that its table on the command line shows; absent: all. */
  readonly columns?: readonly string[];
  /** Answers in text/csv, too, where its `format` says so, with these columns; on the command line it may go into a file. */
  readonly tabular?: readonly string[];
  /** 201 made, 202 taken and not done yet (by a second person, or in the background); absent: 200. */
  readonly status?: 200 | 201 | 202;
  /** `thing.happened`: the act is written to the audit with the transaction that does it; absent: it only reads. */
  readonly event?: string;
  /** The use case has transactions, an audit and an Idempotency-Key of its own. */
  readonly ownTransactions?: true;
  readonly handle: (asked: AskedRoute<never, never, never, never>, needs: HttpNeeds) => Promise<RouteAnswer>;
}

/** What a route is asked. `Whose`: as `WhoseOf` its path; `In`: the transaction of an act, the pool of what has none. */
export interface AskedRoute<Body, Query, Whose = unknown, In extends Db = Db> {
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly query: Query;
  readonly at: Date;
  readonly requestId: string;
  readonly idempotencyKey: string | undefined;
  readonly db: In;
  readonly pool: Pool;
  readonly participant: Whose;
}

/** The participant of a path with `{signifier}`; other paths are about none. */
export type WhoseOf<Path extends string> = Path extends `${string}/{signifier}${string}`
  ? ParticipantRef
  : undefined;

/** An act has a transaction, unless it makes its own. */
type InOf<Event, Own> = [Event] extends [never] ? Pool : [Own] extends [never] ? Transaction : Pool;

export interface RouteAnswer {
  readonly body: unknown;
  /** Members of the body that are told this once and kept nowhere, not under the Idempotency-Key either. */
  readonly unkept?: Readonly<Record<string, unknown>>;
  readonly location?: string;
  /** What the audit calls the thing acted on; absent: the participant's Signifier. */
  readonly object?: string;
  /** Another type than application/json; then the body is text. */
  readonly type?: string;
  /** Text of the `type` in the place of a body, sent as it is made: for what may be too large to be held at once. */
  readonly pieces?: AsyncIterable<string>;
  /** Participants whose facts changed, beside the one of the path. */
  readonly changed?: readonly string[];
}

/** A row whose handler knows the types of its schemas, whether its path names a participant, and whether it is in a transaction. */
export function route<
  Path extends string,
  Body extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodObject = z.ZodObject,
  Event extends string = never,
  Own extends true = never,
>(
  row: Omit<Route, 'path' | 'handle' | 'body' | 'query' | 'event' | 'ownTransactions'> & {
    readonly path: Path;
    readonly body?: Body;
    readonly query?: Query;
    readonly event?: Event;
    readonly ownTransactions?: Own;
    readonly handle: (
      asked: AskedRoute<z.output<Body>, z.output<Query>, WhoseOf<Path>, InOf<Event, Own>>,
      needs: HttpNeeds,
    ) => Promise<RouteAnswer>;
  },
): Route {
  return row;
}

/** Roles that read the records of every participant. */
export const READERS: readonly CallerRole[] = [
  'DCC_TEST_OPERATOR',
  'DCC_TEST_APPROVER',
  'DCC_REGISTRAR',
  'AUDITOR',
  'ASSESSOR',
];
/** Everybody who has a record, and who reads all. */
export const EVERYBODY: readonly CallerRole[] = [
  'PARTICIPANT_SRO',
  'PARTICIPANT_ARO',
  'PARTICIPANT_VIEWER',
  ...READERS,
];
