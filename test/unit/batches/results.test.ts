import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { parse } from 'csv-parse/sync';
import type { FinishedItem } from '../../../src/batches/results/finished-item.ts';
import { verifyResult } from '../../../src/batches/results/verify-result.ts';
import { resultName } from '../../../src/batches/results/write-result.ts';
import { encodePem } from '../../../src/x509/pem.ts';
import { temporaryFolder } from '../../support/batch-intake.ts';
import {
  CHAIN,
  DEVICES,
  FACTS,
  inOrder,
  issued,
  refused,
  SEAL,
  writeItems,
} from '../../support/batch-results.ts';
import { seededRandom } from '../../support/random.ts';

const folder = temporaryFolder();
const ITEMS: readonly FinishedItem[] = [
  issued(1, 'meter1', 'meter1.csr'),
  refused(2, '=cmd|x'),
  issued(3, 'Zähler 3', 'Zähler 3.csr'),
  { ...refused(4, '@four'), status: 'INELIGIBLE', errorCode: 'IN:DEVRANG' } as FinishedItem,
  { ...refused(5, '-five, "six"'), status: 'ISSUANCE_ANOMALY', errorCode: 'CA:LIMIT' } as FinishedItem,
  issued(7, '+seven'),
];

test('unzip, OpenSSL and a spreadsheet reader find what the items say', async () => {
  const { file, name, octets } = await writeItems(folder, ITEMS);
  expect(name).toBe('morning-response.zip');
  expect(octets).toBe(readFileSync(file).length);
  expect(run('unzip', '-t', file)).toContain('No errors detected');
  const out = path.join(folder, 'out');
  mkdirSync(out);
  execFileSync('unzip', ['-q', file, '-d', out], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  const crts = ['meter1.crt', 'Zähler 3.crt', '+seven.crt'];
  const others = ['report.txt', 'report.csv', 'certificates.ndjson', 'certificates.p7b', 'manifest.json'];
  expect(readdirSync(out).sort()).toEqual([...crts, ...others].sort());
  for (const crt of crts)
    expect(run('openssl', 'x509', '-noout', '-issuer', '-in', path.join(out, crt))).toContain('CN');

  const text = (one: string) => readFileSync(path.join(out, one), 'utf8');
  expect(text('report.txt').split('\n').slice(0, 2)).toEqual([
    'meter1\tmeter1.csr\tsuccess\t',
    '=cmd|x\t\terror\tCR:PARSE',
  ]);
  expect(parse(text('report.csv'))).toEqual([
    ['id', 'fileName', 'status', 'errorCode'],
    ['meter1', 'meter1.csr', 'success', ''],
    ["'=cmd|x", '', 'error', 'CR:PARSE'],
    ['Zähler 3', 'Zähler 3.csr', 'success', ''],
    ["'@four", '', 'ineligible', 'IN:DEVRANG'],
    [`'-five, "six"`, '', 'anomaly', 'CA:LIMIT'],
    ["'+seven", '', 'success', ''],
  ]);
  const lines = text('certificates.ndjson')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as FinishedItem);
  expect(lines.map(({ position, status }) => [position, status])).toEqual(
    ITEMS.map((one) => [one.position, one.status]),
  );
  const bundle = run(
    'openssl',
    'pkcs7',
    '-inform',
    'DER',
    '-print_certs',
    '-in',
    path.join(out, 'certificates.p7b'),
  );
  expect(bundle.match(/BEGIN CERTIFICATE/g)).toHaveLength(3 + CHAIN.length);

  // The signature by hand: the statement is one line of canonical JSON.
  const statement = /^"statement":(.*),$/m.exec(text('manifest.json'))?.[1] ?? '';
  const { signature } = JSON.parse(text('manifest.json'));
  writeFileSync(path.join(out, 's.bin'), statement);
  writeFileSync(path.join(out, 's.sig'), Buffer.from(signature.value, 'base64'));
  writeFileSync(path.join(out, 'key.pem'), encodePem('PUBLIC KEY', SEAL.spki));
  const words = [
    'dgst',
    '-sha256',
    '-verify',
    path.join(out, 'key.pem'),
    '-signature',
    path.join(out, 's.sig'),
    path.join(out, 's.bin'),
  ];
  expect(run('openssl', ...words)).toContain('Verified OK');
  expect(JSON.parse(statement)).toMatchObject({
    format: 'tcs-batch-result/1',
    purpose: FACTS.purpose,
    category: 'DEVICE',
    issuer: FACTS.issuer,
    counts: { SUCCESS: 3, CSR_ERROR: 1, INELIGIBLE: 1, ISSUANCE_ANOMALY: 1, CA_ERROR: 0, WORKFLOW_ERROR: 0 },
  });
});

test('the same items and signature give the same octets; nothing is left beside the file', async () => {
  const once = await writeItems(folder, ITEMS);
  const octets = readFileSync(once.file);
  const again = await writeItems(folder, ITEMS, once.signature);
  expect(readFileSync(again.file).equals(octets)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.startsWith('result.zip'))).toEqual(['result.zip']);
});

test('items out of order are a mistake of ours, and leave the older result alone', async () => {
  const { file } = await writeItems(folder, ITEMS);
  const octets = readFileSync(file);
  await expect(writeItems(folder, [issued(2, 'a'), issued(1, 'b')])).rejects.toThrow(TypeError);
  expect(readFileSync(file).equals(octets)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.startsWith('result.zip'))).toEqual(['result.zip']);
});

