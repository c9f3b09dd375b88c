import { formatEui64 } from '../../domain/eui64.ts';
import { Fault } from '../../domain/fault.ts';
import { query } from '../../db/query.ts';
import { findEntriesAt } from '../../registry/registry-entries.ts';
import { acknowledgeFeed, isFeedStale, listFeeds } from '../../registrar/feeds.ts';
import { requireNumberCursor } from '../cursor.ts';
import { listRoute, pageSchema } from '../list-route.ts';
import { READERS, route } from '../route.ts';
import { z } from '../zod.ts';
import * as fields from '../fields.ts';
import * as items from './items.ts';
import * as views from './views.ts';

/** What the feed alone says: an attempt to state it is refused to every role, and on record (government response, paragraphs 29 and 38). */
const ofFeed = (name: string, what: string, event: string) =>
  route({
    method: 'post',
    path: `/v1/participants/{signifier}/${name}`,
    command: `${name} state`,
    summary: `state ${what}: nobody does so here, it comes with the SECAS feed (POST /v1/feeds)`,
    roles: [],
    body: z.unknown(),
    answer: z.unknown(),
    event,
    handle: () => Promise.reject(new TypeError(`no role may state ${what}`)),
  });

/** The feeds that were taken, that the DCC has seen them, the Registry Entries, and what only they say. */
export const FEED_ROUTES = [
  ofFeed('memberships', 'a membership', 'membership.stated'),
  ofFeed('market-participants', 'a Market Participant identity', 'market-participant.stated'),
  listRoute({
    path: '/v1/registry-entries',
    command: 'registry-entries list',
    summary: 'Registry Entries of the SEC Panel: blocks of User IDs and RDP IDs, where no Device ID lies',
    roles: [...READERS, 'SECAS_FEED'],
    query: fields.asAt,
    item: items.registryEntry,
    find: async ({ query: { at }, at: now, pool }) => findEntriesAt(at ?? now, pool),
    key: ({ from }) => from,
    view: ({ name, from, to, since }) =>
      views.plain({ name, from: formatEui64(from), to: formatEui64(to), since }),
  }),
  route({
    method: 'get',
    path: '/v1/feeds',
    command: 'feeds list',
    summary: 'the SECAS feeds that were taken, newest first, and whether the last one is stale',
    roles: [...READERS, 'SECAS_FEED'],
    query: z.strictObject(fields.page),
    answer: pageSchema(items.feed).extend({ stale: z.boolean() }),
    handle: async ({ query: { limit, cursor }, at, pool }, { feedStaleDays }) => {
      if (cursor !== undefined) requireNumberCursor(cursor, 9);
      const taken = await listFeeds(cursor === undefined ? { limit } : { limit, before: cursor }, pool);
      const last = taken.at(-1);
      const nextCursor = taken.length < limit || last === undefined ? null : String(last.version);
      return {
        body: views.plain({ items: taken, stale: await isFeedStale(at, feedStaleDays, pool), nextCursor }),
      };
    },
  }),
  route({
    method: 'get',
    path: '/v1/feeds/{version}',
    command: 'feeds show',
    summary: 'what one SECAS feed changed, record by record',
    roles: [...READERS, 'SECAS_FEED'],
    answer: z.unknown(),
    handle: async ({ params, pool }) => {
      const version = versionOf(params);
      const { rows } = await query<{ diff: object }>(
        pool,
        `select diff from feed_import where version = $1`,
        [version],
      );
      const [found] = rows;
      if (found === undefined) throw new Fault('not-found', 'No feed of this version was taken.');
      return { body: found.diff };
    },
  }),
  route({
    method: 'post',
    path: '/v1/feeds/{version}/acknowledgement',
    command: 'feeds acknowledge',
    summary: 'acknowledge that what a feed changed was seen',
    roles: ['DCC_REGISTRAR'],
    answer: fields.done,
    event: 'feed.acknowledged',
    handle: async ({ params, caller, at, db }) => {
      const version = versionOf(params);
      const changed = await acknowledgeFeed(version, caller, at, db);
      return { body: { done: true }, object: String(version), changed };
    },
  }),
];

function versionOf({ version = '' }: Readonly<Record<string, string>>): number {
  if (!/^\d{1,9}$/.test(version)) throw new Fault('not-found', 'No feed of this version was taken.');
  return Number(version);
}
