import type { Category } from '../domain/category.ts';
import type { CertificateSubject, CsrFacts, KeyUsage } from '../domain/certificate-request.ts';
import type { CsrReading, Finding } from '../domain/eligibility-question.ts';
import { DerError } from '../x509/der.ts';
import { readExtendedKeyUsage, readKeyUsage } from '../x509/extensions.ts';
import * as oids from '../x509/oids.ts';
import { readSubject } from './csr-subject.ts';

/**
 * Reads what a CSR asks for and holds it against every rule of its category; all findings, none twice. Whether an
 * extension is critical is not asked: the live service does not validate it either. Attributes other than
 * extensionRequest are passed over (OpenSSL and Windows add some that concern the enrolment only), but for those that
 * ask for something in the certificate: what is asked and not given is refused, never dropped in silence.
 * @see SEC Appendix M, F (CSR structures of Organisation and Device; of the DCCKI: DESIGN); RFC 2986, 4
 */
export function checkCsr(csr: CsrFacts, category: Category): CsrReading {
  const findings: Finding[] = [];
  for (const { reason, check } of RULES)
    for (const detail of attempt(check, csr, category)) findings.push({ reason, detail });
  const { subject, findings: subjectFindings } = readSubject(csr, category);
  const usage = usageOf(csr, category);
  const mismatch = usage === undefined || subject === undefined ? [] : roleMismatch(subject, usage);
  return {
    findings: [...findings, ...subjectFindings, ...mismatch],
    ...(subject === undefined ? {} : { subject }),
    ...(usage === undefined ? {} : { keyUsage: usage }),
  };
}

/** The reason codes of a CSR: of the rules here, and of the two that are found before and beside them. */
export const CSR_REASONS = [
  'CSR_UNPARSEABLE',
  'CSR_SIGNATURE_INVALID',
  'CSR_VERSION',
  'CSR_KEY_TYPE',
  'CSR_SIGNATURE_ALGORITHM',
  'CSR_EXTENSION',
  'CSR_KEY_USAGE',
  'CSR_SUBJECT',
  'CSR_SAN',
  'CSR_ROLE_MISMATCH',
  'IDENTIFIER_TYPE_WRONG_FOR_CATEGORY',
] as const;

interface CsrRule {
  readonly reason: (typeof CSR_REASONS)[number];
  /** What is wrong, in words; empty when the rule is kept. May throw DerError for a value that cannot be read. */
  readonly check: (csr: CsrFacts, category: Category) => readonly string[];
}

const RULES: readonly CsrRule[] = [
  {
    reason: 'CSR_VERSION',
    check: ({ version }) => (version === 0 ? [] : [`The version is ${String(version)} instead of 0.`]),
  },
  { reason: 'CSR_KEY_TYPE', check: checkKey },
  { reason: 'CSR_SIGNATURE_ALGORITHM', check: checkSignatureAlgorithm },
  { reason: 'CSR_EXTENSION', check: checkAttributes },
  { reason: 'CSR_EXTENSION', check: checkExtensions },
  { reason: 'CSR_KEY_USAGE', check: checkKeyUsage },
];

function checkKey({ publicKey }: CsrFacts, category: Category): string[] {
  if (publicKey.kind === 'EC_P256') return [];
  if (publicKey.kind === 'OTHER') return [`The CSR holds ${publicKey.description}.`];
  if (category !== 'DCCKI') return [`The CSR holds an RSA key; ${category} Certificates have P-256 keys.`];
  const { bits, exponent } = publicKey;
  const wrong: string[] = [];
  if (bits < SHORTEST_RSA || bits > LONGEST_RSA)
    wrong.push(
      `The RSA key has ${String(bits)} bits; it has ${String(SHORTEST_RSA)} to ${String(LONGEST_RSA)}.`,
    );
  // FIPS 186-5, A.1.1: odd, and larger than 2^16.
  if (exponent < 65537n || exponent % 2n === 0n)
    wrong.push(`The RSA exponent is ${String(exponent)}; it is 65537 or a larger odd number.`);
  return wrong;
}

function checkSignatureAlgorithm({
  publicKey,
  signatureAlgorithm,
  signatureAlgorithmWellFormed,
}: CsrFacts): string[] {
  const expected = publicKey.kind === 'RSA' ? oids.SHA256_WITH_RSA_OID : oids.ECDSA_WITH_SHA256_OID;
  if (signatureAlgorithm !== expected)
    return [`The signature algorithm is ${ALGORITHMS.get(signatureAlgorithm) ?? signatureAlgorithm}.`];
  return signatureAlgorithmWellFormed
    ? []
    : ['The parameters of the signature algorithm are not as its standard has them.'];
}

function checkAttributes({ attributes }: CsrFacts): string[] {
  return attributes
    .filter((oid) => ASKING_ATTRIBUTES.has(oid))
    .map(
      (oid) =>
        `The attribute ${ASKING_ATTRIBUTES.get(oid) ?? oid} asks for what only extensionRequest may ask.`,
    );
}

