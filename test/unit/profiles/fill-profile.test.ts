import type { CertificateSubject } from '../../../src/domain/certificate-request.ts';
import type { Eui64 } from '../../../src/domain/eui64.ts';
import { Fault } from '../../../src/domain/fault.ts';
import type { SerialNumber } from '../../../src/domain/serial-number.ts';
import {
  authorityName,
  compileProfile,
  fillAuthority,
  fillProfile,
} from '../../../src/profiles/fill-profile.ts';
import { ECDSA_WITH_SHA256, encodeTbs, SHA256_WITH_RSA } from '../../../src/x509/certificate.ts';
import { encodeName } from '../../../src/x509/name.ts';
import { COMMON_NAME } from '../../../src/x509/oids.ts';
import { readTbs } from '../../../src/x509/read-certificate.ts';
import { readSubjectAltName } from '../../../src/x509/subject-alt-name.ts';
import { ISSUED, seededKey, TEMPLATES } from '../../support/specimens.ts';

const spki = seededKey('a device', { algorithm: 'EC', curve: 'P-256' });
const serialNumber = '3641B2225809FFBBA81B3E8E320AA6CF' as SerialNumber;
const authority = {
  name: 'issuing-test',
  subject: encodeName([{ type: COMMON_NAME, as: 'printable', value: 'TEST' }]),
  keyIdentifier: Buffer.from('47d40af3412904a0', 'hex'),
  signatureAlgorithm: ECDSA_WITH_SHA256,
  notAfter: new Date('9999-12-31T23:59:59Z'),
};
const device: CertificateSubject = {
  category: 'DEVICE',
  eui64: '00db1234567890a4' as Eui64,
  hwType: '1.2.826.0.1.8641679.1.2.2.1',
};
const organisation: CertificateSubject = {
  category: 'ORGANISATION',
  eui64: '90b3d51f30010000' as Eui64,
  role: 'supplier',
  commonName: 'GITTESTSUPPLIER',
};

const profileOf = (name: string) => TEMPLATES.profiles.get(name)!;
const fill = (name: string, subject: CertificateSubject, notBefore = ISSUED, under = authority) =>
  fillProfile(compileProfile(profileOf(name), under), { serialNumber, notBefore, subject, spki });

/** OID, `!` when critical, and the value in hex, in order. */
const extensionsOf = (name: string, subject: CertificateSubject) =>
  readTbs(encodeTbs(fill(name, subject))).extensions.map(
    ({ oid, critical, value }) => `${oid}${critical ? '!' : ''} ${value.toString('hex')}`,
  );

describe('the octets are those of the public test certificates of the SMKI', () => {
  test('extensions of a Device Certificate, digital signing', () => {
    expect(extensionsOf('device-digital-signing', device)).toEqual([
      '2.5.29.15! 03020780',
      expect.stringMatching(/^2\.5\.29\.14 04084[0-9a-f]{15}$/),
      '2.5.29.17! 3029a02706082b06010505070804a01b3019060d2a863a0001848fb90f01020201040800db1234567890a4',
      '2.5.29.32! 3011300f060d2a863a0001848fb90f01020104',
      '2.5.29.35 300a800847d40af3412904a0',
    ]);
  });

  test('extensions of an Organisation Certificate, key agreement', () => {
    expect(extensionsOf('organisation-key-agreement', organisation)).toEqual([
      '2.5.29.15! 03020308',
      expect.stringMatching(/^2\.5\.29\.14 04084[0-9a-f]{15}$/),
      '2.5.29.32! 3011300f060d2a863a0001848fb90f01020104',
      '2.5.29.35 300a800847d40af3412904a0',
    ]);
  });

  test('subject of an Organisation Certificate', () => {
    const { subject } = fill('organisation-digital-signing', organisation);
    const name = '3118301606035504030c0f' + Buffer.from('GITTESTSUPPLIER').toString('hex');
    const role = '310b3009060355040b0c023032';
    const eui64 = '31123010060355042d03090090b3d51f30010000';
    expect(subject.toString('hex')).toBe(`303b${name}${role}${eui64}`);
  });

  test('keyUsage and basicConstraints of an Issuing OCA', () => {
    const template = TEMPLATES.authorities.get('issuing-oca')!;
    const facts = { serialNumber, notBefore: ISSUED, spki };
    const hex = fillAuthority(template, facts, ECDSA_WITH_SHA256, authority).extensions.map((one) =>
      one.toString('hex'),
    );
    expect(hex[0]).toBe('300e0603551d0f0101ff040403020106');
    expect(hex[1]).toBe('30120603551d130101ff040830060101ff020100');
  });
});

