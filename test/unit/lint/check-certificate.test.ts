import { Fault } from '../../../src/domain/fault.ts';
import { checkCertificate } from '../../../src/lint/check-certificate.ts';
import { assembleCertificate, SHA256_WITH_RSA } from '../../../src/x509/certificate.ts';
import * as values from '../../../src/x509/extensions.ts';
import { encodeName, type RelativeName } from '../../../src/x509/name.ts';
import * as oids from '../../../src/x509/oids.ts';
import { remade, unchanged, withContent, withExtension, without, type Change } from '../../support/remake.ts';
import { ISSUED, makeSpecimens, seededKey, TEMPLATES } from '../../support/specimens.ts';

const DEVICE = 'device-digital-signing';
const ORGANISATION = 'organisation-digital-signing';
const TOP_UP = 'organisation-key-agreement-top-up';
const REFUSED = new Map([['Z1', 'the Issuing OCA of the published test PKI']]);
const printable = (type: string, value: string): RelativeName => ({ type, as: 'printable', value });
const unit = (value: string) => printable(oids.ORGANIZATIONAL_UNIT_NAME, value);
const common = (value: string) => printable(oids.COMMON_NAME, value);

const finished = (of: string, change: Change = unchanged) => {
  const { specimen, tbs } = remade(of, change);
  return assembleCertificate(tbs, specimen.content.signatureAlgorithm, Buffer.alloc(70, 0x30));
};
const check = (der: Buffer, options: { requested?: string; now?: Date } = {}) =>
  checkCertificate(der, TEMPLATES.profiles.values(), REFUSED, options.now ?? ISSUED, options.requested);