function checkExtensions({ extensions }: CsrFacts, category: Category): string[] {
  const known = KNOWN_EXTENSIONS[category];
  const ids = extensions.map((one) => one.oid);
  const unknown = ids.filter((oid) => !known.includes(oid));
  const twice = ids.filter((oid, place) => ids.indexOf(oid) !== place);
  const wrong = unknown.map(
    (oid) =>
      `${EXTENSIONS.get(oid) ?? `The extension ${oid}`} does not belong in a CSR of the category ${category}.`,
  );
  wrong.push(...twice.map((oid) => `${EXTENSIONS.get(oid) ?? `The extension ${oid}`} is there twice.`));
  const purposes = extensions.find((one) => one.oid === oids.EXTENDED_KEY_USAGE);
  if (category === 'DCCKI' && purposes !== undefined) {
    const other = readExtendedKeyUsage(purposes.value).filter(
      (one) => one !== oids.SERVER_AUTH && one !== oids.CLIENT_AUTH,
    );
    wrong.push(
      ...other.map((one) => `extendedKeyUsage asks for ${one}; there is serverAuth and clientAuth only.`),
    );
  }
  return [...new Set(wrong)];
}

function checkKeyUsage(csr: CsrFacts, category: Category): string[] {
  const usages = requestedUsages(csr);
  if (category === 'DCCKI') {
    const fits =
      usages === undefined ||
      (usages.includes('digitalSignature') &&
        usages.every((one) => one === 'digitalSignature' || one === 'keyEncipherment'));
    return fits
      ? []
      : [`keyUsage asks for ${usages.join(', ')}; a DCCKI key signs and, when RSA, enciphers keys.`];
  }
  if (usages === undefined)
    return ['keyUsage is missing: exactly one of digitalSignature and keyAgreement is wanted.'];
  return usages.length === 1 && (usages[0] === 'digitalSignature' || usages[0] === 'keyAgreement')
    ? []
    : [
        `keyUsage asks for ${usages.join(' and ')}; exactly one of digitalSignature and keyAgreement is wanted.`,
      ];
}

/** The one key usage that decides the profile, or `undefined` when the CSR does not name exactly one. */
function usageOf(csr: CsrFacts, category: Category): 'digitalSignature' | 'keyAgreement' | undefined {
  if (category === 'DCCKI') return 'digitalSignature';
  let usages: KeyUsage[] = [];
  try {
    usages = requestedUsages(csr) ?? [];
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
  }
  const [usage, ...more] = usages;
  return more.length === 0 && (usage === 'digitalSignature' || usage === 'keyAgreement') ? usage : undefined;
}

function requestedUsages({ extensions }: CsrFacts): KeyUsage[] | undefined {
  const extension = extensions.find((one) => one.oid === oids.KEY_USAGE);
  return extension && readKeyUsage(extension.value);
}

function roleMismatch(subject: CertificateSubject, usage: 'digitalSignature' | 'keyAgreement'): Finding[] {
  if (subject.category !== 'ORGANISATION' || usage === 'digitalSignature' || !SIGNING_ONLY.has(subject.role))
    return [];
  return [{ reason: 'CSR_ROLE_MISMATCH', detail: `The role ${subject.role} is for digitalSignature only.` }];
}

function attempt(check: CsrRule['check'], csr: CsrFacts, category: Category): readonly string[] {
  try {
    return check(csr, category);
  } catch (error) {
    if (error instanceof DerError) return [`An extension cannot be read: ${error.message}.`];
    throw error;
  }
}

const SHORTEST_RSA = 2048;
const LONGEST_RSA = 8192;
/** Roles that no public test certificate has with keyAgreement. */
const SIGNING_ONLY = new Set(['recovery', 'transitionalCoS', 'wanProvider', 'xmlSign', 'dspXmlSign']);
const KNOWN_EXTENSIONS: Record<Category, readonly string[]> = {
  ORGANISATION: [oids.KEY_USAGE],
  DEVICE: [oids.KEY_USAGE, oids.SUBJECT_ALT_NAME],
  DCCKI: [oids.KEY_USAGE, oids.EXTENDED_KEY_USAGE, oids.SUBJECT_ALT_NAME],
};
/** Attributes that carry extensions by another name: PKCS #9 and Windows. */
const ASKING_ATTRIBUTES = new Map([
  ['1.2.840.113549.1.9.9', 'extendedCertificateAttributes'],
  ['1.3.6.1.4.1.311.2.1.14', 'certExtensions (Windows)'],
]);
const EXTENSIONS = new Map([
  [oids.SUBJECT_ALT_NAME, 'subjectAltName'],
  [oids.KEY_USAGE, 'keyUsage'],
  [oids.EXTENDED_KEY_USAGE, 'extendedKeyUsage'],
  [oids.BASIC_CONSTRAINTS, 'basicConstraints'],
  [oids.SUBJECT_KEY_IDENTIFIER, 'subjectKeyIdentifier'],
  [oids.CERTIFICATE_POLICIES, 'certificatePolicies'],
]);
const ALGORITHMS = new Map([
  ['1.2.840.10045.4.1', 'ecdsa-with-SHA1'],
  ['1.2.840.10045.4.3.2', 'ecdsa-with-SHA256'],
  ['1.2.840.10045.4.3.3', 'ecdsa-with-SHA384'],
  ['1.2.840.10045.4.3.4', 'ecdsa-with-SHA512'],
  ['1.2.840.113549.1.1.5', 'sha1WithRSAEncryption'],
  ['1.2.840.113549.1.1.11', 'sha256WithRSAEncryption'],
]);
