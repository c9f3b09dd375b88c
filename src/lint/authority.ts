import { TAG } from '../x509/der.ts';
import { readBasicConstraints, readKeyUsage } from '../x509/extensions.ts';
import { readName } from '../x509/name.ts';
import * as oids from '../x509/oids.ts';
import { onlyExtensions } from './only-extensions.ts';
import {
  AUTHORITY_DESIGN,
  authorities,
  authoritySource,
  whenPresent,
  type CertificateKind,
  type Rule,
} from './rule.ts';

const roots = ({ kind }: CertificateKind) => kind === 'ROOT';
const issuing = ({ kind }: CertificateKind) => kind === 'ISSUING';
const EXTENSIONS = [
  oids.KEY_USAGE,
  oids.BASIC_CONSTRAINTS,
  oids.CERTIFICATE_POLICIES,
  oids.SUBJECT_KEY_IDENTIFIER,
];

/** What the certificate of a test CA is, and how it differs from a live one. */
export const AUTHORITY: readonly Rule[] = [
  {
    rule: 'authority-name',
    clause: ({ category }) =>
      category === 'DCCKI'
        ? 'DESIGN: test CAs begin with T'
        : 'SEC Appendix A and B; DESIGN: test CAs begin with T',
    appliesTo: authorities,
    check: ({ subject }) => {
      const names = readName(subject);
      const name = names.at(-1);
      if (name?.type !== oids.COMMON_NAME || name.value.length > 4)
        return 'there is no commonName of at most four characters';
      if (!name.value.toString('latin1').startsWith('T')) return 'the commonName does not begin with T';
      return names.every((one) => one.tag === TAG.PRINTABLE_STRING && one.single)
        ? undefined
        : 'the name is not written in PrintableStrings, one in each relative distinguished name';
    },
  },
  {
    rule: 'authority-key-usage',
    clause: (one) => `RFC 5280, 4.2.1.3; ${authoritySource(one)}`,
    appliesTo: authorities,
    check: whenPresent(oids.KEY_USAGE, ({ value }) =>
      readKeyUsage(value).join(' ') === 'keyCertSign cRLSign'
        ? undefined
        : 'keyUsage is not keyCertSign and cRLSign',
    ),
  },
  {
    rule: 'root-self-issued',
    clause: 'RFC 5280, 3.2',
    appliesTo: roots,
    check: ({ issuer, subject }) => (issuer.equals(subject) ? undefined : 'issuer and subject differ'),
  },
  {
    rule: 'root-without-path-length',
    clause: AUTHORITY_DESIGN, // RFC 5280, 4.2.1.9 allows a root one
    appliesTo: roots,
    check: whenPresent(oids.BASIC_CONSTRAINTS, ({ value }) =>
      readBasicConstraints(value).pathLen === undefined ? undefined : 'a root has no pathLenConstraint',
    ),
  },
  {
    rule: 'issuing-path-length-zero',
    clause: (one) => `RFC 5280, 4.2.1.9; ${authoritySource(one)}`,
    appliesTo: issuing,
    check: whenPresent(oids.BASIC_CONSTRAINTS, ({ value }) =>
      readBasicConstraints(value).pathLen === 0 ? undefined : 'pathLenConstraint is not 0',
    ),
  },
  {
    rule: 'issuing-not-self-issued',
    clause: 'RFC 5280, 3.2',
    appliesTo: issuing,
    check: ({ issuer, subject }) => (issuer.equals(subject) ? 'issuer and subject are the same' : undefined),
  },
  {
    rule: 'root-extensions',
    clause: AUTHORITY_DESIGN,
    appliesTo: roots,
    check: onlyExtensions(EXTENSIONS),
  },
  {
    rule: 'issuing-extensions',
    clause: authoritySource,
    appliesTo: issuing,
    check: onlyExtensions([...EXTENSIONS, oids.AUTHORITY_KEY_IDENTIFIER]),
  },
];