describe('our own certificates pass, and their profile is recognised', () => {
  test.each([...makeSpecimens().values()])('$name', ({ name, kind }) => {
    const ownName = name.replace(/ \(.*$/, '').replace(TOP_UP, 'organisation-key-agreement');
    const profile = kind.kind === 'END_ENTITY' ? ownName : `${kind.category} ${kind.kind}`;
    expect(check(finished(name))).toEqual({ verdict: 'PASS', profile, findings: [] });
  });

  test('the top-up profile, when it is named', () => {
    expect(check(finished(TOP_UP), { requested: TOP_UP })).toEqual({
      verdict: 'PASS',
      profile: TOP_UP,
      findings: [],
    });
  });
});

const ofRoleRoot = withContent({
  subject: encodeName([
    { type: oids.ORGANIZATIONAL_UNIT_NAME, as: 'utf8', value: '00' },
    { type: oids.UNIQUE_IDENTIFIER, as: 'bit-string', value: Buffer.alloc(8, 0x90) },
  ]),
});

interface Row {
  readonly what: string;
  readonly der: Buffer;
  readonly options?: Parameters<typeof check>[1];
  readonly verdict: 'PASS' | 'WARN' | 'FAIL';
  readonly rules: readonly string[];
}
const ROWS: readonly Row[] = [
  {
    what: 'not valid yet',
    der: finished(DEVICE),
    options: { now: new Date('2026-11-24T09:30:14Z') },
    verdict: 'WARN',
    rules: ['valid-now'],
  },
  {
    what: 'in its first second',
    der: finished(DEVICE),
    options: { now: new Date('2026-11-24T09:30:15Z') },
    verdict: 'PASS',
    rules: [],
  },
  {
    what: 'in its last second',
    der: finished(ORGANISATION),
    options: { now: new Date('2036-11-24T09:30:14.999Z') },
    verdict: 'PASS',
    rules: [],
  },
  {
    what: 'no longer valid',
    der: finished(ORGANISATION),
    options: { now: new Date('2036-11-24T09:30:15Z') },
    verdict: 'WARN',
    rules: ['valid-now'],
  },
  {
    what: 'from the published test PKI',
    der: finished(ORGANISATION, withContent({ issuer: encodeName([unit('07'), common('Z1')]) })),
    verdict: 'WARN',
    rules: ['test-issuer'],
  },
  {
    what: 'from a unit named as the published test PKI',
    der: finished(ORGANISATION, withContent({ issuer: encodeName([unit('Z1'), common('TIO1')]) })),
    verdict: 'FAIL',
    rules: ['organisation-issuer'],
  },
  {
    what: 'of an organisation, from an issuer without a unit',
    der: finished(ORGANISATION, withContent({ issuer: encodeName([common('TIO1')]) })),
    verdict: 'FAIL',
    rules: ['organisation-issuer'],
  },
  {
    what: 'of an organisation, with an RSA key',
    der: finished(
      ORGANISATION,
      withContent({ spki: seededKey('another', { algorithm: 'RSA', bits: 2048 }) }),
    ),
    verdict: 'FAIL',
    rules: ['p-256-key', 'subject-key-identifier-method-2'],
  },
  {
    what: 'of an authority with another name',
    der: finished('issuing-oca', withContent({ subject: encodeName([unit('07'), common('Z1')]) })),
    verdict: 'FAIL',
    rules: ['authority-name'],
  },
  {
    what: 'under another policy',
    der: finished(
      DEVICE,
      withExtension(oids.CERTIFICATE_POLICIES, true, values.certificatePoliciesValue(['1.2.3'])),
    ),
    verdict: 'WARN',
    rules: ['policy-of-profile'],
  },
  {
    what: 'with two different signature algorithms',
    der: assembleCertificate(remade(DEVICE, unchanged).tbs, SHA256_WITH_RSA, Buffer.alloc(70)),
    verdict: 'FAIL',
    rules: ['same-algorithm-twice'],
  },
  {
    what: 'with a key identifier by method (1)',
    der: finished(
      DEVICE,
      withExtension(oids.SUBJECT_KEY_IDENTIFIER, false, values.subjectKeyIdentifierValue(Buffer.alloc(20))),
    ),
    verdict: 'FAIL',
    rules: ['subject-key-identifier-method-2'],
  },
  {
    what: 'of another profile than the one named',
    der: finished(DEVICE),
    options: { requested: 'device-key-agreement' },
    verdict: 'FAIL',
    rules: ['fits-profile'],
  },
  {
    what: 'of a role that no profile has',
    der: finished(ORGANISATION, ofRoleRoot),
    verdict: 'FAIL',
    rules: ['fits-profile'],
  },
  {
    what: 'without keyUsage',
    der: finished(DEVICE, without(oids.KEY_USAGE)),
    verdict: 'FAIL',
    rules: ['key-usage-critical', 'device-extensions', 'fits-profile'],
  },
  {
    what: 'without any policy',
    der: finished(DEVICE, without(oids.CERTIFICATE_POLICIES)),
    verdict: 'FAIL',
    rules: ['certificate-policies-critical', 'device-extensions'],
  },
  {
    what: 'of a device, with a basicConstraints that cannot be read',
    der: finished(DEVICE, withExtension(oids.BASIC_CONSTRAINTS, true, Buffer.from([1]))),
    verdict: 'FAIL',
    rules: ['device-extensions'],
  },
];

test.each(ROWS)('a certificate $what: $verdict', ({ der, options, verdict, rules }) => {
  const found = check(der, options);
  expect({ verdict: found.verdict, rules: found.findings.map((one) => one.rule) }).toEqual({
    verdict,
    rules,
  });
});

test('a certificate that fits no profile of its category is held against the first of them', () => {
  const { profile } = check(finished(ORGANISATION, ofRoleRoot));
  expect(profile).toBe(
    [...TEMPLATES.profiles.values()].find((one) => one.category === 'ORGANISATION')?.profile,
  );
});

test('a certificate that only profiles chosen by name fit is held against the first of them', () => {
  const topUp = TEMPLATES.profiles.get(TOP_UP)!;
  const others = [...TEMPLATES.profiles.values()].filter(
    (one) => one.category !== 'ORGANISATION' || one.keyUsage !== 'keyAgreement',
  );
  const found = checkCertificate(finished(TOP_UP), [...others, topUp], REFUSED, ISSUED);
  expect(found).toEqual({ verdict: 'PASS', profile: TOP_UP, findings: [] });
});

test('a profile without roles is for every role', () => {
  const profile = { ...TEMPLATES.profiles.get(ORGANISATION)!, roles: undefined };
  expect(checkCertificate(finished(ORGANISATION), [profile], REFUSED, ISSUED).verdict).toBe('PASS');
});

test('a finding names its rule, clause and severity, and says what is wrong', () => {
  expect(check(finished(DEVICE), { now: new Date('2020-01-01T00:00:00Z') }).findings).toEqual([
    {
      rule: 'valid-now',
      severity: 'WARN',
      clause: 'RFC 5280, 4.1.2.5',
      detail: 'it is not valid before 2026-11-24T09:30:15.000Z',
    },
  ]);
});

test('octets that are no certificate are refused, with the place', () => {
  const fault = faultOf(() => check(finished(DEVICE).subarray(0, 100)));
  expect(fault.code).toBe('certificate-unreadable');
  expect(fault.reasons.map((one) => one.detail)).toEqual(['octet 0: the certificate is cut off']);
});

test('a profile that does not exist is refused, and those that do are named', () => {
  const fault = faultOf(() => check(finished(DEVICE), { requested: 'device' }));
  expect(fault.code).toBe('malformed-request');
  expect(fault.reasons[0]).toMatchObject({
    detail: 'There is no profile device.',
    fix: `Profiles: ${[...TEMPLATES.profiles.keys()].join(', ')}.`,
  });
});

function faultOf(work: () => unknown): Fault {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
