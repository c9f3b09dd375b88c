import type { Pool } from '../db/pool.ts';
import { readKeyCursor, writeKeyCursor } from './cursor.ts';
import * as fields from './fields.ts';
import { route, type AskedRoute, type Route, type WhoseOf } from './route.ts';
import type { HttpNeeds } from './server.ts';
import { z } from './zod.ts';

type Paged<Query extends z.ZodRawShape> = z.ZodObject<Query & typeof fields.page>;

/**
 * A list that is looked up whole and given out in pages, because there is not much of it. Its items stand in the order of their
 * keys; a page begins after the key with which the one before it ended, whatever came or went meanwhile.
 */
export function listRoute<Path extends string, Item, Query extends z.ZodRawShape>(
  row: Pick<Route, 'command' | 'summary' | 'roles' | 'columns'> & {
    readonly path: Path;
    readonly query?: z.ZodObject<Query>;
    /** What an item holds; the OpenAPI document tells it. */
    readonly item: z.ZodType;
    /** No two items alike, and the same as long as the item is there. */
    readonly key: (item: Item) => string;
    readonly find: (
      asked: AskedRoute<undefined, z.output<Paged<Query>>, WhoseOf<Path>, Pool>,
      needs: HttpNeeds,
    ) => Promise<readonly Item[]>;
    readonly view: (item: Item) => unknown;
  },
): Route {
  const { query = z.strictObject({}), item, key, find, view, ...told } = row;
  return route({
    ...told,
    method: 'get',
    query: query.extend(fields.page) as Paged<Query>,
    answer: pageSchema(item),
    handle: async (asked, needs) => {
      const page = asked.query as { readonly limit: number; readonly cursor?: string };
      const keyed = (await find(asked as never, needs)).map((one) => ({ key: key(one), one }));
      keyed.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
      const after = page.cursor === undefined ? '' : readKeyCursor(page.cursor);
      const rest = keyed.filter((one) => one.key > after);
      const items = rest.slice(0, page.limit);
      const last = items.at(-1);
      const nextCursor = last === undefined || items.length === rest.length ? null : writeKeyCursor(last.key);
      return { body: { items: items.map(({ one }) => view(one)), nextCursor } };
    },
  });
}

/** A page of a list. */
export const pageSchema = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });
