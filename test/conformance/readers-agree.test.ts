import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { X509Certificate as PeculiarCertificate } from '@peculiar/x509';
import type { IssuedCertificate } from '../../src/domain/certificate.ts';
import { formatName } from '../../src/x509/name.ts';
import { readCertificate } from '../../src/x509/read-certificate.ts';
import { opensslText, opensslVerify } from '../support/openssl.ts';
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

describe('four readers of every certificate that the service gives away', () => {
  let here: World;
  let issued: Map<string, IssuedCertificate>;
  beforeAll(async () => {
    here = await world();
    issued = new Map([...(await issueEveryProfile(here))].map(([profile, one]) => [profile, one.issued]));
  });
  afterAll(() => here.close());
  const of = (profile: string) => issued.get(profile)!;

  test('there is one of every profile', () => {
    expect([...issued.keys()].sort()).toEqual([...PROFILES].sort());
  });

  test.each(PROFILES)('%s: OpenSSL validates its path, strictly and under the policy', (profile) => {
    const { der, authority } = of(profile);
    const verdict = opensslVerify(der, here.needs.hierarchy.find(authority)!.chain, {
      policy: POLICY,
      at: TEST_NOW,
    });
    expect(verdict).toEqual({ ok: true, text: expect.stringContaining('OK') });
  });

  test.each(PROFILES)('%s: serial number, validity and key are the same to all four', (profile) => {
    const { der, serialNumber, notBefore, notAfter } = of(profile);
    const node = new X509Certificate(der);
    const library = new PeculiarCertificate(der);
    const own = readCertificate(der).facts;
    const text = opensslText(der);

    expect(node.serialNumber).toBe(serialNumber);
    expect(library.serialNumber.toUpperCase()).toBe(serialNumber);
    expect(own.serialNumber.toString('hex').toUpperCase()).toBe(serialNumber);
    expect(text).toContain((serialNumber.match(/../g) ?? []).join(':').toLowerCase());

    expect(new Date(node.validFrom)).toEqual(notBefore);
    expect(library.notBefore).toEqual(notBefore);
    expect(own.validity.notBefore).toEqual(notBefore);
    expect(library.notAfter).toEqual(notAfter);
    expect(own.validity.notAfter).toEqual(notAfter);
    expect(new Date(node.validTo)).toEqual(notAfter);

    expect(Buffer.from(library.publicKey.rawData)).toEqual(own.spki);
    expect(node.publicKey.export({ type: 'spki', format: 'der' })).toEqual(own.spki);
  });

  test.each(PROFILES)('%s: the issuer is the same to all four', (profile) => {
    const { der, authority } = of(profile);
    const issuer = here.needs.hierarchy.find(authority)!;
    expect(formatName(readCertificate(der).facts.issuer)).toBe(issuer.subject);
    expect(new X509Certificate(der).issuer.split('\n').join(', ')).toBe(issuer.subject);
    expect(new X509Certificate(der).checkIssued(new X509Certificate(issuer.certificate))).toBe(true);
    expect(new PeculiarCertificate(der).issuer.split(', ').sort()).toEqual(issuer.subject.split(', ').sort());
    expect(opensslText(der)).toContain(`Issuer: ${issuer.subject}\n`);
  });

  test.each(PROFILES)('%s: the extensions are the same, in the same order, to the library', (profile) => {
    const { der } = of(profile);
    const own = readCertificate(der).facts.extensions;
    const library = new PeculiarCertificate(der).extensions;
    expect(library.map((one) => [one.type, one.critical, Buffer.from(one.value).toString('hex')])).toEqual(
      own.map((one) => [one.oid, one.critical, one.value.toString('hex')]),
    );
  });
});
