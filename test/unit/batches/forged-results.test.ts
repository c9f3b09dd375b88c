import { generateKeyPairSync, hash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { certificateText } from '../../../src/batches/results/finished-item.ts';
import type { ListedCertificate, Statement } from '../../../src/batches/results/manifest.ts';
import { merkleTree } from '../../../src/batches/results/merkle-tree.ts';
import { verifyResult, type ResultTrust } from '../../../src/batches/results/verify-result.ts';
import { storedZip } from '../../../src/archive/stored-zip.ts';
import { encodePem } from '../../../src/x509/pem.ts';
import { readCertificate } from '../../../src/x509/read-certificate.ts';
import { temporaryFolder } from '../../support/batch-intake.ts';
import { issued, refused, SEAL, writeItems } from '../../support/batch-results.ts';
import { forge, type Afterwards, type ResultParts } from '../../support/forged-results.ts';
import { openFiles } from '../../support/open-files.ts';
import { makeSignedSpecimens } from '../../support/signed-specimens.ts';

const folder = temporaryFolder();
const SPKI = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  type: 'spki',
  format: 'der',
});
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
  type: 'spki',
  format: 'der',
});
const ELSEWHERE = [...makeSignedSpecimens().values()].find((one) => one.issuer === 'issuing-oca')!;
const ZEROS = '0'.repeat(64);
let result = '';
mkdirSync(path.join(folder, 'long'));

beforeAll(async () => {
  result = (await writeItems(folder, [issued(1, 'a'), refused(2, 'b'), issued(4, 'c'), issued(5, 'd')])).file;
});

type Forgery = readonly [
  what: string,
  failed: readonly string[],
  change: (parts: ResultParts) => void,
  after?: Afterwards,
];

