import { ECDSA_WITH_SHA256, SHA256_WITH_RSA } from '../x509/certificate.ts';
import { TAG } from '../x509/der.ts';
import { readExtendedKeyUsage, readKeyUsage } from '../x509/extensions.ts';
import { readName } from '../x509/name.ts';
import * as oids from '../x509/oids.ts';
import { readSubjectAltName } from '../x509/subject-alt-name.ts';
import { onlyExtensions } from './only-extensions.ts';
import {
  DCCKI_DESIGN as DESIGN,
  designOf,
  endEntitiesOf,
  whenPresent,
  type CertificateKind,
  type Rule,
} from './rule.ts';

const infrastructure = endEntitiesOf('DCCKI');
const dccki = ({ category }: CertificateKind) => category === 'DCCKI';

export const DCCKI: readonly Rule[] = [
  {
    rule: 'dccki-key',
    clause: designOf,
    appliesTo: dccki,
    check: ({ publicKey }) =>
      publicKey.kind === 'EC_P256' ||
      (publicKey.kind === 'RSA' &&
        publicKey.bits >= 2048 &&
        publicKey.exponent % 2n === 1n &&
        publicKey.exponent > 2n)
        ? undefined
        : 'the key is neither RSA of at least 2048 bits nor P-256',
  },
  {
    rule: 'dccki-signature-algorithm',
    clause: (kind) => `${designOf(kind)}; RFC 4055, 5; RFC 5758, 3.2`,
    appliesTo: dccki,
    check: ({ signatureAlgorithm }) =>
      signatureAlgorithm.equals(SHA256_WITH_RSA) || signatureAlgorithm.equals(ECDSA_WITH_SHA256)
        ? undefined
        : 'the signature algorithm is neither sha256WithRSAEncryption nor ecdsa-with-SHA256',
  },
  {
    rule: 'dccki-subject',
    clause: 'government response of 26 January 2015, paragraph 36',
    appliesTo: infrastructure,
    check: ({ subject }) => {
      const [name, ...more] = readName(subject);
      const good = name?.type === oids.COMMON_NAME && name.tag === TAG.UTF8_STRING && name.value.length > 0;
      return good && more.length === 0
        ? undefined
        : 'the subject is not one commonName, the Signifier, in UTF8String';
    },
  },
  {
    rule: 'dccki-key-usage',
    clause: DESIGN,
    appliesTo: infrastructure,
    check: whenPresent(oids.KEY_USAGE, ({ value }, { publicKey }) => {
      const wanted = publicKey.kind === 'RSA' ? 'digitalSignature keyEncipherment' : 'digitalSignature';
      return readKeyUsage(value).join(' ') === wanted ? undefined : `keyUsage is not ${wanted}`;
    }),
  },
  {
    rule: 'dccki-tls-both-ends',
    clause: DESIGN,
    appliesTo: infrastructure,
    check: whenPresent(oids.EXTENDED_KEY_USAGE, ({ critical, value }) => {
      if (critical) return 'extendedKeyUsage is critical';
      return readExtendedKeyUsage(value).join(' ') === `${oids.SERVER_AUTH} ${oids.CLIENT_AUTH}`
        ? undefined
        : 'extendedKeyUsage is not serverAuth and clientAuth, in this order';
    }),
  },
  {
    rule: 'dccki-host-names',
    clause: 'RFC 5280, 4.2.1.6',
    appliesTo: infrastructure,
    check: whenPresent(oids.SUBJECT_ALT_NAME, ({ critical, value }) => {
      if (critical) return 'subjectAltName is critical although the subject is not empty';
      return readSubjectAltName(value).every((name) => name.kind === 'dNSName' && HOST_NAME.test(name.value))
        ? undefined
        : 'subjectAltName holds something else than host names';
    }),
  },
  {
    rule: 'dccki-extensions',
    clause: DESIGN,
    appliesTo: infrastructure,
    check: onlyExtensions(
      [
        oids.KEY_USAGE,
        oids.EXTENDED_KEY_USAGE,
        oids.SUBJECT_KEY_IDENTIFIER,
        oids.CERTIFICATE_POLICIES,
        oids.AUTHORITY_KEY_IDENTIFIER,
      ],
      [oids.SUBJECT_ALT_NAME],
    ),
  },
];

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
