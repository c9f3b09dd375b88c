import { setTimeout as pause } from 'node:timers/promises';
import { query, type Pool } from './pool.ts';

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
