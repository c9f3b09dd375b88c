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

/** What the routes of a group are about, in the words of `tcs --help`; a group of the same name as a command of its own has none. */
export const GROUPS: ReadonlyMap<string, string> = new Map([
  ['agreements', 'bilateral agreements with the DCC: their terms and how each stands'],
  ['allocations', 'User IDs and RDP IDs that the SEC Panel allocated'],
  ['applications', 'requests that are kept until they can be decided'],
  ['audit', 'what was done and what was refused, by whom'],
  ['demand-notices', 'notices of more certificates in 24 hours than the quota'],
  ['details-changes', 'proposed names, addresses and categories of Parties and RDPs'],
  ['device-ceilings', 'raised limits of certificates for one Device ID, of every participant'],
  ['device-ranges', 'Device IDs of a participant, who else may use them, and their limits'],
  ['feeds', 'the SECAS feeds that state who is a Party and which identifiers it has'],
  ['holds', 'stops: nothing is issued to, or downloaded by, a participant'],
  ['identity-maps', 'Signifiers, User IDs, User Roles and Market Participant identities of all'],
  ['market-participants', 'Market Participant identities: they come with the SECAS feed'],
  ['memberships', 'memberships of the SEC: they come with the SECAS feed'],
  ['nominations', 'which Network Party nominates an RDP'],
  ['notifications', 'what a participant was told'],
  ['obligations', 'security obligations of a participant, attested, verified or waived'],
  ['officers', 'who may act for a participant: SROs and AROs'],
  ['participants', 'who may have test certificates, and all that is on record of them'],
  ['receipts', 'when a certificate was handed out, over which channel, and to whom'],
  ['referrals', 'requests that wait for an approver of the DCC'],
  ['registry-entries', 'blocks of User IDs and RDP IDs of the SEC Panel, where no Device ID lies'],
  ['reports', 'how many were issued, how fast, and which allocations are late'],
  ['reviews', 'what one person prepared and a second one decides'],
  ['terms', 'the terms that an officer accepts before certificates are given'],
  ['test-allocations', 'User IDs and RDP IDs of the test block of the DCC, for tests only'],
  ['user-roles', 'which User ID of a Party has which User Role'],
  ['webhook', 'endpoints that are told what becomes of batches and applications'],
]);

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
