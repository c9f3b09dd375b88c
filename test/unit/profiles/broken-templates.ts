const ORGANISATION = 'organisation/organisation-digital-signing.yaml';
const DEVICE = 'device/device-digital-signing.yaml';
const TLS = 'dccki/dccki-infrastructure.yaml';
const ROOT = 'authority/root-oca.yaml';
const ISSUING = 'authority/issuing-oca.yaml';
const NAME_RULE =
  'the name of a test CA is PrintableString, its commonName has at most four characters and begins with T';

/** One template with one thing wrong. */
export interface BrokenTemplate {
  readonly broken: string;
  readonly file: string;
  /** Text of the template and what stands there instead. */
  readonly from: string | RegExp;
  readonly to: string;
  /** Line, field and fault. */
  readonly says: string;
}

export const BROKEN_TEMPLATES: readonly BrokenTemplate[] = [
  {
    broken: 'a source that is missing',
    file: DEVICE,
    from: /^source:.*\n/m,
    to: '',
    says: 'line 2, source: is missing; expected a text',
  },
  {
    broken: 'an unknown field of an extension',
    file: DEVICE,
    from: 'critical: true, bits',
    to: 'critical: true, bitz: 1, bits',
    says: 'line 12, extensions.0.bitz: no field has this name',
  },
  {
    broken: 'a wrong type',
    file: DEVICE,
    from: 'critical: true, bits',
    to: 'critical: 1, bits',
    says: 'line 12, extensions.0.critical: is a number; expected true or false',
  },
  {
    broken: 'an unknown placeholder',
    file: ORGANISATION,
    from: '{role-code}',
    to: '{role}',
    says: 'line 23, subject.1.value: holds a placeholder that is not known; known are {common-name}, {role-code}, {eui64}, {signifier}',
  },
  {
    broken: 'text around a placeholder',
    file: ORGANISATION,
    from: "'{role-code}'",
    to: "'role {role-code}'",
    says: 'line 23, subject.1.value: holds a placeholder that is not known; known are {common-name}, {role-code}, {eui64}, {signifier}',
  },
  {
    broken: 'a placeholder of another category',
    file: ORGANISATION,
    from: '{role-code}',
    to: '{signifier}',
    says: 'line 23, subject.1: {signifier} has no value in a certificate of the category ORGANISATION',
  },
  {
    broken: 'an OID with an empty arc',
    file: DEVICE,
    from: '1.2.826.0.1.8641679.1.2.1.4',
    to: '1.2..826',
    says: 'line 19, extensions.3.policies.0: is not a dotted OBJECT IDENTIFIER',
  },
  {
    broken: 'an OID whose second arc is too large',
    file: DEVICE,
    from: '1.2.826.0.1.8641679.1.2.1.4',
    to: '1.40.3',
    says: 'line 19, extensions.3.policies.0: is not a dotted OBJECT IDENTIFIER',
  },
  {
    broken: 'an unknown curve',
    file: DEVICE,
    from: 'P-256',
    to: 'P-384',
    says: 'line 9, subjectPublicKeyInfo.curve: is not P-256',
  },
  {
    broken: 'a lifetime in days',
    file: ORGANISATION,
    from: 'years: 10',
    to: 'days: 3650',
    says: 'line 19, validity: is neither { years } nor { notAfter }',
  },
  {
    broken: 'a field twice',
    file: DEVICE,
    from: /^subject:/m,
    to: 'category: DEVICE\nsubject:',
    says: 'line 10: Map keys must be unique',
  },
  {
    broken: 'an extension twice',
    file: DEVICE,
    from: 'extension: subjectKeyIdentifier, critical: false, method: 2',
    to: 'extension: keyUsage, critical: true, bits: [digitalSignature]',
    says: 'line 11, extensions: an extension is there twice',
  },
  {
    broken: 'an EUI-64 written as text',
    file: ORGANISATION,
    from: 'as: bit-string',
    to: 'as: utf8',
    says: 'line 24, subject.2: {eui64} and nothing else is written as bit-string',
  },
  {
    broken: 'a common name that must be there',
    file: ORGANISATION,
    from: ', optional: true',
    to: '',
    says: 'line 22, subject.0: {common-name} may be absent, so the line must say optional: true',
  },
  {
    broken: 'a Signifier in PrintableString',
    file: TLS,
    from: 'as: utf8',
    to: 'as: printable',
    says: 'line 12, subject.0: {signifier} does not fit a PrintableString',
  },
  {
    broken: 'a keyUsage without the one it is chosen by',
    file: DEVICE,
    from: 'bits: [digitalSignature]',
    to: 'bits: [keyAgreement]',
    says: 'line 6, keyUsage: the extension keyUsage does not hold digitalSignature',
  },
  {
    broken: 'roles of a device',
    file: DEVICE,
    from: /^chosen:/m,
    to: 'roles: [supplier]\nchosen:',
    says: 'line 7, roles: only Organisation Certificates have a role',
  },
  {
    broken: 'host names of a device',
    file: DEVICE,
    from: /hardwareModuleName: \{.*\}/,
    to: "dNSNames: '{dns-names}'",
    says: 'line 14, extensions.2: the subjectAltName of the category DEVICE is hardwareModuleName and nothing else',
  },
  {
    broken: 'basicConstraints of an end entity',
    file: DEVICE,
    from: 'extension: subjectKeyIdentifier, critical: false, method: 2',
    to: 'extension: basicConstraints, critical: true, cA: false',
    says: 'line 13, extensions.1: basicConstraints has no place in an end-entity certificate',
  },
  {
    broken: 'an authority that does not exist',
    file: ORGANISATION,
    from: 'authority: issuing-oca',
    to: 'authority: issuing',
    says: 'line 5, authority: issuing is no issuing authority of the category ORGANISATION',
  },
  {
    broken: 'an authority of another category',
    file: ORGANISATION,
    from: 'authority: issuing-oca',
    to: 'authority: issuing-dca',
    says: 'line 5, authority: issuing-dca is no issuing authority of the category ORGANISATION',
  },
  {
    broken: 'the name of another profile',
    file: 'device/device-key-agreement.yaml',
    from: 'profile: device-key-agreement',
    to: 'profile: device-digital-signing',
    says: 'line 3, profile: device-digital-signing is the name of another profile too',
  },
  {
    broken: 'an issuer that does not exist',
    file: ISSUING,
    from: 'issuer: root-oca',
    to: 'issuer: root',
    says: 'line 6, issuer: root is no root of the category ORGANISATION',
  },
  {
    broken: 'a root below another',
    file: ROOT,
    from: 'issuer: self',
    to: 'issuer: root-dca',
    says: 'line 6, issuer: a root is issued by self',
  },
  {
    broken: 'the name of a live CA',
    file: ISSUING,
    from: 'value: TIO1',
    to: 'value: Z1',
    says: `line 11, subject.1: ${NAME_RULE}`,
  },
  {
    broken: 'a CA name of five characters',
    file: ISSUING,
    from: 'value: TIO1',
    to: 'value: TIO12',
    says: `line 11, subject.1: ${NAME_RULE}`,
  },
  {
    broken: 'a root with an authorityKeyIdentifier',
    file: ROOT,
    from: 'extension: subjectKeyIdentifier, critical: false, method: 2',
    to: 'extension: authorityKeyIdentifier, critical: false, from: issuer',
    says: 'line 16, extensions.3: a root has no authorityKeyIdentifier (GBCS)',
  },
  {
    broken: 'an authority with a subjectAltName',
    file: ISSUING,
    from: 'extension: subjectKeyIdentifier, critical: false, method: 2',
    to: "extension: subjectAltName, critical: false, dNSNames: '{dns-names}'",
    says: 'line 16, extensions.3: a test CA has no subjectAltName',
  },
];
