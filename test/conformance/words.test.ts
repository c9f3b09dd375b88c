import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { X509Certificate as PeculiarCertificate } from '@peculiar/x509';
import type { IssuedCertificate } from '../../src/domain/certificate.ts';
import { opensslText } from '../support/openssl.ts';
import { world, type World } from '../support/world.ts';
import { issueEveryProfile } from './issued-certificates.ts';

/** A certificate as the three other readers must put it in words. */
interface Words {
  readonly profile: string;
  /** One RDN each, as OpenSSL and as the library write it. */
  readonly subject: readonly (readonly [openssl: string, library: object])[];
  readonly keyUsage: string;
  readonly hostNames?: string;
}

const USER_ID = [
  'x500UniqueIdentifier=#03090090B3D51F30010000',
  { '2.5.4.45': ['#03090090b3d51f30010000'] },
] as const;
const role = (code: string) => [`OU=${code}`, { OU: [code] }] as const;
const SIGNIFIER = ['CN=NORTHGATE', { CN: ['NORTHGATE'] }] as const;

const WORDS: readonly Words[] = [
  {
    profile: 'organisation-digital-signing',
    subject: [['CN=Northgate Énergie', { CN: ['Northgate Énergie'] }], role('02'), USER_ID],
    keyUsage: 'Digital Signature',
  },
  { profile: 'organisation-key-agreement', subject: [role('02'), USER_ID], keyUsage: 'Key Agreement' },
  { profile: 'organisation-key-agreement-top-up', subject: [role('02'), USER_ID], keyUsage: 'Key Agreement' },
  { profile: 'organisation-xml-signing', subject: [role('87'), USER_ID], keyUsage: 'Digital Signature' },
  { profile: 'device-digital-signing', subject: [], keyUsage: 'Digital Signature' },
  { profile: 'device-key-agreement', subject: [], keyUsage: 'Key Agreement' },
  {
    profile: 'dccki-infrastructure',
    subject: [SIGNIFIER],
    keyUsage: 'Digital Signature, Key Encipherment',
    hostNames: 'DNS:gw.northgate.example, DNS:gw2.northgate.example',
  },
  { profile: 'dccki-infrastructure-ec', subject: [SIGNIFIER], keyUsage: 'Digital Signature' },
];

describe('the words of other readers', () => {
  let here: World;
  let issued: Map<string, IssuedCertificate>;
  beforeAll(async () => {
    here = await world();
    issued = new Map([...(await issueEveryProfile(here))].map(([profile, one]) => [profile, one.issued]));
  });
  afterAll(() => here.close());
  const of = (profile: string) => issued.get(profile)!.der;

  test.each(WORDS)('$profile: openssl x509 -text', ({ profile, subject, keyUsage, hostNames }) => {
    const text = opensslText(of(profile));
    expect(text).toMatch(lineOf(`Subject: ${subject.map(([openssl]) => openssl).join(', ')}`));
    expect(text).toMatch(lineOf('Version: 3 (0x2)'));
    expect(text).toMatch(lineOf('X509v3 Key Usage: critical', keyUsage));
    expect(text).toMatch(
      lineOf('X509v3 Certificate Policies: critical', 'Policy: 1.2.826.0.1.8641679.1.2.1.4'),
    );
    if (hostNames === undefined) expect(text).not.toContain('DNS:');
    else expect(text).toMatch(lineOf('X509v3 Subject Alternative Name: ', hostNames));
    expect(text.includes('X509v3 Subject Alternative Name: critical')).toBe(profile.startsWith('device'));
    expect(text.includes('TLS Web Server Authentication, TLS Web Client Authentication')).toBe(
      profile.startsWith('dccki'),
    );
  });

  test.each(WORDS)('$profile: @peculiar/x509', ({ profile, subject }) => {
    expect(new PeculiarCertificate(of(profile)).subjectName.toJSON()).toEqual(
      subject.map(([, library]) => library),
    );
  });

  test.each(WORDS)("$profile: Node's X509Certificate", ({ profile, hostNames }) => {
    const certificate = new X509Certificate(of(profile));
    expect(certificate.ca).toBe(false);
    // Node's keyUsage is extendedKeyUsage (RFC 5280, 4.2.1.12).
    expect(certificate.keyUsage).toEqual(
      profile.startsWith('dccki') ? ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'] : undefined,
    );
    const deviceId = profile.startsWith('device') ? expect.stringMatching(/^othername:/) : undefined;
    expect(certificate.subjectAltName).toEqual(hostNames ?? deviceId);
  });

  test('there are words for every profile', () => {
    expect(WORDS.map((one) => one.profile).sort()).toEqual([...issued.keys()].sort());
  });
});

/** A line of OpenSSL's text, and the lines that follow it at once. */
function lineOf(...lines: readonly string[]): RegExp {
  const escaped = lines.map((line) => line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^ *${escaped.join('\\n *')}$`, 'm');
}
