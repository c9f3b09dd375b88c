import { opensslVerify } from '../support/openssl.ts';
import { TEST_NOW } from '../support/dates.ts';
import { world, type World } from '../support/world.ts';
import { POLICY } from './issued-certificates.ts';

const ROOTS = ['root-oca', 'root-dca', 'root-dccki'];
const ISSUING = ['issuing-oca', 'issuing-dca', 'eii-dccki'];
const SMKI = ['root-oca', 'root-dca', 'issuing-oca', 'issuing-dca'];
const DCCKI = ['root-dccki', 'eii-dccki'];
const EVERY = [...ROOTS, ...ISSUING];

const CRITICAL_CERT_SIGN = '300e0603551d0f0101ff040403020106';
const CRITICAL_POLICY = '301d0603551d200101ff04133011300f060d2a863a0001848fb90f01020104';
const SUBJECT_KEY = '30110603551d0e040a04084.{15}';
const AUTHORITY_KEY = '30130603551d23040c300a80084.{15}';

/** Clause by clause over the finished DER of the test CAs, written as octets and not by our own reader. */
const CLAUSES: readonly [clause: string, authorities: readonly string[], pattern: RegExp][] = [
  ['RFC 5280, 4.1.2.1: version 3', EVERY, /^3082....3082....a003020102/],
  ['RFC 5280, 4.1.2.2: a serial number of 16 octets, positive', EVERY, /^.{16}a0030201020210[0-7]/],
  [
    'RFC 5758, 3.2: ecdsa-with-SHA256 without parameters, twice',
    SMKI,
    /0210.{32}300a06082a8648ce3d040302.*300a06082a8648ce3d04030203..0030/,
  ],
  [
    'RFC 4055, 5: sha256WithRSAEncryption with NULL, twice',
    DCCKI,
    /0210.{32}300d06092a864886f70d01010b0500.*300d06092a864886f70d01010b050003820201/,
  ],
  [
    'RFC 5480, 2: an uncompressed point on P-256',
    SMKI,
    /3059301306072a8648ce3d020106082a8648ce3d03010703420004/,
  ],
  ['DESIGN: an RSA key of 4096 bits', DCCKI, /300d06092a864886f70d01010105000382020f003082020a0282020100/],
  [
    'SEC Appendix B: OU=00, CN=TRO1 in PrintableString',
    ['root-oca'],
    named('310b3009060355040b13023030310d300b0603550403130454524f31'),
  ],
  [
    'SEC Appendix B: OU=07, CN=TIO1 in PrintableString',
    ['issuing-oca'],
    named('310b3009060355040b13023037310d300b0603550403130454494f31'),
  ],
  ['SEC Appendix A: CN=TRD1 alone', ['root-dca'], named('310d300b0603550403130454524431')],
  ['SEC Appendix A: CN=TID1 alone', ['issuing-dca'], named('310d300b0603550403130454494431')],
  ['DESIGN: CN=TRK1 alone', ['root-dccki'], named('310d300b0603550403130454524b31')],
  ['DESIGN: CN=TIK1 alone', ['eii-dccki'], named('310d300b0603550403130454494b31')],
  [
    'RFC 5280, 4.1.2.5: 50 years, the last second in GeneralizedTime',
    ['root-oca'],
    /170d3236313132333132303030305a180f32303736313132333131353935395a/,
  ],
  [
    'RFC 5280, 4.1.2.5: 25 years, the last second in GeneralizedTime',
    ['issuing-oca', 'root-dccki'],
    /170d3236313132333132303030305a180f32303531313132333131353935395a/,
  ],
  [
    'RFC 5280, 4.1.2.5: 15 years in UTCTime',
    ['eii-dccki'],
    /170d3236313132333132303030305a170d3431313132333131353935395a/,
  ],
  [
    'RFC 5280, 4.1.2.5: without end',
    ['root-dca', 'issuing-dca'],
    /170d3236313132333132303030305a180f39393939313233313233353935395a/,
  ],
  [
    'RFC 5280, 4.2.1.9; DESIGN: a root has KU, BC without pathLen, CP, SKI and no other',
    ROOTS,
    extensions(CRITICAL_CERT_SIGN, '300f0603551d130101ff040530030101ff', CRITICAL_POLICY, SUBJECT_KEY),
  ],
  [
    'RFC 5280, 4.2.1.9; DESIGN, as the public Issuing OCA: an issuing CA has KU, BC with pathLen 0, CP, SKI, AKI and no other',
    ISSUING,
    extensions(
      CRITICAL_CERT_SIGN,
      '30120603551d130101ff040830060101ff020100',
      CRITICAL_POLICY,
      SUBJECT_KEY,
      AUTHORITY_KEY,
    ),
  ],
];

describe('finished certificates of the test CAs', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());
  const authority = (name: string) => here.needs.hierarchy.find(name)!;

  test.each(CLAUSES.flatMap(([clause, names, pattern]) => names.map((name) => ({ clause, name, pattern }))))(
    '$clause ($name)',
    ({ name, pattern }) => {
      expect(authority(name).certificate.toString('hex')).toMatch(pattern);
    },
  );

  test.each(EVERY)('OpenSSL validates the path of %s, strictly and under the policy', (name) => {
    const { certificate, chain } = authority(name);
    const above = chain.length > 1 ? chain.slice(1) : chain;
    expect(opensslVerify(certificate, above, { policy: POLICY, at: TEST_NOW })).toEqual({
      ok: true,
      text: expect.stringContaining('OK'),
    });
  });

  test('no two of them share a key or a serial number', () => {
    const all = EVERY.map(authority);
    expect(new Set(all.map((one) => one.keySha256)).size).toBe(EVERY.length);
    expect(new Set(all.map((one) => one.serialNumber)).size).toBe(EVERY.length);
  });
});

/** The subject between the validity and the key. */
function named(rdns: string): RegExp {
  const length = (rdns.length / 2).toString(16).padStart(2, '0');
  return new RegExp(`5a30${length}${rdns}30(59|82....)30`);
}

/** [3] with exactly these extensions, in this order, before the signature algorithm. */
function extensions(...list: readonly string[]): RegExp {
  return new RegExp(`a3(81)?..30(81)?..${list.join('')}30(0a06082a8648ce|0d06092a864886)`);
}
