import type { CertificateVerdict } from '../../../src/lint/check-certificate.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { checkZip, CHECK_LIMITS } from '../../../src/batches/containers/check-zip.ts';
import { rawZip, type RawEntry, type RawZipChange } from '../../support/raw-zip.ts';

/** DER enough to be handed to the check, whose verdict tells the octets apart. */
const der = (last: number) => Buffer.from([0x30, 0x81, 1, last]);
const verdicts = (octets: Buffer): CertificateVerdict => ({
  verdict: octets.at(-1) === 0 ? 'PASS' : 'FAIL',
  profile: String(octets.at(-1)),
  findings: [],
});
const file = (name: string | Buffer, change: Partial<RawEntry> = {}): RawEntry => ({
  name,
  content: der(0),
  ...change,
});

test('every file has its verdict by its name; one that holds no certificate fails no neighbour', async () => {
  const pem = `-----BEGIN CERTIFICATE-----\n${der(1).toString('base64')}\n-----END CERTIFICATE-----\n`;
  const checked = await checkZip(
    rawZip([
      file('a.crt'),
      file('b.pem', { content: pem, deflate: true }),
      file('empty', { content: '' }),
      file('readme.txt', { content: 'no certificate' }),
      file('z.der', { content: der(2) }),
    ]),
    verdicts,
  );
  expect(checked.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['a.crt', 'PASS'],
    ['b.pem', 'FAIL'],
    ['empty', 'NONE'],
    ['readme.txt', 'NONE'],
    ['z.der', 'FAIL'],
  ]);
  expect(checked[2]).toMatchObject({ reasons: [{ reason: 'CERTIFICATE_UNPARSEABLE' }] });
});

test('as many as the limit are checked, and others are served meanwhile', async () => {
  const names = Array.from({ length: CHECK_LIMITS.entries }, (_, place) => file(`${String(place)}.crt`));
  let turns = 0;
  let done = false;
  const others = () => {
    turns += 1;
    if (!done) setImmediate(others);
  };
  setImmediate(others);
  expect(await checkZip(rawZip(names), verdicts)).toHaveLength(CHECK_LIMITS.entries);
  done = true;
  expect(turns).toBeGreaterThan(CHECK_LIMITS.entries / 2);
});

test('a fault of ours is no verdict', async () => {
  const broken = () => {
    throw new TypeError('a mistake');
  };
  await expect(checkZip(rawZip([file('a.crt')]), broken)).rejects.toThrow('a mistake');
});

test('a fault that is not about reading the certificate is no verdict either', async () => {
  const failing = () => {
    throw new Fault('database-unavailable', 'It is away.');
  };
  await expect(checkZip(rawZip([file('a.crt')]), failing)).rejects.toMatchObject({
    code: 'database-unavailable',
  });
});

test('twenty troubles are told at most', async () => {
  const names = Array.from({ length: 21 }, (_, place) => file(`x/${String(place)}.crt`));
  const refused = await checkZip(rawZip(names), verdicts).catch((error: unknown) => error);
  expect((refused as Fault).reasons).toHaveLength(20);
});

const large = Buffer.alloc(CHECK_LIMITS.entrySize + 1, 0x30);
const tooMany = Array.from({ length: CHECK_LIMITS.entries + 1 }, (_, place) => file(`${String(place)}.crt`));
const REFUSED: readonly (readonly [string, Buffer, 'too-large' | 'malformed-request', RegExp])[] = [
  ['no ZIP', Buffer.from('no ZIP'), 'malformed-request', /^the ZIP cannot be read/],
  ['nothing', Buffer.alloc(0), 'malformed-request', /^the ZIP cannot be read/],
  ['no file', zip([]), 'malformed-request', /holds no file/],
  ['too many files', zip(tooMany), 'too-large', /more than 1000 files/],
  ['a file that is too large', zip([file('a', { content: large })]), 'too-large', /"a": it holds 16385/],
  [
    'a file that is too large beside a name that cannot be',
    zip([file('a', { content: large }), file('/b')]),
    'malformed-request',
    /"a": it holds 16385/,
  ],
  [
    'a file that unpacks to more than it tells',
    zip([file('a', { content: large, deflate: true, size: 100 })]),
    'too-large',
    /unpacks to more/,
  ],
  ['the same name twice', zip([file('a.crt'), file('A.CRT')]), 'malformed-request', /"A.CRT": .*twice/],
  ['a path that leads out', zip([file('../a.crt')]), 'malformed-request', /leads out of the folder/],
  ['an absolute path', zip([file('/a.crt')]), 'malformed-request', /absolute path/],
  ['a backslash', zip([file('x\\a.crt')]), 'malformed-request', /backslash/],
  ['a folder', zip([file('x/')]), 'malformed-request', /is a folder/],
  [
    'a name with a control character',
    zip([file('a\u001b.crt')]),
    'malformed-request',
    /not every file system/,
  ],
  [
    'a symbolic link',
    zip([file('a', { external: 0o120777 * 65_536 })]),
    'malformed-request',
    /symbolic link/,
  ],
  ['a password', zip([file('a', { flags: 1 })]), 'malformed-request', /encrypted/],
  ['another method', zip([file('a', { method: 12 })]), 'malformed-request', /method is 12/],
  ['a wrong CRC-32', zip([file('a'), file('b', { crc32: 1 })]), 'malformed-request', /"b": .*CRC-32/],
  [
    'files that share octets',
    zip([file('a'), file('b', { offset: 0 })]),
    'malformed-request',
    /shares octets|not say the same/,
  ],
  ['a hidden entry', zip([file('a'), file('b')], { count: 1 }), 'malformed-request', /counts fewer files/],
];

test.each(REFUSED)('%s refuses the whole', async (_what, octets, code, detail) => {
  const fault = await checkZip(octets, verdicts).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(fault instanceof Fault)) throw new TypeError('nothing was refused');
  expect(fault.code).toBe(code);
  expect(fault.reasons[0]).toMatchObject({
    reason: 'CERTIFICATE_ZIP_REFUSED',
    detail: expect.stringMatching(detail),
  });
});

function zip(entries: readonly RawEntry[], change: RawZipChange = {}): Buffer {
  return rawZip(entries, change);
}
