import { Router } from 'express';
import { serve, setup } from 'swagger-ui-express';
import { openApiDocument } from './openapi.ts';
import type { HttpNeeds } from './server.ts';

/** GET /openapi.json, and the same readable at /docs, served from here alone. */
export function documentationRoutes({ version }: Pick<HttpNeeds, 'version'>): Router {
  const document = openApiDocument(version);
  const router = Router();
  router.get('/openapi.json', (_request, response) => {
    response.json(document);
  });
  router.use('/docs', serve, setup(document, { customSiteTitle: 'Test Certificate Service' }));
  return router;
}
