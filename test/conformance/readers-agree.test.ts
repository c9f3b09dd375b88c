import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { Crypto } from '@peculiar/webcrypto';
import { X509Certificate as PeculiarCertificate } from '@peculiar/x509';
import type { IssuedCertificate } from '../../src/domain/certificate.ts';
import { formatName } from '../../src/x509/name.ts';
import { readCertificate } from '../../src/x509/read-certificate.ts';
import { asTold, READERS, type CertificateReading } from '../support/certificate-readers.ts';
import { opensslVerify } from '../support/openssl.ts';
import { TEST_NOW } from '../support/dates.ts';
import { world, type World } from '../support/world.ts';
import { issueEveryProfile, POLICY } from './issued-certificates.ts';

const PROFILES = [
  'organisation-digital-signing',
  'organisation-key-agreement',
  'organisation-key-agreement-top-up',
  'organisation-xml-signing',
  'device-digital-signing',
  'device-key-agreement',
  'dccki-infrastructure',
  'dccki-infrastructure-ec',
];
const AUTHORITIES = ['root-oca', 'root-dca', 'root-dccki', 'issuing-oca', 'issuing-dca', 'eii-dccki'];
const SIGNERS: Readonly<Record<string, string>> = {
  'root-oca': 'root-oca',
  'root-dca': 'root-dca',
  'root-dccki': 'root-dccki',
  'issuing-oca': 'root-oca',
  'issuing-dca': 'root-dca',
  'eii-dccki': 'root-dccki',
};
const EVERY = [...PROFILES, ...AUTHORITIES];

describe('four readers of every certificate that the service gives away', () => {
  let here: World;
  let issued: Map<string, IssuedCertificate>;
  beforeAll(async () => {
    here = await world();
    issued = new Map([...(await issueEveryProfile(here))].map(([profile, one]) => [profile, one.issued]));
  });
  afterAll(() => here.close());
  const of = (profile: string) => issued.get(profile)!;
  const authority = (name: string) => here.needs.hierarchy.find(name)!;
  const derOf = (name: string) => issued.get(name)?.der ?? authority(name).certificate;
  const ours = (der: Buffer) => READERS['ours']!(der);

  test('there is one of every profile, and every CA', () => {
    expect([...issued.keys()].sort()).toEqual([...PROFILES].sort());
    expect(here.needs.hierarchy.authorities.map((one) => one.name).sort()).toEqual([...AUTHORITIES].sort());
  });

  test.each(PROFILES)('%s: OpenSSL validates its path, strictly and under the policy', (profile) => {
    const verdict = opensslVerify(derOf(profile), authority(of(profile).authority).chain, {
      policy: POLICY,
      at: TEST_NOW,
    });
    expect(verdict).toEqual({ ok: true, text: expect.stringContaining('OK') });
  });

  test.each(EVERY)(
    '%s: subject, issuer, serial number, validity, key, SAN, keyUsage and policies are the same to all four, as far as each has a word for them',
    (name) => {
      const der = derOf(name);
      const told = ours(der);
      for (const [reader, read] of Object.entries(READERS))
        expect({ reader, ...read(der) }).toEqual({ reader, ...asTold(reader, told) });
    },
  );

  test.each(PROFILES)('%s: what they read is what is on record', (profile) => {
    const { der, serialNumber, notBefore, notAfter, authority: name } = of(profile);
    const issuer = authority(name);
    expect(ours(der)).toMatchObject({ serialNumber, notBefore, notAfter });
    expect(formatName(readCertificate(der).facts.issuer)).toBe(issuer.subject);
    expect(new X509Certificate(der).checkIssued(new X509Certificate(issuer.certificate))).toBe(true);
  });

  test.each(EVERY)('%s: the library finds it signed by its CA, and by no other', async (name) => {
    const library = new PeculiarCertificate(derOf(name));
    const signedBy = (certificate: Buffer) => {
      const { publicKey } = new PeculiarCertificate(certificate);
      return library.verify({ publicKey, signatureOnly: true }, new Crypto());
    };
    const signers = here.needs.hierarchy.authorities.map((one) => [one.name, one.certificate] as const);
    const found: string[] = [];
    for (const [signer, certificate] of signers)
      if (await signedBy(certificate).catch(() => false)) found.push(signer);
    expect(found).toEqual([issued.get(name)?.authority ?? SIGNERS[name]]);
  });

  test.each(EVERY)('%s: the extensions are the same, octet for octet, to the library', (name) => {
    const der = derOf(name);
    const own = readCertificate(der).facts.extensions;
    const library = new PeculiarCertificate(der).extensions;
    expect(library.map((one) => [one.type, one.critical, Buffer.from(one.value).toString('hex')])).toEqual(
      own.map((one) => [one.oid, one.critical, one.value.toString('hex')]),
    );
  });

  const exchange = (search: string | RegExp, replacement: string) => (hex: string) =>
    hex.replace(search, replacement);
  const flip = (search: RegExp) => (hex: string) =>
    hex.replace(search, (_, before: string, last: string) => before + (parseInt(last, 16) ^ 1).toString(16));
  const changes: [field: keyof CertificateReading, name: string, change: (hex: string) => string][] = [
    ['subject', 'organisation-digital-signing', exchange('4e6f72746867617465', '536f75746867617465')],
    ['subject', 'organisation-key-agreement', exchange('090090b3d51f30010000', '090090b3d51f30010001')],
    ['issuer', 'organisation-digital-signing', exchange('54494f31', '54494f32')],
    ['serialNumber', 'root-dca', flip(/(a0030201020210.{31})(.)/)],
    ['notBefore', 'device-digital-signing', exchange('170d3236313132343132', '170d3236313132343133')],
    ['notAfter', 'root-oca', exchange('180f32303736', '180f32303737')],
    [
      'key',
      'device-key-agreement',
      (hex) => hex.replace(ours(derOf('device-key-agreement')).key, ours(derOf('issuing-oca')).key),
    ],
    ['key', 'eii-dccki', flip(/(0282020100.{64})(.)/)],
    ['subjectAltName', 'device-digital-signing', exchange('040800db1234200000a0', '040800db1234200000a1')],
    ['subjectAltName', 'dccki-infrastructure', exchange('67772e6e6f727468', '67772e736f757468')],
    ['keyUsage', 'device-digital-signing', exchange('040403020780', '040403020308')],
    ['policies', 'issuing-dca', exchange('8fb90f01020104', '8fb90f01020105')],
    ['extensions', 'device-digital-signing', exchange(/(300e0603551d0f.{18})(30110603551d0e.{24})/, '$2$1')],
  ];
  test.each(changes)('another %s is seen by all who have a word for it (%s)', (field, name, change) => {
    const der = derOf(name);
    const mutant = Buffer.from(change(der.toString('hex')), 'hex');
    expect(mutant).not.toEqual(der);
    const told = ours(mutant);
    expect(told[field]).not.toEqual(ours(der)[field]);
    for (const [reader, read] of Object.entries(READERS))
      expect({ reader, ...read(mutant) }).toEqual({
        reader,
        ...read(der),
        [field]: asTold(reader, told)[field],
      });
  });
});
