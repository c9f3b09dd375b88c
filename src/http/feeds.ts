import { Router, type ErrorRequestHandler, type RequestHandler } from 'express';
import { Fault } from '../domain/fault.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { importFeed } from '../registrar/import-feed.ts';
import { callerOf } from './auth.ts';
import { octetsBody } from './body.ts';
import { onlyMethods, requireType } from './negotiation.ts';
import { faultOf, HIGHEST_STATUS_OF_A_CALLER, statusOf } from './problem.ts';
import { reasonsOf, roleNotPermitted } from './problem-reasons.ts';
import { requestIdOf } from './request-id.ts';
import * as requests from './request-schemas.ts';
import type { HttpNeeds } from './server.ts';

/** The largest feed, in octets. */
export const LARGEST_FEED = 16 * 1024 * 1024;
const FEED_TYPES = ['text/csv', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'] as const;

/** POST /v1/feeds: the SECAS feed, file and detached signature; everything or nothing. An attempt that is refused is on record. */
export function feedRoutes(needs: HttpNeeds): Router {
  const router = Router();
  router
    .route('/')
    .post(
      requireSecas,
      requireType(...FEED_TYPES),
      octetsBody(FEED_TYPES, LARGEST_FEED),
      takeFeed(needs),
      recordRefused(needs.issuance),
    )
    .all((request, response, next) => {
      if (request.method === 'GET') next();
      else onlyMethods('GET', 'POST')(request, response, next);
    });
  return router;
}

function takeFeed({ issuance, feedSigner, afterChange, ...settings }: HttpNeeds): RequestHandler {
  const { testBlock, feedVanishingPercent: vanishingPercent } = settings;
  const limits = { vanishingPercent, ...(testBlock === undefined ? {} : { testBlock }) };
  return async (request, response) => {
    if (feedSigner === undefined)
      throw new Fault('conflict', 'No feed is taken: TCS_FEED_CERTIFICATE names no signer.', {
        fix: 'Have the operator start the service with TCS_FEED_CERTIFICATE, the certificate of SECAS.',
      });
    const { dryRun, fileName } = requests.feedQuery.parse(request.query);
    const signature = request.get('Feed-Signature');
    const octets: unknown = request.body;
    const feed = {
      octets: Buffer.isBuffer(octets) ? octets : Buffer.alloc(0),
      fileName,
      signature: signature === undefined ? undefined : Buffer.from(signature, 'base64'),
      dryRun,
    };
    const { clock, db } = issuance;
    const { changed, ...report } = await importFeed(feed, feedSigner, callerOf(response), clock, db, limits);
    await afterChange(changed);
    response.status(report.applied ? 201 : 200).json(report);
  };
}

/** Lets SECAS alone pass. @throws Fault `role-not-permitted` */
const requireSecas: RequestHandler = (_request, response, next) => {
  const { role } = callerOf(response);
  if (role !== 'SECAS_FEED') throw roleNotPermitted(role, ['SECAS_FEED'], 'send a SECAS feed');
  next();
};

/** Writes down an attempt that is refused, also before its body is read; what is ours to mend is not one. */
function recordRefused({ ruleSets, clock, db }: HttpNeeds['issuance']): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    const fault = faultOf(error, { ruleSets, clock });
    if (fault !== undefined && statusOf(fault) <= HIGHEST_STATUS_OF_A_CALLER) {
      const { credentialId, person: by, role } = callerOf(response);
      const asked = requests.feedQuery.safeParse(request.query);
      const object = role === 'SECAS_FEED' && asked.success ? asked.data.fileName : '/v1/feeds';
      const facts = { by, role, code: fault.code, faults: reasonsOf(fault).length };
      const event = { at: clock.now(), event: 'feed.refused', credentialId, requestId: requestIdOf(request) };
      await recordEvents([{ ...event, object, facts }], db);
    }
    next(error);
  };
}