/** The service signed all of these but where it says otherwise: each check is all that stands between them and a good verdict. */
const FORGERIES: readonly Forgery[] = [
  ['nothing', [], () => undefined],
  ['an environment said of all of it', [], set({ environment: 'SIT_B' })],

  // The signature.
  ['a count after the signature', ['signature', 'counts'], () => undefined, { statement: countsOf(3, 2) }],
  ['a name after the signature', ['signature'], () => undefined, { statement: { participant: 'OTHER' } }],
  ['another key in the manifest', ['signature'], () => undefined, { spki: SPKI }],
  ['no key in the manifest', ['signature'], () => undefined, { spki: Buffer.from('none') }],
  ['RSA said of an EC key', ['signature'], () => undefined, { algorithm: 'sha256WithRSAEncryption' }],

  // The manifest.
  ['no manifest', ['manifest'], () => undefined, { manifest: () => undefined }],
  ['a manifest that is no JSON', ['manifest'], () => undefined, { manifest: (text) => text.slice(1) }],
  ['a space in the manifest', ['manifest'], () => undefined, { manifest: (text) => `${text} ` }],
  ['two spaces for one', ['manifest'], () => undefined, { manifest: (text) => text.replace(':', ': ') }],
  [
    'a member twice',
    ['manifest'],
    () => undefined,
    { manifest: (text) => text.replace('{"batch":', '{"batch":"x","batch":') },
  ],
  [
    'a member of its own',
    ['manifest'],
    () => undefined,
    { manifest: (text) => text.replace('{', '{"x":1,') },
  ],
  ['a member of its statement', ['manifest'], ({ statement }) => void Object.assign(statement, { more: 1 })],
  [
    'a member of its issuer',
    ['manifest'],
    ({ statement }) => void Object.assign(statement.issuer, { more: 1 }),
  ],
  [
    'a member of its signature',
    ['manifest'],
    () => undefined,
    { manifest: (text) => text.replace('"algorithm"', '"more":1,"algorithm"') },
  ],
  [
    'a member of its list',
    ['manifest'],
    () => undefined,
    { manifest: (text) => text.replace('{"file"', '{"more":1,"file"') },
  ],
  ['another format', ['manifest'], set({ format: 'tcs-batch-result/2' as 'tcs-batch-result/1' })],
  ['an instant that is none', ['manifest'], set({ completedAt: 'yesterday' })],
  ['an instant with a fraction', ['manifest'], set({ completedAt: '2026-11-24T12:00:00.000Z' })],
  ['an environment that is none', ['manifest'], set({ environment: 'C' as never })],
  ['a name of 1,001 characters', ['manifest'], set({ name: 'x'.repeat(1001) })],
  [
    'a root in capitals',
    ['manifest'],
    ({ statement }) => void (statement.merkleRoot = statement.merkleRoot.toUpperCase()),
  ],
  ['a root of 63 digits', ['manifest'], set({ merkleRoot: ZEROS.slice(1) })],
  ['a count below zero', ['manifest'], set(countsOf(-1, 1))],
  ['a count of a half', ['manifest'], set(countsOf(3.5, 1))],
  [
    'Base64 that is not canonical',
    ['manifest'],
    () => undefined,
    { manifest: (text) => text.replace('"publicKey":"', '"publicKey":"\\n') },
  ],

  // Files.
  ['a file more', ['files'], () => undefined, { more: [['more.txt', Buffer.from('more')]] }],
  [
    'a file before the others',
    ['files', 'certificates', 'merkle root', 'items'],
    ({ files }) => void files.unshift(['0.txt', Buffer.alloc(0)]),
  ],
  ['members in another order', ['files'], ({ files }) => void files.splice(3, 2, files[4]!, files[3]!)],
  ['no bundle', ['files', 'certificates.p7b'], ({ files }) => void files.pop()],
  [
    'another bundle',
    ['certificates.p7b'],
    () => undefined,
    { members: { 'certificates.p7b': { sha256: ZEROS } } },
  ],
  [
    'other octets told of the bundle',
    ['certificates.p7b'],
    () => undefined,
    { members: { 'certificates.p7b': { octets: 1 } } },
  ],

  // Certificates.
  [
    'a certificate with other ends of lines',
    ['certificates', 'merkle root', 'items'],
    ({ files }) => void (files[0]![1] = Buffer.from(files[0]![1].toString().replaceAll('\n', '\r\n'))),
  ],
  [
    'a certificate that is none',
    ['certificates', 'merkle root', 'items'],
    ({ files }) => void (files[0]![1] = Buffer.from(encodePem('CERTIFICATE', Buffer.from('3080', 'hex')))),
  ],
  [
    'a certificate larger than one',
    ['certificates', 'merkle root', 'items'],
    ({ files }) => void (files[0]![1] = Buffer.alloc(64 * 1024 + 1, 'A')),
  ],
  ['a certificate of another issuer', ['certificates'], putElsewhere],
  [
    'another certificate',
    ['certificates', 'merkle root', 'items'],
    ({ files }) => void (files[0]![1] = files[1]![1]),
  ],
  [
    'another hash in the list',
    ['certificates', 'items'],
    ({ list }) => void (list[0] = { file: 'a.crt', sha256: ZEROS }),
  ],
  ['another root', ['merkle root'], set({ merkleRoot: ZEROS })],
  ['the names of two certificates changed', ['items'], exchangeNames],

  // Items.
  ['lines in another order', ['items', 'counts'], lines((all) => [all[1]!, all[0]!, ...all.slice(2)])],
  ['a line twice', ['items'], lines((all) => [all[0]!, all[1]!, all[1]!, ...all.slice(2)])],
  [
    'a position of zero',
    ['items', 'counts'],
    lines(([first, ...rest]) => [edited(first!, { position: 0 }), ...rest]),
  ],
  [
    'a position of a half',
    ['items', 'counts'],
    lines(([first, ...rest]) => [edited(first!, { position: 0.5 }), ...rest]),
  ],
  [
    'a space in a line',
    ['items', 'counts'],
    lines(([first, ...rest]) => [first!.replace(':', ': '), ...rest]),
  ],
  ['a line that is no JSON', ['items', 'counts'], lines(([first, ...rest]) => [first!.slice(1), ...rest])],
  ['a member more', ['items', 'counts'], lines(([first, ...rest]) => [edited(first!, { more: 1 }), ...rest])],
  [
    'another id',
    ['items'],
    lines(
      ([first, ...rest]) => [edited(first!, { id: 'z' }), ...rest],
      (text) => text.replace(/^a(?=[\t,])/m, 'z'),
    ),
  ],
  [
    'another serial number',
    ['items'],
    lines(([first, ...rest]) => [edited(first!, { serialNumber: '01' }), ...rest]),
  ],
  [
    'another certificate in a line',
    ['items'],
    lines((all) => [edited(all[0]!, pick(all[2]!, 'certificate', 'sha256')), ...all.slice(1)]),
  ],
  [
    'another hash in a line',
    ['items', 'counts'],
    lines(([first, ...rest]) => [edited(first!, { sha256: ZEROS }), ...rest]),
  ],
  [
    'a status that is none',
    ['items', 'counts'],
    lines((all) => [all[0]!, edited(all[1]!, { status: 'LUCK' }), ...all.slice(2)]),
  ],
  [
    'a certificate of an item that failed',
    ['items', 'counts'],
    lines((all) => [all[0]!, edited(all[1]!, pick(all[0]!, 'sha256')), ...all.slice(2)]),
  ],
  [
    'a certificate without an item',
    ['items'],
    (parts) => {
      lines(
        (all) => all.slice(0, 3),
        (text) => text.replace(/^d[\t,].*\r?\n/m, ''),
      )(parts);
      Object.assign(parts.statement, countsOf(2, 1));
    },
  ],
  [
    'an item without its certificate',
    ['items'],
    ({ files, list, statement }) => {
      files.splice(2, 1);
      list.pop();
      statement.merkleRoot = rootOf(list);
    },
  ],
  [
    'a report that tells otherwise',
    ['items'],
    ({ member, setMember }) => setMember('report.txt', member('report.txt').replace('success', 'error')),
  ],
  [
    'a table that tells otherwise',
    ['items'],
    ({ member, setMember }) => setMember('report.csv', member('report.csv').replace('success', 'error')),
  ],
  ['a count too high', ['counts'], set(countsOf(4, 1))],
  ['a count too low', ['counts'], set(countsOf(2, 1))],
  [
    'a line longer than any item',
    ['container'],
    ({ setMember }) => setMember('certificates.ndjson', 'x'.repeat(1024 * 1024 + 1)),
  ],
];

