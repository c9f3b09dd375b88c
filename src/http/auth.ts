import type { RequestHandler, Response } from 'express';
import { Passport } from 'passport';
import { Strategy } from 'passport-http-bearer';
import { Fault } from '../domain/fault.ts';
import type { Caller, CallerRole } from '../domain/participant.ts';
import { gather } from '../issuance/gather.ts';
import { officerNotActive, roleNotPermitted } from './problem-reasons.ts';
import type { IssuanceNeeds } from '../issuance/needs.ts';
import { findCallers } from '../registry/callers.ts';
import { hashToken, touchCredentials } from '../registry/credentials.ts';

/**
 * Takes the bearer token of the Authorization header to its Caller. Look-ups that arrive together share one query, and
 * nothing is cached: a revocation holds from the next request on.
 */
export function authenticate(needs: IssuanceNeeds): RequestHandler {
  const find = gather((hashes: readonly Buffer[]) => findCallers(hashes, needs.clock.now(), needs.db), {
    items: 64,
    inFlight: 1,
  });
  const remember = rememberUse(needs);
  const passport = new Passport();
  passport.use(
    new Strategy((token, done) => {
      find(hashToken(token)).then(
        (caller) => done(null, caller ?? false),
        (error: unknown) => done(error),
      );
    }),
  );

  return (request, response, next) => {
    const answer = (error: unknown, caller: Caller | false | undefined) => {
      if (error) next(error);
      else if (!caller) next(new Fault('not-authenticated', NO_CREDENTIAL));
      else {
        response.locals[CALLER] = caller;
        response.set('Cache-Control', 'no-store');
        remember(caller.credentialId);
        next();
      }
    };
    (passport.authenticate('bearer', { session: false }, answer) as RequestHandler)(request, response, next);
  };
}

/** Who asks; only behind `authenticate`. */
export function callerOf(response: Response): Caller {
  const caller = response.locals[CALLER] as Caller | undefined;
  if (caller === undefined) throw new TypeError('a route that needs a caller is not behind authenticate');
  return caller;
}

/** Lets only these roles pass. */
export function requireRole(...roles: readonly CallerRole[]): RequestHandler {
  return (_request, response, next) => {
    const { role } = callerOf(response);
    if (roles.includes(role)) next();
    else throw roleNotPermitted(role, roles);
  };
}

/** Lets only who may act pass: a locked officer may look, and change nothing (SEC Appendix P, 3.1). @throws Fault `role-not-permitted` */
export function requireActive({ officer, signifier }: Caller): void {
  if (officer !== undefined && officer.state !== 'ACTIVE')
    throw officerNotActive(`The officer ${officer.id} of ${signifier} is ${officer.state}.`);
}

/** Writes "last used" at most once a minute for each credential; a request never waits for it nor fails by it. */
function rememberUse({ clock, db }: IssuanceNeeds): (credentialId: string) => void {
  const remembered = new Map<string, number>();
  const touch = gather(
    async (ids: readonly string[]) => {
      await touchCredentials(ids, clock.now(), db);
      return ids;
    },
    { items: 500, inFlight: 1 },
  );
  return (credentialId) => {
    const now = clock.now().getTime();
    if (now - (remembered.get(credentialId) ?? -Infinity) < MINUTE) return;
    if (remembered.size > MOST_REMEMBERED) remembered.clear();
    remembered.set(credentialId, now);
    touch(credentialId).catch(() => remembered.delete(credentialId));
  };
}

const CALLER = 'caller';
const MINUTE = 60_000;
const MOST_REMEMBERED = 10_000;
const NO_CREDENTIAL =
  'There is no valid credential. Send "Authorization: Bearer <token>"; it may be unknown, expired or revoked.';
