import { APPLICATION_ROUTES } from './registry/applications.ts';
import { BATCH_ROUTES } from './batch-routes.ts';
import { AGREEMENT_ROUTES } from './registry/agreements.ts';
import { DEMAND_NOTICE_ROUTES } from './registry/demand-notices.ts';
import { FEED_ROUTES } from './registry/feeds.ts';
import { IDENTIFIER_ROUTES } from './registry/identifiers.ts';
import { IDENTITY_MAP_ROUTES } from './registry/identity-maps.ts';
import { EVIDENCE_ROUTES } from './registry/evidence.ts';
import { OBLIGATION_ROUTES } from './registry/obligations.ts';
import { OFFICER_ROUTES } from './registry/officers.ts';
import { PARTICIPANT_ROUTES } from './registry/participants.ts';
import { REVIEW_ROUTES } from './registry/reviews.ts';
import { TEST_ALLOCATION_ROUTES } from './registry/test-allocations.ts';
import { WEBHOOK_ROUTES } from './webhook-routes.ts';
import type { Route } from './route.ts';

/** What is asked and done over HTTP about the registry, batches and webhooks: the router, OpenAPI and the commands of `tcs` are made of it. */
export const ROUTES: readonly Route[] = [
  ...APPLICATION_ROUTES,
  ...PARTICIPANT_ROUTES,
  ...IDENTITY_MAP_ROUTES,
  ...AGREEMENT_ROUTES,
  ...IDENTIFIER_ROUTES,
  ...TEST_ALLOCATION_ROUTES,
  ...OFFICER_ROUTES,
  ...OBLIGATION_ROUTES,
  ...DEMAND_NOTICE_ROUTES,
  ...REVIEW_ROUTES,
  ...FEED_ROUTES,
  ...EVIDENCE_ROUTES,
  ...BATCH_ROUTES,
  ...WEBHOOK_ROUTES,
];
