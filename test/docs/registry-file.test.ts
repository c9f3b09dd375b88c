import { pino } from 'pino';
import request from 'supertest';
import { openApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { loadRegistry } from '../../src/registry/load-registry.ts';
import { createCredential } from '../../src/registry/create-credential.ts';
import { parseRegistryFile } from '../../src/registry/registry-file.ts';
import { TEST_PASSPHRASE } from '../support/authorities.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { dcckiCsr, deviceCsr, organisationCsr } from '../support/csr-builder.ts';
import { fixedClock, TEST_NOW } from '../support/dates.ts';
import { daysFromNow } from '../support/participants.ts';
import { testDatabase } from '../support/test-database.ts';

test('the example of the registry file loads as it is printed, and the manufacturer and the supplier of it get certificates', async () => {
  const database = await testDatabase();
  const [example, ...more] = codeBlocks('docs/registry-file.md').filter((one) => one.language === 'yaml');
  expect(more).toEqual([]);
  const file = parseRegistryFile(example!.text, 'registry-file.md');
  const report = await loadRegistry(file, fixedClock(), database.pool, () => Promise.resolve());
  expect(report.participants).toBe(file.participants.length);

  const config = readConfig({
    TCS_DATA_DIR: process.env['TCS_TEST_FOLDER'],
    TCS_KEY_PASSPHRASE: TEST_PASSPHRASE,
  });
  const app = await openApp(config, { logger: pino({ level: 'silent' }), clock: fixedClock(), database });
  // The README goes on with the token of METERWORKS (In earnest).
  const issued = async (signifier: string, wanted: object) => {
    const aro = { signifier, role: 'PARTICIPANT_ARO', label: '' } as const;
    const { token } = await createCredential({ ...aro, expiresAt: daysFromNow(1) }, TEST_NOW, database.pool);
    const { status, body } = await request(app.http)
      .post('/v1/certificates')
      .set('Authorization', `Bearer ${token}`)
      .send({ purpose: 'DEVICE_AND_USER_SYSTEM_TESTS', ...wanted });
    expect([status, body]).toEqual([201, expect.objectContaining({ status: 'IN_USE' })]);
  };
  await issued('METERWORKS', { category: 'DEVICE', csr: deviceCsr('00-DB-12-34-20-00-00-01').pem });
  await issued('NORTHGATE', {
    category: 'ORGANISATION',
    csr: organisationCsr('90-B3-D5-1F-30-01-00-00').pem,
  });
  await issued('NORTHGATE', {
    category: 'DCCKI',
    csr: dcckiCsr('NORTHGATE', ['test.northgate.example']).pem,
  });
  await app.close();
  await database.close();
});
