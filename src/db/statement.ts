import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import type pg from 'pg';

/**
 * Sends a statement, as prepared once a connection: planning costs more than running most of ours. A system call for each costs
 * more than that, too: those of one turn wait for its end and leave in one packet.
 */
export function send<Row extends pg.QueryResultRow>(
  client: pg.PoolClient,
  text: string,
  values: readonly unknown[] = [],
): Promise<pg.QueryResult<Row>> {
  process.nextTick(hold(client));
  return client.query<Row>({ name: nameOf(text), text, values: [...values] });
}

/** Nothing leaves this client from now on. @returns lets it leave, in one packet */
export function hold(client: pg.PoolClient): () => void {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Writable } }).connection;
  stream.cork();
  return () => stream.uncork();
}

/** The same text has the same name, in any process; PostgreSQL allows names of at most 63 octets. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    names.set(text, name);
  }
  return name;
}
const names = new Map<string, string>();
