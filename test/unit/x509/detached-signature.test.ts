import { Fault } from '../../../src/domain/fault.ts';
import { TEST_NOW } from '../../support/dates.ts';
import { seededRandom } from '../../support/random.ts';
import { encodePem } from '../../../src/x509/pem.ts';
import {
  readSignerCertificate,
  verifyDetachedSignature,
  type SignerCertificate,
} from '../../../src/x509/detached-signature.ts';
import {
  K256,
  openSigningDesk,
  P256,
  P384,
  P521,
  rsa,
  type SigningDesk,
} from '../../support/signed-files.ts';

const CONTENT = Buffer.from('record,version\nFEED,1\n');
const desks = new Map<string, SigningDesk>();
const desk = (key: readonly string[], options?: readonly string[]): SigningDesk => {
  const name = JSON.stringify([key, options]);
  const known = desks.get(name) ?? openSigningDesk(key, options);
  desks.set(name, known);
  return known;
};
afterAll(() => desks.forEach((one) => one.close()));

/** Why a signature is refused; `undefined` when it is good. */
function refusal(
  signature: Buffer | undefined,
  {
    by = desk(P256),
    content = CONTENT,
    now = TEST_NOW,
  }: { by?: SigningDesk; content?: Buffer; now?: Date } = {},
): string | undefined {
  return refusalUnder(readSignerCertificate(by.certificate), signature, content, now);
}
function refusalUnder(
  certificate: SignerCertificate,
  signature: Buffer | undefined,
  content: Buffer,
  now: Date,
) {
  try {
    verifyDetachedSignature(content, signature, certificate, now);
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(error.code).toBe('feed-signature-invalid');
    expect(error.reasons.map(({ reason }) => reason)).toEqual(['FEED_SIGNATURE_INVALID']);
    const { detail } = error.reasons[0]!;
    // No words would be taken for a good signature.
    expect(detail).toEqual(expect.any(String));
    return detail;
  }
}

const KEYS: readonly (readonly [string, readonly string[]])[] = [
  ['P-256', P256],
  ['P-384', P384],
  ['P-521', P521],
  ['RSA 2048', rsa(2048)],
];

