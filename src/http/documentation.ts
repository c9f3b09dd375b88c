import { Router } from 'express';
import { serve, setup } from 'swagger-ui-express';
import { Fault } from '../domain/fault.ts';
import { onlyMethods } from './negotiation.ts';
import { openApiDocument } from './openapi.ts';
import type { HttpNeeds } from './server.ts';

/** GET /openapi.json, and the same readable at /docs, served from here alone. */
export function documentationRoutes({ version }: Pick<HttpNeeds, 'version'>): Router {
  const document = openApiDocument(version);
  const router = Router();
  router
    .route('/openapi.json')
    .get((_request, response) => {
      response.json(document);
    })
    .all(onlyMethods('GET'));
  const get = onlyMethods('GET', 'HEAD');
  const page = setup(document, { customSiteTitle: 'Test Certificate Service' });
  router.use('/docs', (request, response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') next();
    else get(request, response, next);
  });
  router.use('/docs', ...serve);
  // Its files were looked for above: what comes here is the page itself, or nothing.
  router.use('/docs', (request, response, next) => {
    if (request.path === '/') page(request, response, next);
    else throw new Fault('not-found', 'The documentation has no such file; it begins at /docs/.');
  });
  return router;
}
