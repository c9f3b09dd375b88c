import { cpSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import request from 'supertest';
import { openApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { query } from '../../src/db/query.ts';
import { Fault } from '../../src/domain/fault.ts';
import { systemRandom } from '../../src/domain/serial-number.ts';
import { retireAuthorities } from '../../src/ca/authority-store.ts';
import { createAuthorities } from '../../src/ca/create-authorities.ts';
import { loadProfiles } from '../../src/profiles/load-profiles.ts';
import { decodeCertificateInput } from '../../src/x509/pem.ts';
import { TEMPLATES, TEST_PASSPHRASE } from '../support/authorities.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { TEST_NOW } from '../support/dates.ts';
import { opensslVerify } from '../support/openssl.ts';
import { world, type World } from '../support/world.ts';
import { pino } from 'pino';

/** Other test CAs under the same names; the RSA ones, which take their time, are the same. */
function otherAuthorities(): string {
  const data = mkdtempSync(path.join(tmpdir(), 'tcs-other-'));
  const from = path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities');
  for (const file of readdirSync(from).filter((one) => one.includes('dccki')))
    cpSync(path.join(from, file), path.join(data, 'authorities', file));
  createAuthorities({
    folder: path.join(data, 'authorities'),
    passphrase: TEST_PASSPHRASE,
    profiles: loadProfiles(TEMPLATES),
    now: TEST_NOW,
    fillRandom: systemRandom,
  });
  return data;
}

describe('the test CAs of a database', () => {
  let here: World;
  let other: string;
  const openNode = (dataDir: string) =>
    openApp(
      readConfig({ TCS_DATA_DIR: dataDir, TCS_KEY_PASSPHRASE: TEST_PASSPHRASE, TCS_LOG_LEVEL: 'silent' }),
      { logger: pino({ level: 'silent' }), clock: here.clock, database: here.database },
    );
  const issue = async (http: World['http'], eui64: string) => {
    const answer = await request(http)
      .post('/v1/certificates')
      .set('Authorization', `Bearer ${await here.token('METERWORKS')}`)
      .send({ category: 'DEVICE', purpose: 'DEVICE_AND_USER_SYSTEM_TESTS', csr: deviceCsr(eui64).pem });
    return answer.body as Served;
  };
  interface Served {
    readonly serialNumber: string;
    readonly certificate: string;
    readonly chain: readonly string[];
  }
  const verifies = ({ certificate, chain }: Served) => {
    const der = (pem: string) => decodeCertificateInput(Buffer.from(pem));
    const policy = '1.2.826.0.1.8641679.1.2.1.4';
    return chain.length === 2 && opensslVerify(der(certificate), chain.map(der), { policy, at: TEST_NOW }).ok;
  };

  beforeAll(async () => {
    here = await world();
    other = otherAuthorities();
  }, 60_000);
  afterAll(() => here.close());

  test('are on record from the first start on, and a second start adds nothing', async () => {
    await openNode(process.env['TCS_TEST_FOLDER'] ?? '');
    const { rows } = await query<{ name: string }>(
      here.database.pool,
      'select name from authority_certificate',
    );
    expect(rows.map((one) => one.name).sort()).toEqual(
      ['eii-dccki', 'issuing-dca', 'issuing-oca', 'root-dca', 'root-dccki', 'root-oca'].sort(),
    );
  });

  test('a node with a folder of its own does not start, and says what to do', async () => {
    const fault = await openNode(other).catch((error: unknown) => error as Fault);
    expect(fault).toBeInstanceOf(Fault);
    expect((fault as Fault).reasons.map((one) => one.reason)).toEqual(Array(4).fill('AUTHORITY_NOT_SHARED'));
    expect((fault as Fault).reasons[0]?.fix).toMatch(/share one folder authorities.*tcs ca retire root-dca/);
  });

  test('after a deliberate change every certificate is served with the chain it was issued under, on any node', async () => {
    const before = await issue(here.http, '00-DB-12-34-20-00-00-01');
    const retired = await retireAuthorities(['root-oca', 'root-dca'], 'a test', TEST_NOW, here.database.pool);
    expect(retired.sort()).toEqual(['issuing-dca', 'issuing-oca', 'root-dca', 'root-oca']);
    await expect(retireAuthorities(['root-oca'], 'again', TEST_NOW, here.database.pool)).rejects.toThrow(
      'knows no current test CA root-oca (retired already);',
    );
    const node = await openNode(other);
    const after = await issue(node.http, '00-DB-12-34-20-00-00-02');
    expect(after.chain).not.toEqual(before.chain);
    for (const http of [here.http, node.http]) {
      const token = await here.token('METERWORKS');
      const list = await request(http).get('/v1/certificates').set('Authorization', `Bearer ${token}`);
      const items = list.body.items as Served[];
      expect(items).toHaveLength(2);
      expect(items.map(verifies)).toEqual([true, true]);
      for (const { serialNumber, certificate, chain } of [before, after]) {
        const whole = await request(http)
          .get(`/v1/certificates/${serialNumber}`)
          .set('Accept', 'application/pem-certificate-chain')
          .set('Authorization', `Bearer ${token}`)
          .buffer(true);
        expect(whole.text).toBe([certificate, ...chain].join(''));
      }
    }
  });

  test('a retired CA starts nowhere again, and its record never changes', async () => {
    const fault = await openNode(process.env['TCS_TEST_FOLDER'] ?? '').catch(
      (error: unknown) => error as Fault,
    );
    expect((fault as Fault).reasons).toContainEqual(
      expect.objectContaining({
        reason: 'AUTHORITY_RETIRED',
        fix: expect.stringMatching(/move the files of issuing-dca out of it.*: tcs ca init\./) as string,
      }),
    );
    await expect(
      query(here.database.pool, `update authority_certificate set retired_at = null, retired_because = null`),
    ).rejects.toThrow('cannot change');
    await expect(query(here.database.pool, 'delete from authority_certificate')).rejects.toThrow(
      'append-only',
    );
    await expect(retireAuthorities(['nobody'], 'x', TEST_NOW, here.database.pool)).rejects.toThrow(
      'knows no current test CA nobody;',
    );
  });
});
