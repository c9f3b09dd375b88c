import * as values from '../../../src/x509/extensions.ts';
import { encodeName, type RelativeName } from '../../../src/x509/name.ts';
import * as oids from '../../../src/x509/oids.ts';
import { nameOfSets, unchanged, withContent, withExtension, without } from '../../support/remake.ts';
import type { RuleRow } from './rule-table.ts';

const ROOT = 'root-oca';
const ISSUING = 'issuing-oca';
const named = (value: string, as: RelativeName['as'] = 'printable') =>
  withContent({ subject: encodeName([{ type: oids.COMMON_NAME, as, value }]) });
const UNIT: RelativeName = { type: oids.ORGANIZATIONAL_UNIT_NAME, as: 'printable', value: '07' };
const COMMON: RelativeName = { type: oids.COMMON_NAME, as: 'printable', value: 'TIO2' };
const constraints = (value: values.BasicConstraints) =>
  withExtension(oids.BASIC_CONSTRAINTS, true, values.basicConstraintsValue(value));
const usage = (...bits: Parameters<typeof values.keyUsageValue>[0]) =>
  withExtension(oids.KEY_USAGE, true, values.keyUsageValue(bits));
const extended = withExtension(
  oids.EXTENDED_KEY_USAGE,
  false,
  values.extendedKeyUsageValue([oids.SERVER_AUTH]),
);
const TOO_LONG = 'there is no commonName of at most four characters';
const PRINTABLE_ONLY = 'the name is not written in PrintableStrings, one in each relative distinguished name';
const WRONG_USAGE = 'keyUsage is not keyCertSign and cRLSign';

/** The certificates of the test CAs. */
export const AUTHORITY_ROWS: readonly RuleRow[] = [
  { rule: 'authority-name', of: ISSUING, broken: named('TIO12'), says: TOO_LONG, kept: named('TIO2') },
  {
    rule: 'authority-name',
    of: ISSUING,
    broken: named('Z1'),
    says: 'the commonName does not begin with T',
    kept: named('T'),
  },
  {
    rule: 'authority-name',
    of: ROOT,
    broken: named('TRO1', 'utf8'),
    says: PRINTABLE_ONLY,
    kept: unchanged,
  },
  {
    rule: 'authority-name',
    of: ISSUING,
    broken: withContent({ subject: encodeName([{ ...UNIT, value: 'TIO1' }]) }),
    says: TOO_LONG,
    kept: unchanged,
  },
  {
    rule: 'authority-name',
    of: ISSUING,
    broken: withContent({ subject: nameOfSets([UNIT, COMMON]) }),
    says: PRINTABLE_ONLY,
    kept: withContent({ subject: nameOfSets([UNIT], [COMMON]) }),
  },
  {
    rule: 'authority-name',
    of: ISSUING,
    broken: withContent({ subject: encodeName([{ ...UNIT, as: 'utf8' }, COMMON]) }),
    says: PRINTABLE_ONLY,
    kept: unchanged,
  },
  {
    rule: 'authority-key-usage',
    of: ISSUING,
    broken: usage('keyCertSign'),
    says: WRONG_USAGE,
    kept: unchanged,
  },
  {
    rule: 'authority-key-usage',
    of: ROOT,
    broken: usage('digitalSignature', 'keyCertSign', 'cRLSign'),
    says: WRONG_USAGE,
    kept: usage('keyCertSign', 'cRLSign'),
  },
  {
    rule: 'root-self-issued',
    of: ROOT,
    broken: named('TRO2'),
    says: 'issuer and subject differ',
    kept: unchanged,
  },
  {
    rule: 'root-without-path-length',
    of: ROOT,
    broken: constraints({ cA: true, pathLen: 1 }),
    says: 'a root has no pathLenConstraint',
    kept: constraints({ cA: true }),
  },
  {
    rule: 'issuing-path-length-zero',
    of: ISSUING,
    broken: constraints({ cA: true, pathLen: 1 }),
    says: 'pathLenConstraint is not 0',
    kept: constraints({ cA: true, pathLen: 0 }),
  },
  {
    rule: 'issuing-path-length-zero',
    of: ISSUING,
    broken: constraints({ cA: true }),
    says: 'pathLenConstraint is not 0',
    kept: unchanged,
  },
  {
    rule: 'issuing-not-self-issued',
    of: ISSUING,
    broken: (specimen) => withContent({ subject: specimen.content.issuer })(specimen),
    says: 'issuer and subject are the same',
    kept: unchanged,
  },
  {
    rule: 'root-extensions',
    of: ROOT,
    broken: extended,
    says: 'the extension 2.5.29.37 does not belong here',
    kept: unchanged,
  },
  {
    rule: 'root-extensions',
    of: ROOT,
    broken: without(oids.CERTIFICATE_POLICIES),
    says: 'the extension 2.5.29.32 is missing',
    kept: unchanged,
  },
  {
    rule: 'issuing-extensions',
    of: ISSUING,
    broken: extended,
    says: 'the extension 2.5.29.37 does not belong here',
    kept: unchanged,
  },
  {
    rule: 'issuing-extensions',
    of: ISSUING,
    broken: without(oids.AUTHORITY_KEY_IDENTIFIER),
    says: 'the extension 2.5.29.35 is missing',
    kept: unchanged,
  },
];
