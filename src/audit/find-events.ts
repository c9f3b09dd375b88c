import { query, type Db } from '../db/query.ts';
import { EVENTS, eventsOf } from './audit-log.ts';

/** An event on record. */
export interface StoredEvent {
  readonly id: string;
  readonly at: Date;
  readonly event: string;
  /** Signifier. */
  readonly participant: string | null;
  /** Prefix of the credential that acted. */
  readonly credential: string | null;
  readonly requestId: string | null;
  readonly object: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
}

/**
 * Events, newest first; absent members ask nothing. `event` also finds what begins with it. `cursor`: the last id of the
 * page before. Of a serial number as `object` also the event that tells of its whole set.
 */
export async function searchEvents(
  filter: {
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly participant?: string | undefined;
    readonly event?: string | undefined;
    readonly object?: string | undefined;
  },
  db: Db,
): Promise<StoredEvent[]> {
  // The index of a participant's events is by its id, not by its signifier. The id is one of a list, and first in the order, so that
  // PostgreSQL takes that index: if it knew of one id only, it would go through the events of all, newest first, until it had enough.
  const whose =
    filter.participant === undefined
      ? '$2::text is null'
      : 'e.participant_id = any (array (select id from participant where signifier = $2))';
  const { rows } = await query<StoredEvent>(
    db,
    `select e.id::text as id, e.at, e.event, p.signifier as participant, c.prefix as credential,
            e.request_id as "requestId", e.object, e.facts
       from ${filter.object === undefined ? EVENTS : eventsOf('$5')} e
       left join participant p on p.id = e.participant_id left join credential c on c.id = e.credential_id
      where e.id < $1 and ${whose} and ($3::text is null or starts_with(e.event, $3))
      order by ${filter.participant === undefined ? '' : 'e.participant_id, '}e.id desc limit $4`,
    [
      filter.cursor ?? AFTER_ALL,
      filter.participant ?? null,
      filter.event ?? null,
      filter.limit,
      ...(filter.object === undefined ? [] : [filter.object]),
    ],
  );
  return rows;
}

/** The largest id that there can be. */
const AFTER_ALL = '9223372036854775807';