describe('validity', () => {
  test.each([
    ['2026-11-24T09:30:15.999Z', '2026-11-24T09:30:15Z', '2036-11-24T09:30:14Z'],
    ['2028-02-29T00:00:00.000Z', '2028-02-29T00:00:00Z', '2038-02-28T23:59:59Z'],
    ['2040-01-01T00:00:00.000Z', '2040-01-01T00:00:00Z', '2049-12-31T23:59:59Z'],
    ['2040-01-01T00:00:01.000Z', '2040-01-01T00:00:01Z', '2050-01-01T00:00:00Z'],
  ])('ten years from %s end one second before the anniversary', (issued, from, to) => {
    const { validity } = readTbs(
      encodeTbs(fill('organisation-digital-signing', organisation, new Date(issued))),
    );
    expect([validity.notBefore, validity.notAfter]).toEqual([new Date(from), new Date(to)]);
  });

  test('a certificate may end with its issuer', () => {
    const under = { ...authority, notAfter: new Date('2036-11-24T09:30:14Z') };
    expect(fill('organisation-digital-signing', organisation, ISSUED, under).notAfter).toEqual(
      under.notAfter,
    );
  });

  test('a certificate that would outlive its issuer is refused', () => {
    const under = { ...authority, notAfter: new Date('2036-11-24T09:30:13Z') };
    expect(() => fill('organisation-digital-signing', organisation, ISSUED, under)).toThrow(
      new Fault(
        'lint-failed',
        'A certificate of organisation-digital-signing would be valid until 2036-11-24T09:30:14.000Z, longer than issuing-test, which ends 2036-11-24T09:30:13.000Z.',
      ),
    );
  });

  test('an authority that would outlive its root is refused', () => {
    const template = TEMPLATES.authorities.get('issuing-oca')!;
    const root = { ...authority, notAfter: new Date('2030-01-01T00:00:00Z') };
    const facts = { serialNumber, notBefore: ISSUED, spki };
    expect(() => fillAuthority(template, facts, ECDSA_WITH_SHA256, root)).toThrow(Fault);
  });
});

describe('one compiled profile makes many certificates', () => {
  const compiled = compileProfile(profileOf('device-key-agreement'), authority);
  const moduleOf = (hwType: string, eui64: string) => {
    const subject = { ...device, hwType, eui64: eui64 as Eui64 };
    const content = fillProfile(compiled, { serialNumber, notBefore: ISSUED, subject, spki });
    return readSubjectAltName(readTbs(encodeTbs(content)).extensions[2]!.value);
  };

  test('of more manufacturers than it remembers', () => {
    for (let maker = 0; maker < 200; maker += 1) {
      const eui64 = `00db12345678${maker.toString(16).padStart(4, '0')}`;
      const name = {
        kind: 'hardwareModuleName',
        hwType: `1.2.826.0.1.${maker}`,
        hwSerialNum: Buffer.from(eui64, 'hex'),
      };
      expect(moduleOf(name.hwType, eui64)).toEqual([name]);
      expect(moduleOf(name.hwType, eui64)).toEqual([name]);
    }
  });

  test('and none changes an earlier one', () => {
    const facts = { serialNumber, notBefore: ISSUED, subject: device, spki };
    const first = encodeTbs(fillProfile(compiled, facts));
    const later = fillProfile(compiled, {
      ...facts,
      subject: { ...device, eui64: '00db1234567890a5' as Eui64 },
    });
    expect(encodeTbs(fillProfile(compiled, facts))).toEqual(first);
    expect(encodeTbs(later)).not.toEqual(first);
  });
});

test('a root issues itself and signs with the algorithm of its own key', () => {
  const template = TEMPLATES.authorities.get('root-dccki')!;
  const content = fillAuthority(template, { serialNumber, notBefore: ISSUED, spki }, SHA256_WITH_RSA);
  expect(content.issuer).toEqual(authorityName(template));
  expect(content.subject).toEqual(content.issuer);
  expect(content.signatureAlgorithm).toBe(SHA256_WITH_RSA);
});

test('a subject of another category is a mistake of the program', () => {
  expect(() => fill('organisation-digital-signing', device)).toThrow(TypeError);
});