// One argument: with more parameters than fields in a row, jest would wait for a callback.
test.each(FORGERIES.map((row) => ({ what: row[0], failed: row[1], row })))(
  '$what: what fails is $failed',
  async ({ failed, row: [, , change, after] }) => {
    expect(await failedIn(await forge(result, change, after), { key: SEAL.spki })).toEqual(failed);
  },
);

test.each([
  ['none', Buffer.from('none')],
  ['another one', SPKI],
  ['of another kind', RSA],
])('without a given key, a key inside that is %s fails the signature', async (_, spki) => {
  const forged = await forge(result, () => undefined, { spki });
  expect(await failedIn(forged, {})).toEqual(['signature']);
});

test('a manifest larger than that of the largest batch is not read', async () => {
  const zip = storedZip();
  const size = 256 * 1024 * 1024 + 1;
  const head = zip.begin('manifest.json', size, 0);
  const forged = path.join(folder, 'large.zip');
  writeFileSync(forged, head);
  truncateSync(forged, head.length + size);
  appendFileSync(forged, zip.end());
  expect((await verifyResult(forged, {})).checks.at(-1)).toEqual({
    check: 'manifest',
    passed: false,
    detail: 'it is larger than that of the largest batch',
  });
});

test.each([
  [
    'a comment',
    (octets: Buffer) =>
      Buffer.concat([octets.fill(3, octets.length - 2, octets.length - 1), Buffer.from('new')]),
  ],
  ['an octet after the end', (octets: Buffer) => Buffer.concat([octets, Buffer.alloc(1)])],
  ['an octet before the beginning', (octets: Buffer) => Buffer.concat([Buffer.alloc(1), octets])],
  ['another time of a file', (octets: Buffer) => octets.fill(1, 10, 11)],
  [
    'another kind of system in the directory',
    (octets: Buffer) => octets.fill(0, directoryOf(octets) + 5, directoryOf(octets) + 6),
  ],
])('%s in the frame of the ZIP fails the container', async (_, change) => {
  const forged = path.join(folder, 'frame.zip');
  writeFileSync(forged, change(readFileSync(result)));
  expect(await failedIn(forged, {})).toEqual(['container']);
});

test('what is wrong with a file of the ZIP is told as that', async () => {
  const octets = readFileSync(result);
  octets.fill(0x09, directoryOf(octets) + 8, directoryOf(octets) + 9);
  const forged = path.join(folder, 'encrypted.zip');
  writeFileSync(forged, octets);
  expect((await verifyResult(forged, {})).checks).toEqual([
    { check: 'container', passed: false, detail: 'it is encrypted' },
  ]);
});

test.each([
  ['a certificate of other octets than its CRC-32 says', damage, 'its content does not have the size'],
  ['a certificate that is larger than one', enlarge, 'larger than a certificate'],
])('%s is told with its file', async (_, change, detail) => {
  const forged = change(await forge(result, () => undefined));
  const { checks } = await verifyResult(await forged, {});
  expect(checks.find((one) => one.check === 'certificates')?.detail).toMatch(
    new RegExp(`^a\\.crt: .*${detail}`),
  );
});

