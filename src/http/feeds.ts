import { Router, type Request, type RequestHandler, type Response } from 'express';
import { Fault } from '../domain/fault.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { importFeed } from '../registrar/import-feed.ts';
import { callerOf } from './auth.ts';
import { octetsBody } from './body.ts';
import { onlyMethods, requireType } from './negotiation.ts';
import { roleNotPermitted } from './problem-reasons.ts';
import { requestIdOf } from './request-id.ts';
import * as requests from './request-schemas.ts';
import type { HttpNeeds } from './server.ts';

/** The largest feed, in octets. */
export const LARGEST_FEED = 16 * 1024 * 1024;
export const FEED_TYPES = [
  'text/csv',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
] as const;

/** POST /v1/feeds: the SECAS feed, file and detached signature; everything or nothing. */
export function feedRoutes({ issuance, feedSigner, afterChange, ...settings }: HttpNeeds): Router {
  const { db, clock } = issuance;
  const { testBlock, feedVanishingPercent: vanishingPercent } = settings;
  const limits = { vanishingPercent, ...(testBlock === undefined ? {} : { testBlock }) };
  const router = Router();
  router
    .route('/')
    .post(
      requireSecas({ db, clock }),
      requireType(...FEED_TYPES),
      octetsBody(FEED_TYPES, LARGEST_FEED),
      async (request, response) => {
        if (feedSigner === undefined)
          throw new Fault('conflict', 'No feed is taken: TCS_FEED_CERTIFICATE names no signer.', {
            fix: 'Have the operator start the service with TCS_FEED_CERTIFICATE, the certificate of SECAS.',
          });
        const { dryRun, fileName } = requests.feedQuery.parse(request.query);
        const signature = request.get('Feed-Signature');
        const caller = callerOf(response);
        const octets: unknown = request.body;
        const feed = {
          octets: Buffer.isBuffer(octets) ? octets : Buffer.alloc(0),
          fileName,
          signature: signature === undefined ? undefined : Buffer.from(signature, 'base64'),
          dryRun,
        };
        try {
          const { changed, ...report } = await importFeed(
            feed,
            feedSigner,
            caller,
            issuance.clock,
            issuance.db,
            limits,
          );
          await afterChange(changed);
          response.status(report.applied ? 201 : 200).json(report);
        } catch (error) {
          if (error instanceof Fault && error.code.startsWith('feed-'))
            await recordRefused(error, fileName, request, response, { db, clock });
          throw error;
        }
      },
    )
    .all((request, response, next) => {
      if (request.method === 'GET') next();
      else onlyMethods('GET', 'POST')(request, response, next);
    });
  return router;
}

type Recording = Pick<HttpNeeds['issuance'], 'db' | 'clock'>;

/** Lets SECAS alone pass; an attempt by anybody else is on record. @throws Fault `role-not-permitted` */
function requireSecas(recording: Recording): RequestHandler {
  return async (request, response, next) => {
    const { role } = callerOf(response);
    if (role !== 'SECAS_FEED') {
      const fault = roleNotPermitted(role, ['SECAS_FEED'], 'send a SECAS feed');
      await recordRefused(fault, '/v1/feeds', request, response, recording);
      throw fault;
    }
    next();
  };
}

async function recordRefused(
  { code, reasons }: Fault,
  object: string,
  request: Request,
  response: Response,
  { db, clock }: Recording,
): Promise<void> {
  const { credentialId, person: by, role } = callerOf(response);
  const event = { at: clock.now(), event: 'feed.refused', credentialId, requestId: requestIdOf(request) };
  await recordEvents([{ ...event, object, facts: { by, role, code, faults: reasons.length } }], db);
}
