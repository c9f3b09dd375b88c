import { describeProfile, formatTemplate } from '../../../src/profiles/describe-profile.ts';
import { TEMPLATES } from '../../support/specimens.ts';

test('a profile in words, for programs', () => {
  expect(describeProfile(TEMPLATES.profiles.get('organisation-key-agreement-top-up')!)).toEqual({
    profile: 'organisation-key-agreement-top-up',
    keyUsage: 'keyAgreement',
    chosen: 'by-name',
    roles: ['supplier'],
    key: 'P-256',
    validity: '10 years',
    source: 'SEC Appendix B (Organisation Certificate Policy); SEC Appendix M, F',
  });
});

test('a profile as text, in the order of its certificate', () => {
  expect(formatTemplate(TEMPLATES.profiles.get('device-key-agreement')!)).toBe(
    `device-key-agreement
  source                  SEC Appendix A (Device Certificate Policy); GBCS version 1 (28 November 2014), pages 141 and 145
  category                DEVICE
  chosen                  automatically
  issuer                  issuing-dca
  validity                until 9999-12-31T23:59:59Z
  subject                 (empty)
  key                     P-256
  keyUsage!               keyAgreement
  subjectKeyIdentifier    RFC 5280, 4.2.1.2 (2)
  subjectAltName!         hardwareModuleName {hw-type} {eui64}
  certificatePolicies!    1.2.826.0.1.8641679.1.2.1.4
  authorityKeyIdentifier  keyIdentifier of the issuer
`,
  );
});

test.each([
  ['dccki-infrastructure', 'subject                 commonName={signifier}'],
  ['dccki-infrastructure', 'key                     RSA of at least 2048 bits'],
  ['dccki-infrastructure', 'extendedKeyUsage        serverAuth, clientAuth'],
  ['dccki-infrastructure', 'subjectAltName          dNSName {dns-names} (optional)'],
  ['organisation-xml-signing', 'roles                   xmlSign, dspXmlSign'],
  ['organisation-xml-signing', 'commonName={common-name} (optional), organizationalUnitName={role-code}'],
  ['root-dccki', 'key                     RSA of 4096 bits\n'],
  ['root-oca', 'kind                    ROOT'],
  ['root-oca', 'basicConstraints!       cA true\n'],
  ['issuing-oca', 'basicConstraints!       cA true, pathLen 0\n'],
  ['issuing-oca', 'issuer                  root-oca'],
])('%s says: %s', (name, line) => {
  const template = TEMPLATES.profiles.get(name) ?? TEMPLATES.authorities.get(name)!;
  expect(formatTemplate(template)).toContain(line);
});
