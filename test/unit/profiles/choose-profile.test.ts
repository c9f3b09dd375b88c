import type { RemotePartyRole } from '../../../src/domain/category.ts';
import type { CertificateSubject, PublicKeyFacts } from '../../../src/domain/certificate-request.ts';
import type { Eui64 } from '../../../src/domain/eui64.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { chooseProfile, type ProfileQuestion } from '../../../src/profiles/choose-profile.ts';
import { TEMPLATES } from '../../support/specimens.ts';

const P256: PublicKeyFacts = { kind: 'EC_P256', point: Buffer.alloc(65, 4) };
const rsa = (bits: number): PublicKeyFacts => ({ kind: 'RSA', bits, exponent: 65537n });
const device: CertificateSubject = {
  category: 'DEVICE',
  eui64: '00db1234567890a4' as Eui64,
  hwType: '1.2.3',
};
const dccki: CertificateSubject = { category: 'DCCKI', signifier: 'EXAMPLE-ENERGY', dnsNames: [] };
const of = (role: RemotePartyRole): CertificateSubject => ({
  category: 'ORGANISATION',
  eui64: '90b3d51f30010000' as Eui64,
  role,
});
const ask = (
  subject: CertificateSubject,
  keyUsage: ProfileQuestion['keyUsage'],
  publicKey: PublicKeyFacts,
  requested?: string,
) => chooseProfile(TEMPLATES, { subject, keyUsage, publicKey }, requested).profile;

test.each([
  [device, 'digitalSignature', P256, 'device-digital-signing'],
  [device, 'keyAgreement', P256, 'device-key-agreement'],
  [of('supplier'), 'digitalSignature', P256, 'organisation-digital-signing'],
  [of('supplier'), 'keyAgreement', P256, 'organisation-key-agreement'],
  [of('xmlSign'), 'digitalSignature', P256, 'organisation-xml-signing'],
  [dccki, 'digitalSignature', rsa(2048), 'dccki-infrastructure'],
  [dccki, 'digitalSignature', rsa(4096), 'dccki-infrastructure'],
  [dccki, 'digitalSignature', P256, 'dccki-infrastructure-ec'],
] as const)('%j with %s is served by the profile that fits', (subject, keyUsage, key, profile) => {
  expect(ask(subject, keyUsage, key)).toBe(profile);
});

test('the top-up profile is given to who names it', () => {
  const name = 'organisation-key-agreement-top-up';
  expect(ask(of('supplier'), 'keyAgreement', P256, name)).toBe(name);
});

test.each([
  [
    'a network operator, for top-up',
    of('networkOperator'),
    'keyAgreement',
    P256,
    'organisation-key-agreement-top-up',
  ],
  ['an XML signer, for key agreement', of('xmlSign'), 'keyAgreement', P256, undefined],
  ['a root, for itself', of('root'), 'digitalSignature', P256, undefined],
  ['a device with an RSA key', device, 'digitalSignature', rsa(2048), undefined],
  ['a gateway with a short RSA key', dccki, 'digitalSignature', rsa(2047), undefined],
  ['a key of another kind', dccki, 'digitalSignature', { kind: 'OTHER', description: 'Ed25519' }, undefined],
  ['a gateway, for key agreement', dccki, 'keyAgreement', P256, undefined],
  ['a profile that does not exist', device, 'digitalSignature', P256, 'device'],
  ['a profile of the other usage', device, 'digitalSignature', P256, 'device-key-agreement'],
  ['a profile of another category', device, 'digitalSignature', P256, 'organisation-digital-signing'],
] as const)('%s is refused', (_what, subject, keyUsage, key, requested) => {
  expect(faultOf(() => ask(subject, keyUsage, key, requested)).code).toBe('malformed-request');
});

test('a refusal names the profiles that fit', () => {
  const fault = faultOf(() => ask(of('supplier'), 'keyAgreement', P256, 'device-key-agreement'));
  expect(fault.message).toBe('The profile device-key-agreement does not exist or does not fit this CSR.');
  expect(fault.reasons).toEqual([
    {
      reason: 'PROFILE_NOT_APPLICABLE',
      clause: 'DESIGN',
      detail:
        'The profile device-key-agreement does not exist or does not fit a CSR of the category ORGANISATION with keyUsage keyAgreement and the role supplier.',
      fix: 'Profiles that fit: organisation-key-agreement-top-up, organisation-key-agreement. GET /v1/categories lists them all.',
    },
  ]);
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
