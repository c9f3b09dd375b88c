import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../domain/clock.ts';
import { formatEui64, type Eui64, type Eui64Range } from '../domain/eui64.ts';
import type { UserRole } from '../domain/participant.ts';
import type { Pool } from '../db/pool.ts';
import { query, type Db } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import { lockFeed } from '../registry/feed-lock.ts';
import type { ParticipantRef } from '../registry/participants.ts';

/** Signifier -> User IDs -> User Roles -> Market Participant identities, in one document (government response, paragraphs 29, 35, 41). */
export interface IdentityMap {
  readonly signifier: string;
  readonly allocations: readonly { readonly kind: string; readonly from: string; readonly to: string }[];
  readonly userIds: readonly ({ readonly eui64: string } & OfUserId)[];
  /** Identities that no User ID acts for. */
  readonly unmapped: readonly MarketParticipant[];
}

export interface MarketParticipant {
  readonly scheme: 'MRA' | 'UNC';
  readonly marketParticipantId: string;
  readonly roleCode: string;
}

interface OfUserId {
  readonly userRoles: readonly UserRole[];
  readonly marketParticipants: readonly MarketParticipant[];
}

/** What belongs to a participant at an instant. */
export async function findIdentityMap({ id }: ParticipantRef, at: Date, db: Db): Promise<IdentityMap> {
  const { rows } = await query<Held>(db, held('select id, signifier from participant where id = $2'), [
    at,
    id,
  ]);
  const [found] = rows;
  if (found === undefined) throw new TypeError('a participant is gone');
  return toIdentityMap(found);
}

/**
 * At which instant the maps of all are read: by then every feed and file that has begun is on record, and each that comes has a later
 * instant, so no statement sees what the one before could not. Acts on one participant wait for nothing: its map is of one statement.
 * @param asked  an instant that has passed; absent: now
 */
export function settledInstant(asked: Date | undefined, clock: Clock, pool: Pool): Promise<Date> {
  return withTransaction(pool, async (db) => {
    await lockFeed(db);
    const at = asked ?? clock.now();
    // Whoever comes next reads a later millisecond.
    await wait(2);
    return at;
  });
}

/**
 * What belongs to each of all participants that were there at an instant (`settledInstant`), by Signifier. A hundred come with one statement; between
 * two statements no connection is held, however slowly they are taken. Of ten thousand participants with a million User IDs that is
 * 88 MB of JSON in five seconds of CPU, and never more than one piece of it in memory.
 */
export async function* findIdentityMaps(at: Date, db: Db): AsyncGenerator<IdentityMap[], void, undefined> {
  for (let after = '', more = true; more;) {
    const { rows } = await query<Held>(db, held(NEXT), [at, after, AT_ONCE]);
    if (rows.length > 0) yield rows.map(toIdentityMap);
    more = rows.length === AT_ONCE;
    after = rows.at(-1)?.signifier ?? '';
  }
}

/** The columns of `identityMapRows`. */
export const IDENTITY_MAP_COLUMNS = [
  'signifier',
  'userId',
  'userRole',
  'scheme',
  'marketParticipantId',
  'roleCode',
] as const;

/** The same as rows: a line for each User ID, User Role and identity. */
export function identityMapRows({ signifier, userIds, unmapped }: IdentityMap): string[][] {
  const line = (eui64: string, userRole: string, market?: MarketParticipant) => [
    signifier,
    eui64,
    userRole,
    market?.scheme ?? '',
    market?.marketParticipantId ?? '',
    market?.roleCode ?? '',
  ];
  return [
    ...userIds.flatMap(({ eui64, userRoles, marketParticipants }) =>
      (userRoles.length > 0 ? userRoles : ['']).flatMap((role) =>
        (marketParticipants.length > 0 ? marketParticipants : [undefined]).map((market) =>
          line(eui64, role, market),
        ),
      ),
    ),
    ...unmapped.map((market) => line('', '', market)),
  ];
}

/** What the database holds of a participant, in order. */
interface Held {
  readonly signifier: string;
  readonly allocations: readonly (Eui64Range & { readonly kind: string })[];
  readonly roleAssignments: readonly { readonly eui64: Eui64; readonly userRole: UserRole }[];
  readonly markets: readonly (MarketParticipant & { readonly userId: Eui64 | null })[];
}

function toIdentityMap({ signifier, allocations, roleAssignments, markets }: Held): IdentityMap {
  const userIds = new Map<Eui64, { userRoles: UserRole[]; marketParticipants: MarketParticipant[] }>();
  const of = (eui64: Eui64) => {
    const known = userIds.get(eui64) ?? { userRoles: [], marketParticipants: [] };
    userIds.set(eui64, known);
    return known;
  };
  const unmapped: MarketParticipant[] = [];
  for (const { eui64, userRole } of roleAssignments) of(eui64).userRoles.push(userRole);
  for (const { userId, ...market } of markets)
    (userId === null ? unmapped : of(userId).marketParticipants).push(market);
  return {
    signifier,
    allocations: allocations.map(({ kind, from, to }) => ({
      kind,
      from: formatEui64(from),
      to: formatEui64(to),
    })),
    userIds: [...userIds.keys()].sort().map((eui64) => ({ eui64: formatEui64(eui64), ...of(eui64) })),
    unmapped,
  };
}

/** @param chosen  a select of the ids and Signifiers of those who are asked for; $1 is the instant */
const held = (chosen: string) => `
  select p.signifier,
    (select coalesce(json_agg(json_build_object('kind', i.kind, 'from', i.eui64_from, 'to', i.eui64_to) order by i.eui64_from), '[]')
       from identifier_allocation i where i.participant_id = p.id and ${during('i')}) as allocations,
    (select coalesce(json_agg(json_build_object('eui64', u.eui64, 'userRole', u.user_role) order by u.eui64, u.user_role), '[]')
       from user_id_role_assignment u where u.participant_id = p.id and ${during('u')}) as "roleAssignments",
    (select coalesce(json_agg(json_build_object('scheme', m.scheme, 'marketParticipantId', m.market_participant_id,
         'roleCode', m.role_code, 'userId', m.user_id) order by m.scheme, m.market_participant_id, m.role_code), '[]')
       from market_participant_identity m where m.participant_id = p.id and ${during('m')}) as markets
    from (${chosen}) as p order by p.signifier collate "C"`;
const during = (table: string) =>
  `${table}.valid_from <= $1 and (${table}.valid_to is null or ${table}.valid_to > $1)`;
const NEXT = `select id, signifier from participant where created_at <= $1 and signifier collate "C" > $2
  order by signifier collate "C" limit $3`;
const AT_ONCE = 100;
