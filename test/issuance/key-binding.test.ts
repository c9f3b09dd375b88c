import { createPublicKey, hash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { query, type Transaction } from '../../src/db/query.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { Fault } from '../../src/domain/fault.ts';
import { bindKeys } from '../../src/ca/public-keys.ts';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { deviceCsr, newKey } from '../support/csr-builder.ts';
import { onPostgres } from '../support/test-database.ts';
import { world, type World } from '../support/world.ts';

const [ONE, OTHER] = ['00db123420000401', '00db123420000402'] as const;

describe('a public key is bound to one subject', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  const bind = (sha256: Buffer, subject: string, db: Transaction) =>
    bindKeys([{ sha256, subject }], here.clock.now(), db);
  const subjectOf = async (sha256: Buffer) => {
    const { rows } = await query<{ subject: string }>(
      here.needs.db,
      'select subject from public_key where sha256 = $1',
      [sha256],
    );
    return rows[0]?.subject;
  };
  /** Asks for certificates as the meter manufacturer. @returns `issued`, or the reasons */
  const ask = async (csrs: readonly Buffer[]) => {
    const found = await findCallers(
      [hashToken(await here.token('METERWORKS'))],
      here.clock.now(),
      here.needs.db,
    );
    const purpose = 'DEVICE_AND_USER_SYSTEM_TESTS';
    const asked = csrs.map((csr) => ({
      request: { category: 'DEVICE', purpose, channel: 'INTERNET', csr } as const,
      caller: found[0]!,
    }));
    return (await issueCertificates(asked, here.needs)).map((one) =>
      one instanceof Fault ? one.reasons.map(({ reason }) => reason) : 'issued',
    );
  };

  test('again to the same subject, and never to another', async () => {
    const sha256 = Buffer.alloc(32, 1);
    for (const subject of ['a', 'a']) await withTransaction(here.needs.db, (db) => bind(sha256, subject, db));
    const toAnother = withTransaction(here.needs.db, (db) => bind(sha256, 'b', db));
    await expect(toAnother).rejects.toMatchObject({
      code: 'database-unavailable',
      cause: { code: '40001', constraint: 'public_key_keeps_subject' },
    });
    expect(await subjectOf(sha256)).toBe('a');
  });

  test('in a set by whoever comes first in it', async () => {
    const key = newKey();
    expect(
      await ask([
        deviceCsr(ONE, 'digitalSignature', { key }).der,
        deviceCsr(OTHER, 'digitalSignature', { key }).der,
      ]),
    ).toEqual(['issued', ['PUBLIC_KEY_REUSED']]);
  });

  test('in a set never to two subjects: whoever decided that made a mistake', async () => {
    const sha256 = Buffer.alloc(32, 2);
    const claims = ['a', 'b'].map((subject) => ({ sha256, subject }));
    const both = withTransaction(here.needs.db, (db) => bindKeys(claims, here.clock.now(), db));
    await expect(both).rejects.toThrow('two subjects claim the key');
    expect(await subjectOf(sha256)).toBeUndefined();
  });

  if (onPostgres)
    test('of two at once by the first to commit: the other is refused, its neighbour issued, each decided once', async () => {
      const key = newKey();
      const sha256 = hash('sha256', createPublicKey(key).export({ type: 'spki', format: 'der' }), 'buffer');
      let late: ReturnType<typeof ask> | undefined;
      let before = 0;
      await withTransaction(here.needs.db, async (db) => {
        await bind(sha256, `DEVICE:${OTHER}`, db);
        before = await decisions();
        late = ask([deviceCsr(ONE, 'digitalSignature', { key }).der, deviceCsr(ONE).der]);
        const { rows } = await query<{ pid: number }>(db, 'select pg_backend_pid() as pid');
        const blocked = 'select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))';
        while ((await query(here.database.pool, blocked, [rows[0]!.pid])).rowCount === 0) await setTimeout(5);
      });
      expect(await late).toEqual([['PUBLIC_KEY_REUSED'], 'issued']);
      expect(await subjectOf(sha256)).toBe(`DEVICE:${OTHER}`);
      expect((await decisions()) - before).toBe(2);
    });

  const decisions = async () => {
    const { rows } = await query<{ made: number }>(
      here.needs.db,
      'select count(*)::integer as made from decision',
    );
    return rows[0]!.made;
  };
});
