import { randomUUID } from 'node:crypto';
import express, { Router, type Express } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import type { Eui64Range } from '../domain/eui64.ts';
import type { IssueCertificate } from '../issuance/issue-certificate.ts';
import type { IssuanceNeeds } from '../issuance/needs.ts';
import type { BatchNeeds } from '../batches/needs.ts';
import type { WebhookNeeds } from '../webhooks/needs.ts';
import type { SignerCertificate } from '../x509/detached-signature.ts';
import { authenticate } from './auth.ts';
import { jsonBody } from './body.ts';
import { batchRoutes } from './batches.ts';
import { catalogueRoutes } from './catalogue.ts';
import { certificateRoutes } from './certificates.ts';
import { certificateCheckRoutes, eligibilityCheckRoutes } from './checks.ts';
import { feedRoutes } from './feeds.ts';
import { documentationRoutes } from './documentation.ts';
import { guardRequests } from './guard.ts';
import { healthRoutes } from './health.ts';
import { meRoutes } from './me.ts';
import { mountRoutes } from './mount-routes.ts';
import { problemHandler } from './problem.ts';
import { nothingHere, requireKnownPath } from './known-paths.ts';
import { limitCredentials, limitStrangers } from './rate-limit.ts';
import { requestIdOf } from './request-id.ts';
import { ROUTES } from './routes.ts';

/** What the HTTP side works with. */
export interface HttpNeeds {
  readonly issuance: IssuanceNeeds;
  readonly issue: IssueCertificate;
  readonly batches: BatchNeeds;
  readonly webhooks: WebhookNeeds;
  readonly logger: Logger;
  /** Requests a minute for each credential. */
  readonly rateLimit: number;
  readonly trustedProxies: number;
  readonly version: string;
  /** commonNames of live and published test CAs, for certificate checks. */
  readonly refusedNames: ReadonlyMap<string, string>;
  /** Whose signature the SECAS feed bears; absent: no feed is taken. */
  readonly feedSigner?: SignerCertificate;
  /** Days after which a feed that no other followed is told as stale. */
  readonly feedStaleDays: number;
  /** Parties and RDPs on record that one feed may leave out, in 100. */
  readonly feedVanishingPercent: number;
  /** EUI-64s that the DCC gives out for tests only; absent: it gives none. */
  readonly testBlock?: Eui64Range;
  /** Aborted when the service begins to stop: answers without an end of their own end then. */
  readonly stopping: AbortSignal;
  /** Called after facts of participants changed: what waits for them is looked at again. */
  readonly afterChange: (participantIds: readonly string[]) => Promise<void>;
}

/** The largest body, in octets. */
export const LARGEST_BODY = 64 * 1024;

/** The HTTP application: every request walks down this list. */
export function createHttpApp(needs: HttpNeeds): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', needs.trustedProxies);
  app.set('query parser', 'simple');

  app.use(requestLog(needs.logger));
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  app.use((request, response, next) => {
    response.set('X-Request-Id', requestIdOf(request));
    next();
  });
  app.use('/health', healthRoutes(needs));
  app.use(documentationRoutes(needs));
  app.use('/v1', guardRequests(), requireKnownPath(), catalogueRoutes(needs), authenticated(needs));
  app.use(() => {
    throw nothingHere();
  });
  app.use(problemHandler(needs.issuance));
  return app;
}

/**
 * Everything that needs a credential. The body is read only after the caller is known; where a refused attempt is on record (feeds,
 * rows), by the route itself, so that a body which cannot be read is such an attempt too.
 */
function authenticated(needs: HttpNeeds): Router {
  const router = Router();
  const json = jsonBody(LARGEST_BODY);
  router.use(authenticate(needs.issuance), limitStrangers(needs), limitCredentials(needs));
  router.use('/me', json, meRoutes(needs));
  router.use('/eligibility-checks', json, eligibilityCheckRoutes(needs));
  router.use('/certificate-checks', json, certificateCheckRoutes(needs));
  router.use('/certificates', json, certificateRoutes(needs));
  router.use('/feeds', feedRoutes(needs));
  router.use('/batches', batchRoutes(needs));
  router.use(mountRoutes(ROUTES, needs));
  return router;
}

/** One line a request, with an id that the caller may choose; never a credential. */
function requestLog(logger: Logger) {
  return pinoHttp({
    logger,
    genReqId: (request) => {
      const chosen = request.headers['x-request-id'];
      return typeof chosen === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(chosen) ? chosen : randomUUID();
    },
    serializers: {
      req: ({ id, method, url }: { id: unknown; method: string; url: string }) => ({
        id,
        method,
        url: url.split('?')[0],
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
    },
    customLogLevel: (_request, response, error) =>
      response.statusCode >= 500 && response.statusCode !== 503 ? 'error' : error ? 'warn' : 'info',
  });
}