describe('a detached signature', () => {
  test.each(
    KEYS.flatMap(([name, key]) => ['sha256', 'sha384', 'sha512'].map((md) => [name, md, key] as const)),
  )('by %s with %s is good in every form, and refused for another file', (_name, md, key) => {
    const by = desk(key);
    const raw = by.raw(CONTENT, md);
    const forms = [
      by.cms(CONTENT, '-md', md),
      by.cms(CONTENT, '-md', md, '-noattr'),
      by.cms(CONTENT, '-md', md, '-nocerts'),
      by.cms(CONTENT, '-md', md, '-keyid'),
      by.cms(CONTENT, '-md', md, '-nosmimecap'),
      by.cms(CONTENT, '-md', md, '-outform', 'PEM'),
      Buffer.from(encodePem('PKCS7', by.cms(CONTENT, '-md', md)).replaceAll('\n', '\r\n')),
      raw,
      Buffer.from(raw.toString('base64')),
      Buffer.from(
        `${raw
          .toString('base64')
          .match(/.{1,64}/g)!
          .join('\r\n')}\r\n`,
      ),
    ];
    expect(forms.map((one) => refusal(one, { by }))).toEqual(forms.map(() => undefined));
    const other = Buffer.from('record,version\nFEED,2\n');
    for (const one of forms) expect(refusal(one, { by, content: other })).toMatch(/differs$|does not verify/);
  });

  test.each<[string, () => Buffer | undefined, RegExp]>([
    ['no signature', () => undefined, /^the file is not signed$/],
    ['an empty signature', () => Buffer.alloc(0), /^the file is not signed$/],
    [
      'another signer',
      () => desk(P384).cms(CONTENT),
      /^the CMS carries certificates, and the configured one is not among them$/,
    ],
    ['another signer, not shown', () => desk(P384).cms(CONTENT, '-nocerts'), /^the CMS names another signer/],
    [
      'another signer by key identifier',
      () => desk(P384).cms(CONTENT, '-nocerts', '-keyid'),
      /^the CMS names another signer/,
    ],
    [
      'a raw signature by another',
      () => desk(P384).raw(CONTENT),
      /another key signed, or the file was changed$/,
    ],
    [
      'a raw signature by an RSA key',
      () => desk(rsa(2048)).raw(CONTENT),
      /another key signed, or the file was changed$/,
    ],
    [
      'SHA-1',
      () => desk(P256).cms(CONTENT, '-md', 'sha1'),
      /^the digest is not SHA-256, SHA-384 or SHA-512$/,
    ],
    ['SHA-224', () => desk(P256).cms(CONTENT, '-md', 'sha224'), /^the digest is not SHA-256/],
    ['SHA-1 alone', () => desk(P256).raw(CONTENT, 'sha1'), /does not verify/],
    ['the content within', () => desk(P256).cms(CONTENT, '-nodetach'), /^the CMS holds a copy of the file/],
    [
      'BER of indefinite length',
      () => indefinite(desk(P256).cms(CONTENT)),
      /^the CMS is not written in DER$/,
    ],
    ['S/MIME', () => desk(P256).cms(CONTENT, '-outform', 'SMIME'), /^the signature is S\/MIME/],
    ['a certificate instead', () => desk(P256).certificate, /does not verify/],
    [
      'a certificate in PEM instead',
      () => Buffer.from(encodePem('CERTIFICATE', desk(P256).certificate)),
      /^the text is not exactly one PEM of CMS/,
    ],
    [
      'two PEMs',
      () => Buffer.from(encodePem('CMS', desk(P256).cms(CONTENT)).repeat(2)),
      /^the text is not exactly one PEM of CMS/,
    ],
    ['text', () => Buffer.from('signed, yours sincerely'), /^the signature is text and not Base64/],
    ['octets after it', () => Buffer.concat([desk(P256).cms(CONTENT), Buffer.from([0])]), /^the CMS/],
    ['more than a signature', () => Buffer.alloc(65_537, 0x30), /too long/],
    ['an empty SEQUENCE', () => Buffer.from('3000', 'hex'), /does not verify/],
    ['half a header', () => Buffer.from('30', 'hex'), /./],
  ])('of %s is refused in words', (_what, signature, words) => {
    expect(refusal(signature())).toMatch(words);
    expect(refusal(desk(P256).cms(CONTENT))).toBeUndefined();
  });

  test('of RSA-PSS is refused in words', () => {
    const by = desk(rsa(2048));
    expect(refusal(by.cms(CONTENT, '-keyopt', 'rsa_padding_mode:pss'), { by })).toMatch(
      /^the signature algorithm 1\.2\.840\.113549\.1\.1\.10 does not fit/,
    );
  });

  test('is refused before its certificate is valid, and after; both ends count', () => {
    const by = desk(P256);
    const certificate = readSignerCertificate(by.certificate);
    const signature = by.cms(CONTENT);
    const at = (text: string, milliseconds: number) =>
      refusalUnder(certificate, signature, CONTENT, new Date(new Date(text).getTime() + milliseconds));
    expect(at(certificate.validFrom, -1)).toMatch(
      /^the certificate of the signer is not yet valid: it begins on/,
    );
    expect(at(certificate.validFrom, 0)).toBeUndefined();
    expect(at(certificate.validTo, 999)).toBeUndefined();
    expect(at(certificate.validTo, 1000)).toMatch(/^the certificate of the signer has expired: it ended on/);
  });

  test('is refused with any octet changed, of the signature and of the file', () => {
    const random = seededRandom(20261125);
    const accepted: string[] = [];
    const flip = (what: string, octets: Buffer, check: (changed: Buffer) => string | undefined) => {
      for (let at = 0; at < octets.length; at += 1) {
        const bits = 1 + random.below(255);
        const changed = Buffer.from(octets);
        changed[at] = (changed[at] ?? 0) ^ bits;
        if (check(changed) === undefined) accepted.push(`${what}, octet ${at} ^ ${bits}`);
      }
    };
    const by = desk(P256);
    const rsaDesk = desk(rsa(2048));
    const forms: Record<string, readonly [SigningDesk, Buffer]> = {
      'CMS with attributes': [by, by.cms(CONTENT)],
      'CMS without attributes': [by, by.cms(CONTENT, '-noattr', '-nocerts')],
      'CMS by key identifier': [by, by.cms(CONTENT, '-keyid', '-nocerts', '-nosmimecap')],
      'raw signature': [by, by.raw(CONTENT)],
      'CMS by RSA': [rsaDesk, rsaDesk.cms(CONTENT, '-nocerts', '-nosmimecap')],
      'raw signature by RSA': [rsaDesk, rsaDesk.raw(CONTENT)],
    };
    for (const [what, [{ certificate }, signature]] of Object.entries(forms)) {
      const signer = readSignerCertificate(certificate);
      expect(refusalUnder(signer, signature, CONTENT, TEST_NOW)).toBeUndefined();
      flip(what, signature, (changed) => refusalUnder(signer, changed, CONTENT, TEST_NOW));
      flip(`the file under ${what}`, CONTENT, (changed) =>
        refusalUnder(signer, signature, changed, TEST_NOW),
      );
    }
    expect(accepted).toEqual([]);
  }, 120_000);

  test.each<[string, () => Buffer]>([
    ['no certificate', () => Buffer.from('x')],
    ['RSA of 1024 bits', () => desk(rsa(1024)).certificate],
    ['an elliptic curve of another kind', () => desk(K256).certificate],
    ['a key of Edwards', () => desk(['ed25519']).certificate],
    [
      'a key for key agreement only',
      () => desk(P256, ['-addext', 'keyUsage=critical,keyAgreement']).certificate,
    ],
  ])('has no signer of %s', (_what, certificate) => {
    expect(() => readSignerCertificate(certificate())).toThrow(
      expect.objectContaining({ code: 'configuration-invalid' }) as Error,
    );
    expect(() =>
      readSignerCertificate(desk(P256, ['-addext', 'keyUsage=critical,digitalSignature']).certificate),
    ).not.toThrow();
    expect(() =>
      readSignerCertificate(Buffer.from(encodePem('CERTIFICATE', desk(P256).certificate))),
    ).not.toThrow();
  });
});

/** The outermost length in the form that BER has and DER has not. */
function indefinite(der: Buffer): Buffer {
  expect(der.readUInt16BE(0)).toBe(0x3082);
  return Buffer.concat([Buffer.from('3080', 'hex'), der.subarray(4), Buffer.alloc(2)]);
}
