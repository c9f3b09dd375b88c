import type { Fault } from '../../src/domain/fault.ts';
import { query } from '../../src/db/pool.ts';
import type { Hierarchy } from '../../src/ca/hierarchy.ts';
import { issuesOneByOne } from '../../src/issuance/issue-certificate.ts';
import type { AskedRequest } from '../../src/issuance/needs.ts';
import { findCredentials, hashToken } from '../../src/registry/credentials.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { world, type World } from '../support/world.ts';

describe('a request under an Idempotency-Key', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  const ask = async (signifier: string, eui64: string): Promise<AskedRequest> => {
    const hash = hashToken(await here.token(signifier));
    const [caller] = await findCredentials([hash], here.clock.now(), here.database.pool);
    const csr = deviceCsr(eui64).der;
    const purpose = 'DEVICE_AND_USER_SYSTEM_TESTS';
    return { request: { category: 'DEVICE', purpose, channel: 'INTERNET', csr }, caller: caller! };
  };
  const statuses = async (eui64: string) =>
    (
      await query<{ status: string }>(
        here.database.pool,
        'select status from certificate where eui64 = $1 order by prepared_at, status',
        [eui64],
      )
    ).rows.map((row) => row.status);

  test('is tried again after a signature that failed: that was no answer', async () => {
    const asked = await ask('METERWORKS', '00-DB-12-34-20-00-02-01');
    const broken = issuesOneByOne({ ...here.needs, hierarchy: withoutSigner(here.needs.hierarchy) });
    await expect(broken(asked, 'hsm')).rejects.toMatchObject({ code: 'signing-failed' });
    expect(await statuses('00db123420000201')).toEqual(['prepared']);

    const issued = await issuesOneByOne(here.needs)(asked, 'hsm');
    expect(await issuesOneByOne(here.needs)(asked, 'hsm')).toEqual(issued);
    expect((await statuses('00db123420000201')).sort()).toEqual(['abandoned', 'issued']);
  });

  test('that is refused has one answer, also ten times at once', async () => {
    const asked = await ask('OLDMETER', '00-DB-12-34-30-00-02-02');
    const issue = issuesOneByOne(here.needs);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => issue(asked, 'no').catch((error: unknown) => error)),
    );
    const [first] = answers;
    expect(first).toMatchObject({ code: 'not-eligible' });
    const { reasons } = first as Fault;
    for (const answer of answers) expect(answer).toMatchObject({ code: 'not-eligible', reasons });
    const { rows } = await query<{ n: number }>(
      here.database.pool,
      `select count(*)::int as n from decision where subject = 'DEVICE:00db123430000202'`,
    );
    expect(rows).toEqual([{ n: 1 }]);
  });
});

/** Authorities whose token of keys has been pulled. */
function withoutSigner(hierarchy: Hierarchy): Hierarchy {
  const sign = () => {
    throw new Error('the token is gone');
  };
  return { ...hierarchy, issuing: (name) => ({ ...hierarchy.issuing(name), sign }) };
}