test('a verifier finds nothing wrong, with and without key and anchors', async () => {
  for (const items of [ITEMS, [], [refused(1, 'a')], [issued(1, 'a')]]) {
    const { file } = await writeItems(folder, items);
    const trusting = await verifyResult(file, {});
    expect(trusting.checks.filter((one) => !one.passed)).toEqual([]);
    expect(trusting.keySha256).toBe(createHash('sha256').update(SEAL.spki).digest('hex'));
    const knowing = await verifyResult(file, { key: SEAL.spki, anchors: CHAIN });
    expect(knowing.checks.filter((one) => !one.passed)).toEqual([]);
    expect(knowing.checks.map((one) => one.check)).toContain('chain');
  }
});

test.each([100, 250, 600, 1000, 3000])(
  'a verifier finds nothing wrong with %d items, wherever the pieces of the file end',
  async (count) => {
    const { file } = await writeItems(
      folder,
      Array.from({ length: count }, (_, place) => issued(place + 1, `meter-${String(place)}`)),
    );
    const { checks } = await verifyResult(file, { key: SEAL.spki });
    expect(checks.filter((one) => !one.passed)).toEqual([]);
    const items = checks.find((one) => one.check === 'items')?.detail;
    expect(items).toBe(`${String(count)} items agree with certificates and reports`);
  },
  60_000,
);

test('another key, no root, other authorities: each is told', async () => {
  const { file } = await writeItems(folder, ITEMS);
  const failed = async (trust: Parameters<typeof verifyResult>[1]) =>
    (await verifyResult(file, trust)).checks.filter((one) => !one.passed).map((one) => one.check);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = publicKey.export({ type: 'spki', format: 'der' });
  expect(await failed({ key })).toEqual(['signature']);
  expect((await verifyResult(file, { key })).keySha256).toBe(createHash('sha256').update(key).digest('hex'));
  expect(await failed({ anchors: CHAIN.slice(0, 1) })).toEqual(['chain']);
  expect(await failed({ anchors: CHAIN.slice(1) })).toEqual(['chain']);
  expect(await failed({ anchors: [...CHAIN, DEVICES[0]!.certificate] })).toEqual([]);
});

test('every single octet that changes is found', async () => {
  const { file } = await writeItems(folder, ITEMS.slice(0, 3));
  const octets = readFileSync(file);
  const random = seededRandom(20261125);
  const tampered = path.join(folder, 'tampered.zip');
  const unseen: number[] = [];
  const places = Math.min(TAMPERINGS, octets.length);
  for (let turn = 0; turn < places; turn += 1) {
    const place = places === octets.length ? turn : random.below(octets.length);
    const changed = Buffer.from(octets);
    changed[place] = (changed[place] ?? 0) ^ (1 << random.below(8));
    writeFileSync(tampered, changed);
    if ((await verifyResult(tampered, { key: SEAL.spki })).passed) unseen.push(place);
  }
  expect(unseen).toEqual([]);
}, 240_000);

test('octets that go or come are found', async () => {
  const { file } = await writeItems(folder, ITEMS);
  const octets = readFileSync(file);
  const tampered = path.join(folder, 'tampered.zip');
  await fc.assert(
    fc.asyncProperty(
      fc.nat(octets.length - 1),
      fc.integer({ min: 1, max: 400 }),
      fc.uint8Array({ maxLength: 20 }),
      async (at, gone, come) => {
        const changed = Buffer.concat([octets.subarray(0, at), come, octets.subarray(at + gone)]);
        fc.pre(!changed.equals(octets));
        writeFileSync(tampered, changed);
        expect((await verifyResult(tampered, {})).passed).toBe(false);
      },
    ),
    { numRuns: 300, seed: 20261125 },
  );
});

test('any items round trip, and their result verifies', async () => {
  const id = fc.stringMatching(/^[a-zA-Z0-9=+@(][a-zA-Z0-9 ._-]{0,20}[a-z0-9]$/);
  const ids = fc.uniqueArray(id, { maxLength: 30, selector: (one) => one.toLowerCase() });
  await fc.assert(
    fc.asyncProperty(ids, fc.infiniteStream(fc.boolean()), async (names, lucky) => {
      const items = names.map((name, place) =>
        lucky.next().value ? issued(place + 1, name) : refused(place + 1, name),
      );
      const { file, statement } = await writeItems(folder, inOrder(items));
      expect(statement.counts.SUCCESS).toBe(items.filter((one) => one.status === 'SUCCESS').length);
      expect((await verifyResult(file, { key: SEAL.spki })).checks.filter((one) => !one.passed)).toEqual([]);
    }),
    { numRuns: 40, seed: 20261125 },
  );
});

test.each([
  ['morning.zip', 'morning-response.zip'],
  ['morning', 'morning-response.zip'],
  ['a.b.NDJSON', 'a.b-response.zip'],
])('the result of %s is named %s', (upload, name) => expect(resultName(upload)).toBe(name));

/** Set FUZZ_CASES to change every octet in turn. */
const TAMPERINGS = Number(process.env['FUZZ_CASES'] ?? 2500);
const run = (command: string, ...words: string[]) => execFileSync(command, words, { encoding: 'utf8' });
