import { Router } from 'express';
import { isAnyRetired } from '../ca/authority-store.ts';
import { authorityReadiness } from '../ca/readiness.ts';
import { findReadiness } from '../db/readiness.ts';
import { findFeedTrouble } from '../registrar/feeds.ts';
import { onlyMethods } from './negotiation.ts';
import type { HEALTH_WARNINGS } from './answer-schemas.ts';
import type { HttpNeeds } from './server.ts';

/** GET /health/live: the process answers. GET /health/ready: it can issue; 503 names the part that is down; warnings hinder nothing. */
export function healthRoutes({ issuance, feedStaleDays }: HttpNeeds): Router {
  const authorities = authorityReadiness(issuance.hierarchy);
  const router = Router();
  router
    .route('/live')
    .get((_request, response) => {
      response.json({ status: 'ok', parts: { process: 'ok' } });
    })
    .all(onlyMethods('GET'));
  router
    .route('/ready')
    .get(async (_request, response) => {
      const database = await findReadiness(issuance.db);
      const parts = {
        database,
        authorities: (await isRetired(database, issuance)) ? 'retired' : authorities(issuance.clock.now()),
      };
      const ready = Object.values(parts).every((part) => part === 'ok');
      if (!ready) response.set('Retry-After', '5');
      const warnings = database === 'ok' ? await warningsOf(issuance, feedStaleDays) : [];
      const status = ready ? 'ok' : 'unavailable';
      response
        .status(ready ? 200 : 503)
        .json({ status, parts, ...(warnings.length > 0 ? { warnings } : {}) });
    })
    .all(onlyMethods('GET'));
  return router;
}

/** Whether a test CA of this node was retired since it started; a database that is away does not say. */
async function isRetired(database: string, { db, hierarchy }: HttpNeeds['issuance']): Promise<boolean> {
  return database === 'ok' && (await isAnyRetired(hierarchy.authorities, db).catch(() => false));
}

/** A stale feed is told and blocks nothing (requirements 3.7). */
async function warningsOf(
  { db, clock }: HttpNeeds['issuance'],
  feedStaleDays: number,
): Promise<(typeof HEALTH_WARNINGS)[number][]> {
  const trouble = await findFeedTrouble(clock.now(), feedStaleDays, db).catch(() => undefined);
  return trouble === undefined ? [] : ['SECAS_FEED_STALE'];
}
