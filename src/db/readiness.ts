import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from './pool.ts';
import { query } from './query.ts';

/** Whether the database can be written now; an answer that takes too long is none. */
export async function findReadiness(pool: Pool, patience = 2_000): Promise<'ok' | 'read-only' | 'down'> {
  const waiting = new AbortController();
  const answer = query<{ readOnly: boolean }>(
    pool,
    `select current_setting('transaction_read_only') = 'on' as "readOnly"`,
  ).then(
    ({ rows }) => (rows[0]?.readOnly === false ? ('ok' as const) : ('read-only' as const)),
    () => 'down' as const,
  );
  const late = pause(patience, 'down' as const, { signal: waiting.signal }).catch(() => 'down' as const);
  try {
    return await Promise.race([answer, late]);
  } finally {
    waiting.abort();
  }
}

/** Why what PostgreSQL has committed may be gone after a power loss; nothing when it may not. */
export async function findVolatility(pool: Pool): Promise<string[]> {
  const { rows } = await query<{ name: string }>(
    pool,
    `select name from pg_settings where name in ('synchronous_commit', 'fsync', 'full_page_writes') and setting = 'off'
      order by name`,
  );
  return rows.map(
    ({ name }) =>
      `PostgreSQL has ${name} = off: a power loss may lose certificates that were given out. Set it to on.`,
  );
}
