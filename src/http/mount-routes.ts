import { Router, type Request, type RequestHandler, type Response } from 'express';
import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { SECURITY_EVENTS } from '../audit/security-events.ts';
import { withTransaction } from '../db/transaction.ts';
import { findParticipantRef, type ParticipantRef } from '../registry/participants.ts';
import { callerOf, requireActive } from './auth.ts';
import { answerOnce } from './answer-once.ts';
import { readJsonBody } from './body.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { onlyMethods, refuseParameters, requireTypeOf } from './negotiation.ts';
import { openPieces, sendPieces } from './pieces.ts';
import { roleNotPermitted } from './problem-reasons.ts';
import { requestIdOf } from './request-id.ts';
import { READERS, type AskedRoute, type Route, type RouteAnswer } from './route.ts';
import { faultOf, HIGHEST_STATUS_OF_A_CALLER, statusOf } from './problem.ts';
import { LARGEST_BODY, type HttpNeeds } from './server.ts';

/** A router of the rows, in their order; below `/v1`, behind `authenticate`. */
export function mountRoutes(routes: readonly Route[], needs: HttpNeeds): Router {
  const router = Router();
  for (const path of new Set(routes.map((one) => one.path))) {
    const rows = routes.filter((one) => one.path === path);
    const mounted = router.route(path.replace('/v1', '').replace(/\{(\w+)\}/g, ':$1'));
    for (const row of rows) mounted[row.method](serve(row, needs));
    mounted.all(onlyMethods(...rows.map((one) => one.method.toUpperCase())));
  }
  return router;
}

function serve(row: Route, needs: HttpNeeds): RequestHandler {
  return async (request, response) => {
    const caller = callerOf(response);
    let participant: ParticipantRef | undefined;
    try {
      participant = await participantOf(request, caller, needs);
      await readJsonBody(request, LARGEST_BODY);
      if (row.method === 'post' && row.body !== undefined) requireTypeOf(request, 'application/json');
      requireRole(row, caller);
      if (row.event !== undefined) requireActive(caller);
      const asked = readRequest(row, request, caller, participant, needs);
      const answer =
        row.event === undefined || row.ownTransactions
          ? await row.handle(asked as never, needs)
          : await act(row, asked, request, needs);
      await send(response, row, answer);
    } catch (error) {
      await recordRefusal(row, caller, participant, request, error, needs);
      throw error;
    }
  };
}

/** An act: what it changes, its audit and the answer under its Idempotency-Key are one transaction. */
async function act(row: Route, asked: Asked, request: Request, needs: HttpNeeds): Promise<RouteAnswer> {
  const { pool, caller, participant, at } = asked;
  const { answer, isNew } = await withTransaction(pool, (db) =>
    answerOnce(request, caller, at, db, async () => {
      const done = await row.handle({ ...asked, db } as never, needs);
      await recordEvents([eventOf(row, row.event ?? '', asked, request, done)], db);
      return done;
    }),
  );
  if (isNew)
    await needs.afterChange([
      ...(answer.changed ?? []),
      ...(participant === undefined ? [] : [participant.id]),
    ]);
  return answer;
}

function eventOf(
  row: Route,
  event: string,
  { caller, participant, at, params, body: asked }: Asked,
  request: Request,
  { object }: RouteAnswer,
) {
  return {
    at,
    event,
    ...(participant === undefined ? {} : { participantId: participant.id }),
    credentialId: caller.credentialId,
    requestId: requestIdOf(request),
    object: object ?? participant?.signifier ?? row.path,
    facts: {
      by: caller.person,
      role: caller.role,
      params,
      ...(asked === undefined ? {} : { asked }),
    },
  };
}

/** An attempt that was refused is on record like an act; what only reads, and what is ours to mend, is not. */
async function recordRefusal(
  row: Route,
  caller: Caller,
  participant: ParticipantRef | undefined,
  request: Request,
  error: unknown,
  { issuance }: HttpNeeds,
): Promise<void> {
  const { db, clock } = issuance;
  const fault = faultOf(error, issuance);
  if (row.event === undefined || fault === undefined || statusOf(fault) > HIGHEST_STATUS_OF_A_CALLER) return;
  const facts = {
    by: caller.person,
    role: caller.role,
    code: fault.code,
    reasons: fault.reasons.map((one) => one.reason),
    detail: fault.message,
  };
  const event = {
    at: clock.now(),
    event: `${row.event}.refused`,
    ...(participant === undefined ? {} : { participantId: participant.id }),
    credentialId: caller.credentialId,
    requestId: requestIdOf(request),
    object: participant?.signifier ?? row.path,
    facts,
  };
  const security = fault.reasons.flatMap(({ reason, detail }) => {
    const name = SECURITY_EVENTS.get(reason);
    return name === undefined
      ? []
      : [{ ...event, event: name, facts: { by: caller.person, role: caller.role, reason, detail } }];
  });
  await recordEvents([event, ...security], db);
}

/** The participant of the path: another's does not exist for who may not read all. */
async function participantOf(
  request: Request,
  caller: Caller,
  { issuance: { db } }: HttpNeeds,
): Promise<ParticipantRef | undefined> {
  const { signifier } = request.params;
  if (signifier === undefined) return undefined;
  const own = { id: caller.participantId, signifier: caller.signifier, type: caller.participantType };
  if (signifier === caller.signifier) return own;
  const found =
    READERS.includes(caller.role) || caller.role === 'SECAS_FEED'
      ? await findParticipantRef(String(signifier), db)
      : undefined;
  if (found === undefined) throw new Fault('not-found', 'You know of no participant with this Signifier.');
  return found;
}

function requireRole({ method, roles, summary }: Route, { role }: Caller): void {
  if (roles.includes(role)) return;
  throw roleNotPermitted(role, roles, method === 'get' ? 'read this' : summary);
}

function readRequest(
  { body, query }: Route,
  request: Request,
  caller: Caller,
  participant: ParticipantRef | undefined,
  { issuance: { db, clock } }: HttpNeeds,
): Asked {
  if (query === undefined) refuseParameters(request);
  return {
    caller,
    participant,
    params: request.params as Record<string, string>,
    body: body?.parse(request.body ?? {}),
    query: query?.parse(request.query),
    at: clock.now(),
    requestId: requestIdOf(request),
    idempotencyKey: idempotencyKeyOf(request),
    db,
    pool: db,
  };
}

async function send(
  response: Response,
  { status = 200 }: Route,
  { body, unkept, location, type, pieces }: RouteAnswer,
): Promise<void> {
  const opened = pieces && (await openPieces(pieces));
  if (location !== undefined) response.location(location);
  response.status(status);
  if (opened !== undefined) {
    if (type !== undefined) response.type(type);
    await sendPieces(opened, response);
    return;
  }
  if (type === undefined) response.json(unkept === undefined ? body : { ...(body as object), ...unkept });
  else response.type(type).send(body);
}

/** Read, and of the types that the row has. */
type Asked = AskedRoute<unknown, unknown, ParticipantRef | undefined>;
