import { parseRoleCode } from '../domain/category.ts';
import { TAG } from '../x509/der.ts';
import { readName } from '../x509/name.ts';
import * as oids from '../x509/oids.ts';
import { endEntitiesOf, type Rule } from './rule.ts';
import { oneKeyUsage } from './one-key-usage.ts';
import { onlyExtensions } from './only-extensions.ts';

const appliesTo = endEntitiesOf('ORGANISATION');

/** SEC Appendix B: what an Organisation Certificate is. */
export const ORGANISATION: readonly Rule[] = [
  {
    rule: 'organisation-subject',
    clause: 'SEC Appendix M, F; SEC Appendix B',
    appliesTo,
    check: ({ subject }) => {
      const names = readName(subject);
      const types = names.map((name) => name.type).join(' ');
      if (types !== WITH_COMMON_NAME && types !== WITHOUT_COMMON_NAME)
        return 'the subject is not [commonName,] organizationalUnitName, uniqueIdentifier in this order';
      if (names.some((name) => !name.single))
        return 'attributes of the subject share a relative distinguished name';
      const unit = names.at(-2);
      const identifier = names.at(-1);
      if (unit?.tag !== TAG.UTF8_STRING || parseRoleCode(unit.value.toString()) === undefined)
        return 'organizationalUnitName is not a RemotePartyRole of two upper-case hex digits in UTF8String';
      if (identifier?.tag !== TAG.BIT_STRING || identifier.value.length !== 9 || identifier.value[0] !== 0)
        return 'uniqueIdentifier is not a BIT STRING of 64 bits';
      return names.length === 3 && names[0]?.tag !== TAG.UTF8_STRING
        ? 'commonName is not UTF8String'
        : undefined;
    },
  },
  {
    rule: 'organisation-issuer',
    clause: 'SEC Appendix B; public test certificates of the SMKI',
    appliesTo,
    check: ({ issuer }) => {
      const [unit, name, ...more] = readName(issuer);
      const good =
        unit?.type === oids.ORGANIZATIONAL_UNIT_NAME &&
        unit.value.toString() === '07' &&
        name?.type === oids.COMMON_NAME &&
        name.value.length <= 4 &&
        more.length === 0 &&
        unit.tag === TAG.PRINTABLE_STRING &&
        name.tag === TAG.PRINTABLE_STRING;
      return good
        ? undefined
        : 'the issuer is not OU=07 and a commonName of at most four characters, in PrintableString';
    },
  },
  {
    rule: 'organisation-one-key-usage',
    clause: 'SEC Appendix M, F; SEC Appendix B',
    appliesTo,
    check: oneKeyUsage,
  },
  {
    rule: 'organisation-extensions',
    clause: 'SEC Appendix B; public test certificates of the SMKI',
    appliesTo,
    check: onlyExtensions([
      oids.KEY_USAGE,
      oids.SUBJECT_KEY_IDENTIFIER,
      oids.CERTIFICATE_POLICIES,
      oids.AUTHORITY_KEY_IDENTIFIER,
    ]),
  },
];

const WITHOUT_COMMON_NAME = `${oids.ORGANIZATIONAL_UNIT_NAME} ${oids.UNIQUE_IDENTIFIER}`;
const WITH_COMMON_NAME = `${oids.COMMON_NAME} ${WITHOUT_COMMON_NAME}`;