test('an item whose reasons take a million octets is read', async () => {
  const item = refused(1, 'a');
  if (item.status === 'SUCCESS') throw new TypeError('nothing was refused');
  const reasons = item.reasons.map((one) => ({ ...one, detail: 'x'.repeat(1_000_000) }));
  const { file } = await writeItems(path.join(folder, 'long'), [{ ...item, reasons }]);
  expect(await failedIn(file, {})).toEqual([]);
});

test('a file that is not there is no verdict', async () => {
  await expect(verifyResult(path.join(folder, 'nowhere.zip'), {})).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each([
  ['good', () => result],
  ['cut off', () => cutOff()],
])('a result that is %s is closed when it has been verified', async (_, make) => {
  const file = make();
  await verifyResult(file, {});
  expect(openFiles()).not.toContain(file);
});

async function failedIn(file: string, trust: ResultTrust): Promise<string[]> {
  const { passed, checks } = await verifyResult(file, trust);
  const failed = checks.filter((one) => !one.passed).map((one) => one.check);
  expect(passed).toBe(failed.length === 0);
  return failed;
}

function set(change: Partial<Statement>) {
  return ({ statement }: ResultParts) => void Object.assign(statement, change);
}

function countsOf(success: number, failed: number): Pick<Statement, 'counts'> {
  const none = { INELIGIBLE: 0, ISSUANCE_ANOMALY: 0, CA_ERROR: 0, WORKFLOW_ERROR: 0 };
  return { counts: { ...none, SUCCESS: success, CSR_ERROR: failed } };
}

/** Changes the lines of certificates.ndjson, and both reports alike. */
function lines(change: (all: string[]) => string[], report: (text: string) => string = (text) => text) {
  return ({ member, setMember }: ResultParts) => {
    const all = member('certificates.ndjson').trimEnd().split('\n');
    setMember(
      'certificates.ndjson',
      change(all)
        .map((one) => `${one}\n`)
        .join(''),
    );
    for (const name of ['report.txt', 'report.csv'] as const) setMember(name, report(member(name)));
  };
}

const edited = (line: string, change: object) =>
  JSON.stringify({ ...(JSON.parse(line) as object), ...change });
function pick(line: string, ...names: readonly string[]): object {
  const all = JSON.parse(line) as Record<string, unknown>;
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

/** The first certificate, all of it, comes from another issuing CA. */
function putElsewhere(parts: ResultParts): void {
  const { certificate } = ELSEWHERE;
  const sha256 = hash('sha256', certificate);
  const serialNumber = readCertificate(certificate).facts.serialNumber.toString('hex').toUpperCase();
  parts.files[0]![1] = Buffer.from(certificateText(certificate));
  parts.list[0] = { file: 'a.crt', sha256 };
  parts.statement.merkleRoot = rootOf(parts.list);
  const change = { serialNumber, sha256, certificate: certificate.toString('base64') };
  lines(([first, ...rest]) => [edited(first!, change), ...rest])(parts);
}

/** Two certificates bear the name of the other. */
function exchangeNames({ files, list }: ResultParts): void {
  [files[0]![0], files[1]![0]] = [files[1]![0], files[0]![0]];
  [list[0], list[1]] = [
    { ...list[0]!, file: list[1]!.file },
    { ...list[1]!, file: list[0]!.file },
  ];
}

function rootOf(list: readonly ListedCertificate[]): string {
  const tree = merkleTree();
  for (const { sha256 } of list) tree.append(Buffer.from(sha256, 'hex'));
  return tree.root().toString('hex');
}

/** Where the central directory begins, as the end record tells. */
const directoryOf = (octets: Buffer) => octets.readUInt32LE(octets.length - 6);

function cutOff(): string {
  const file = path.join(folder, 'cut-off.zip');
  writeFileSync(file, readFileSync(result).subarray(10));
  return file;
}

/** One octet of the first certificate is another, and no header knows of it. */
function damage(file: string): string {
  const octets = readFileSync(file);
  const place = octets.indexOf('-----BEGIN CERTIFICATE-----');
  octets.fill('=', place, place + 1);
  writeFileSync(file, octets);
  return file;
}

function enlarge(): Promise<string> {
  return forge(result, ({ files }) => void (files[0]![1] = Buffer.alloc(64 * 1024 + 1, 'A')));
}
