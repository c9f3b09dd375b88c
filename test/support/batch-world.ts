import request from 'supertest';
import type { Batch } from '../../src/batches/batch-store.ts';
import type { BatchNeeds } from '../../src/batches/needs.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import type { Database } from '../../src/db/pool.ts';
import { query } from '../../src/db/query.ts';
import type { Category } from '../../src/domain/category.ts';
import { deviceCsr, newKey } from './csr-builder.ts';
import { world, type World } from './world.ts';

export const PURPOSE = 'DEVICE_AND_USER_SYSTEM_TESTS';

/** A line of NDJSON. */
export interface Line {
  readonly id: string;
  readonly csr: string;
}

export const ndjson = (lines: readonly Line[]) => lines.map((one) => JSON.stringify(one)).join('\n');

/** Good device CSRs of METERWORKS, all of one key where `key` is given: cheap. */
export function deviceLines(count: number, first = 1): Line[] {
  return Array.from({ length: count }, (_, index) => {
    const number = first + index;
    const eui64 = `00db123420${number.toString(16).padStart(6, '0')}`;
    return {
      id: `meter-${String(number)}`,
      csr: deviceCsr(eui64, 'digitalSignature', { key: newKey() }).pem,
    };
  });
}

/** Another version of METERWORKS' agreement, with these terms changed. */
export async function varyAgreement(terms: object, { pool }: Pick<Database, 'pool'>): Promise<void> {
  await query(
    pool,
    `insert into fact (participant_id, kind, key, version, state, since, value, source, recorded_at)
     select participant_id, kind, key, version + 1, state, since, value || $1::jsonb, source, recorded_at
       from fact where kind = 'AGREEMENT' and key = 'BA-2026-001' order by version desc limit 1`,
    [JSON.stringify(terms)],
  );
}

/** The service with batches over HTTP; nothing is worked on until a test says so. */
export async function batchWorld(
  changes: Partial<BatchNeeds> = {},
  options: Parameters<typeof world>[0] = {},
) {
  const here: World = await world(options);
  const needs: BatchNeeds = { ...here.app.batches, ...changes };
  const bearer = async (signifier: string, role?: Parameters<World['token']>[1]) =>
    `Bearer ${await here.token(signifier, role)}`;
  return {
    ...here,
    batches: needs,
    bearer,
    submit: async (
      lines: readonly Line[],
      { as = 'METERWORKS', role, category = 'DEVICE', query = '', key, body }: SubmitOptions = {},
    ) => {
      const asked = request(here.http)
        .post(`/v1/batches?category=${category}&purpose=${PURPOSE}${query}`)
        .set('Authorization', await bearer(as, role))
        .set('Content-Type', 'application/x-ndjson');
      if (key !== undefined) void asked.set('Idempotency-Key', key);
      return asked.send(body ?? ndjson(lines));
    },
    get: async (path: string, as = 'METERWORKS', role?: Parameters<World['token']>[1]) =>
      request(here.http)
        .get(path)
        .set('Authorization', await bearer(as, role)),
    post: async (path: string, as = 'METERWORKS', role?: Parameters<World['token']>[1]) =>
      request(here.http)
        .post(path)
        .set('Authorization', await bearer(as, role)),
    /** Works until there is nothing to do. */
    work: async () => {
      while (await workOnce(needs));
    },
  };
}

interface SubmitOptions {
  readonly as?: string;
  readonly category?: Category;
  readonly role?: Parameters<World['token']>[1];
  readonly query?: string;
  readonly key?: string;
  readonly body?: string;
}

/** What a batch looks like on the wire. */
export type BatchBody = Pick<Batch, 'id' | 'state' | 'items'> & {
  readonly progress: { readonly settled: number; readonly counts: Record<string, number> };
  readonly reasons: readonly { readonly reason: string; readonly errorCode: string }[];
  readonly retryOf?: string;
};
export type BatchWorld = Awaited<ReturnType<typeof batchWorld>>;
