import { TAG } from '../x509/der.ts';
import { readName } from '../x509/name.ts';
import * as oids from '../x509/oids.ts';
import { readSubjectAltName } from '../x509/subject-alt-name.ts';
import { oneKeyUsage } from './one-key-usage.ts';
import { onlyExtensions } from './only-extensions.ts';
import { endEntitiesOf, whenPresent, type Rule } from './rule.ts';

const appliesTo = endEntitiesOf('DEVICE');

/** SEC Appendix A: what a Device Certificate is. */
export const DEVICE: readonly Rule[] = [
  {
    rule: 'device-subject-empty',
    clause: 'GBCS version 1 (28 November 2014), page 145; SEC Appendix A',
    appliesTo,
    check: ({ subject }) => (subject.length === EMPTY_NAME ? undefined : 'the subject is not empty'),
  },
  {
    rule: 'device-issuer',
    clause: 'SEC Appendix A; public test certificates of the SMKI',
    appliesTo,
    check: ({ issuer }) => {
      const [name, ...more] = readName(issuer);
      const good =
        name?.type === oids.COMMON_NAME && name.tag === TAG.PRINTABLE_STRING && name.value.length <= 4;
      return good && more.length === 0
        ? undefined
        : 'the issuer is not one commonName of at most four characters';
    },
  },
  {
    rule: 'device-indefinite-validity',
    clause: 'GBCS version 1 (28 November 2014), page 145',
    appliesTo,
    check: ({ validity }) =>
      validity.notAfter.getTime() === INDEFINITE ? undefined : 'notAfter is not 9999-12-31T23:59:59Z',
  },
  {
    rule: 'device-one-key-usage',
    clause: 'GBCS version 1 (28 November 2014), page 145; SEC Appendix A',
    appliesTo,
    check: oneKeyUsage,
  },
  {
    rule: 'device-hardware-module-name',
    clause: 'GBCS version 1 (28 November 2014), page 145; RFC 4108, 5',
    appliesTo,
    check: whenPresent(oids.SUBJECT_ALT_NAME, ({ critical, value }) => {
      const [name, ...more] = readSubjectAltName(value);
      if (!critical) return 'subjectAltName is not critical';
      if (name?.kind !== 'hardwareModuleName' || more.length > 0)
        return 'subjectAltName is not exactly one hardwareModuleName';
      return name.hwSerialNum.length === 8 ? undefined : 'hwSerialNum is not an EUI-64 of 8 octets';
    }),
  },
  {
    rule: 'device-extensions',
    clause: 'SEC Appendix A; public test certificates of the SMKI',
    appliesTo,
    check: onlyExtensions([
      oids.KEY_USAGE,
      oids.SUBJECT_KEY_IDENTIFIER,
      oids.SUBJECT_ALT_NAME,
      oids.CERTIFICATE_POLICIES,
      oids.AUTHORITY_KEY_IDENTIFIER,
    ]),
  },
];

const INDEFINITE = Date.UTC(9999, 11, 31, 23, 59, 59);
/** Octets of an empty SEQUENCE. */
const EMPTY_NAME = 2;
