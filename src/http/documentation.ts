import { Router } from 'express';
import { serve, setup } from 'swagger-ui-express';
import { Fault } from '../domain/fault.ts';
import { onlyMethods } from './negotiation.ts';
import { openApiDocument } from './openapi.ts';
import type { HttpNeeds } from './server.ts';

/**
 * GET /openapi.json, and the same readable at /docs, served from here alone. The document is made when it is first asked for:
 * that is a third of the time of a start.
 */
export function documentationRoutes({ version }: Pick<HttpNeeds, 'version'>): Router {
  let made: ReturnType<typeof make> | undefined;
  const documentation = () => (made ??= make(version));
  const router = Router();
  router
    .route('/openapi.json')
    .get((_request, response) => {
      response.json(documentation().document);
    })
    .all(onlyMethods('GET'));
  const get = onlyMethods('GET', 'HEAD');
  router.use('/docs', (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      get(request, response, next);
      return;
    }
    // One of the files is written with the page.
    documentation();
    next();
  });
  router.use('/docs', ...serve);
  // Its files were looked for above: what comes here is the page itself, or nothing.
  router.use('/docs', (request, response, next) => {
    if (request.path === '/') documentation().page(request, response, next);
    else throw new Fault('not-found', 'The documentation has no such file; it begins at /docs/.');
  });
  return router;
}

function make(version: string) {
  const document = openApiDocument(version);
  // Left out, the style is the word `undefined` in the page.
  return { document, page: setup(document, { customSiteTitle: 'Test Certificate Service', customCss: '' }) };
}
