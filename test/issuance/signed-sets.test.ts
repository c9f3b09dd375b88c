import { issueCertificates, type SetCompanion } from '../../src/issuance/issue-certificates.ts';
import type { AskedRequest } from '../../src/issuance/needs.ts';
import type { Verifier } from '../../src/x509/verifier.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { callerOf, statusesOf } from '../support/device-requests.ts';
import { world, type World } from '../support/world.ts';

describe('a certificate that is signed', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  let devices = 0;
  const ask = async (): Promise<AskedRequest> => {
    const caller = await callerOf('METERWORKS', here);
    devices += 1;
    const { der: csr } = deviceCsr(`00-DB-12-34-20-00-05-${devices.toString(16).padStart(2, '0')}`);
    const purpose = 'DEVICE_AND_USER_SYSTEM_TESTS';
    return { request: { category: 'DEVICE', purpose, channel: 'INTERNET', csr }, caller };
  };
  const stands = (device: number) =>
    statusesOf(`00db1234200005${device.toString(16).padStart(2, '0')}`, here.database);
  /** The service with other second opinions, and how many certificates it asked about. */
  const asking = (opinionOf: (place: number) => unknown) => {
    const counts: number[] = [];
    const secondOpinions = (asked: readonly unknown[]) => {
      counts.push(asked.length);
      return Promise.resolve(asked.map((_, place) => opinionOf(place)));
    };
    const verifier = { ...here.needs.verifier, secondOpinions } as Verifier;
    return { needs: { ...here.needs, verifier }, counts };
  };

  test.each([
    ['an objection', new Error('certificate signature failure')],
    ['no', false],
    ['nothing', undefined],
  ])('and of which OpenSSL says %s is given to nobody; its neighbours are', async (_, opinion) => {
    const { needs } = asking((place) => (place === 1 ? opinion : true));
    const results = await issueCertificates([await ask(), await ask(), await ask()], needs);
    expect(results).toMatchObject([
      { category: 'DEVICE' },
      { code: 'signing-failed' },
      { category: 'DEVICE' },
    ]);
    expect(await stands(devices - 1)).toEqual(['prepared']);
  });

  test.each([
    ['before it was intended is not even prepared', 1, []],
    ['after it was signed is not issued', 2, ['prepared']],
  ])('of a set that its holder lost %s, and nothing is said of it', async (_, lostAt, statuses) => {
    let looks = 0;
    let recorded = false;
    const companion: SetCompanion = {
      hold: () => ((looks += 1) === lostAt ? Promise.reject(new Error('lost')) : Promise.resolve()),
      record: () => {
        recorded = true;
        return Promise.resolve();
      },
    };
    const set = [await ask(), await ask()];
    await expect(issueCertificates(set, here.needs, 'every', companion)).rejects.toThrow('lost');
    expect(await stands(devices - 1)).toEqual(statuses);
    expect(recorded).toBe(false);
  });

  test('is read back each time, of a batch the first and one in a hundred', async () => {
    const set = [];
    for (let place = 0; place < 101; place += 1) set.push(await ask());
    const { needs, counts } = asking(() => true);
    await issueCertificates(set.slice(0, 3), needs);
    await issueCertificates(set, needs, 'sampled');
    expect(counts).toEqual([3, 2]);
  });
});
