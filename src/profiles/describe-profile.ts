import { formatInstant } from '../domain/instant.ts';
import type { AuthorityTemplate, ExtensionLine, Profile, SubjectLine, Validity } from './profile.ts';

/** What people want to know of a profile. */
export interface ProfileDescription {
  readonly profile: string;
  readonly keyUsage: string;
  readonly chosen: string;
  readonly roles?: readonly string[];
  readonly key: string;
  readonly validity: string;
  readonly source: string;
}

/** A profile in words. */
export function describeProfile(template: Profile): ProfileDescription {
  const { profile, keyUsage, chosen, roles, validity, source } = template;
  return {
    profile,
    keyUsage,
    chosen,
    ...(roles === undefined ? {} : { roles }),
    key: describeKey(template),
    validity: describeValidity(validity),
    source,
  };
}

/** A whole template as text, in the order of its certificate; `!` marks a critical extension. Ends with a line feed. */
export function formatTemplate(template: Profile | AuthorityTemplate): string {
  const { source, category, subject, extensions } = template;
  const rows = [
    ['source', source],
    ['category', category],
    ...('profile' in template ? profileRows(template) : authorityRows(template)),
    ['validity', describeValidity(template.validity)],
    ['subject', subject.map(describeSubject).join(', ') || '(empty)'],
    ['key', describeKey(template)],
    ...extensions.map((line) => [`${line.extension}${line.critical ? '!' : ''}`, describeExtension(line)]),
  ];
  const title = 'profile' in template ? template.profile : template.authority;
  return `${title}\n${rows.map(([name = '', value = '']) => `  ${name.padEnd(24)}${value}\n`).join('')}`;
}

/** The key: at least what a CSR has to bring, exactly what is made for a test CA. */
export function describeKey(template: Profile | AuthorityTemplate): string {
  const key = template.subjectPublicKeyInfo;
  if (key.algorithm === 'EC') return key.curve;
  return `RSA of ${'profile' in template ? 'at least ' : ''}${String(key.bits)} bits`;
}

export function describeValidity(validity: Validity): string {
  return 'years' in validity
    ? `${String(validity.years)} years`
    : `until ${formatInstant(validity.notAfter)}`;
}

const profileRows = ({ roles, chosen, authority }: Profile): string[][] => [
  ...(roles === undefined ? [] : [['roles', roles.join(', ')]]),
  ['chosen', chosen],
  ['issuer', authority],
];

const authorityRows = ({ kind, issuer }: AuthorityTemplate): string[][] => [
  ['kind', kind],
  ['issuer', issuer],
];

const describeSubject = ({ type, value, optional }: SubjectLine) =>
  `${type}=${value}${optional ? ' (optional)' : ''}`;

function describeExtension(line: ExtensionLine): string {
  switch (line.extension) {
    case 'keyUsage':
      return line.bits.join(', ');
    case 'extendedKeyUsage':
      return line.purposes.join(', ');
    case 'basicConstraints':
      return line.pathLen === undefined
        ? `cA ${String(line.cA)}`
        : `cA ${String(line.cA)}, pathLen ${String(line.pathLen)}`;
    case 'subjectKeyIdentifier':
      return `RFC 5280, 4.2.1.2 (${String(line.method)})`;
    case 'authorityKeyIdentifier':
      return `keyIdentifier of the ${line.from}`;
    case 'certificatePolicies':
      return line.policies.join(', ');
    case 'subjectAltName': {
      const { hardwareModuleName: module, dNSNames, optional } = line;
      const value = module
        ? `hardwareModuleName ${module.hwType} ${module.hwSerialNum}`
        : `dNSName ${dNSNames ?? ''}`;
      return optional ? `${value} (optional)` : value;
    }
  }
}
