import { createECDH, createHash } from 'node:crypto';
import path from 'node:path';
import type { CertificateSubject, KeyUsage } from '../../src/domain/certificate-request.ts';
import type { Eui64 } from '../../src/domain/eui64.ts';
import type { SerialNumber } from '../../src/domain/serial-number.ts';
import type { Expectation } from '../../src/lint/expectation.ts';
import type { CertificateKind } from '../../src/lint/rule.ts';
import {
  authorityName,
  compileProfile,
  fillAuthority,
  fillProfile,
  type AuthorityFacts,
} from '../../src/profiles/fill-profile.ts';
import { loadProfiles, type ProfileSet } from '../../src/profiles/load-profiles.ts';
import type { AuthorityTemplate, Profile } from '../../src/profiles/profile.ts';
import {
  ECDSA_WITH_SHA256,
  encodeTbs,
  SHA256_WITH_RSA,
  type TbsContent,
} from '../../src/x509/certificate.ts';
import { TAG } from '../../src/x509/der.ts';
import { oid, sequence, tlv, unsignedInteger, wholeBitString } from '../../src/x509/write-der.ts';
import { keyIdentifier } from '../../src/x509/key-identifier.ts';
import * as oids from '../../src/x509/oids.ts';

/** A finished certificate to be, and what the test itself says it must be. */
export interface Specimen {
  readonly name: string;
  readonly kind: CertificateKind;
  /** Name of the authority above; the specimen's own for a root. */
  readonly issuer: string;
  readonly content: TbsContent;
  readonly tbs: Buffer;
  readonly expected: Expectation;
}

/** The SPKI DER for a certificate of this name. */
export type KeyOf = (name: string, wanted: Profile['subjectPublicKeyInfo']) => Buffer;

/** One finished TBS of every template, and of every optional part one without it; always the same octets. */
export function makeSpecimens(
  keyOf: KeyOf = seededKey,
  set: ProfileSet = TEMPLATES,
): ReadonlyMap<string, Specimen> {
  const facts = new Map<string, AuthorityFacts>();
  const specimens: Specimen[] = [];
  const roots = [...set.authorities.values()].filter((one) => one.kind === 'ROOT');
  const issuing = [...set.authorities.values()].filter((one) => one.kind === 'ISSUING');
  for (const template of [...roots, ...issuing]) {
    const made = makeAuthority(template, keyOf, set, facts.get(template.issuer));
    facts.set(template.authority, made.facts);
    specimens.push(made.specimen);
  }
  for (const profile of set.profiles.values())
    for (const [suffix, subject] of SUBJECTS[profile.category])
      if (subject.category !== 'ORGANISATION' || profile.roles?.includes(subject.role))
        specimens.push(
          makeEndEntity(
            `${profile.profile}${suffix}`,
            profile,
            subject,
            facts.get(profile.authority)!,
            keyOf,
          ),
        );
  return new Map(specimens.map((one) => [one.name, one]));
}

/** A key that a name always gives: a point of P-256, or a number that looks like an RSA modulus and is nobody's. */
export function seededKey(name: string, wanted: Profile['subjectPublicKeyInfo']): Buffer {
  if (wanted.algorithm === 'EC') {
    const pair = createECDH('prime256v1');
    pair.setPrivateKey(createHash('sha256').update(name).digest());
    return sequence(
      sequence(oid(oids.EC_PUBLIC_KEY), oid(oids.PRIME256V1)),
      wholeBitString(pair.getPublicKey()),
    );
  }
  const modulus = Buffer.concat(
    Array.from({ length: wanted.bits / 256 }, (_, part) =>
      createHash('sha256').update(`${name} ${part}`).digest(),
    ),
  );
  modulus[0] = modulus[0]! | 0x80;
  modulus[modulus.length - 1] = modulus.at(-1)! | 1;
  const key = sequence(unsignedInteger(modulus), unsignedInteger(Buffer.from([1, 0, 1])));
  return sequence(sequence(oid(oids.RSA_ENCRYPTION), tlv(TAG.NULL)), wholeBitString(key));
}

/** The specimen of this name. */
export function specimenOf(specimens: ReadonlyMap<string, Specimen>, name: string): Specimen {
  const found = specimens.get(name);
  if (found === undefined) throw new TypeError(`there is no specimen ${name}`);
  return found;
}

function makeAuthority(
  template: AuthorityTemplate,
  keyOf: KeyOf,
  set: ProfileSet,
  issuer: AuthorityFacts | undefined,
): { specimen: Specimen; facts: AuthorityFacts } {
  const { authority: name, kind, category } = template;
  const signing = issuer === undefined ? template : set.authorities.get(template.issuer)!;
  const signatureAlgorithm =
    signing.subjectPublicKeyInfo.algorithm === 'EC' ? ECDSA_WITH_SHA256 : SHA256_WITH_RSA;
  const facts = {
    serialNumber: seededSerialNumber(name),
    notBefore: BEGINS,
    spki: keyOf(name, template.subjectPublicKeyInfo),
  };
  const content = fillAuthority(template, facts, signatureAlgorithm, issuer);
  const subject = authorityName(template);
  const expected: Expectation = {
    ...facts,
    signatureAlgorithm,
    issuer: issuer?.subject ?? subject,
    ...(issuer === undefined ? {} : { authorityKeyIdentifier: issuer.keyIdentifier }),
    validity: template.validity,
    issuerNotAfter: issuer?.notAfter ?? INDEFINITE,
    keyUsage: ['keyCertSign', 'cRLSign'],
    policies: [POLICY],
    extensions: kind === 'ROOT' ? CA_EXTENSIONS : [...CA_EXTENSIONS, oids.AUTHORITY_KEY_IDENTIFIER],
    subject: { category: 'AUTHORITY', name: subject },
  };
  const ownAlgorithm = template.subjectPublicKeyInfo.algorithm === 'EC' ? ECDSA_WITH_SHA256 : SHA256_WITH_RSA;
  return {
    specimen: {
      name,
      kind: { category, kind },
      issuer: issuer?.name ?? name,
      content,
      tbs: encodeTbs(content),
      expected,
    },
    facts: {
      name,
      subject,
      keyIdentifier: keyIdentifier(facts.spki),
      signatureAlgorithm: ownAlgorithm,
      notAfter: content.notAfter,
    },
  };
}

function makeEndEntity(
  name: string,
  profile: Profile,
  subject: CertificateSubject,
  issuer: AuthorityFacts,
  keyOf: KeyOf,
): Specimen {
  const { category, validity, keyUsage } = profile;
  const isRsa = profile.subjectPublicKeyInfo.algorithm === 'RSA';
  const facts = {
    serialNumber: seededSerialNumber(name),
    notBefore: ISSUED,
    spki: keyOf(name, profile.subjectPublicKeyInfo),
    subject,
  };
  const content = fillProfile(compileProfile(profile, issuer), facts);
  const usages: KeyUsage[] = isRsa ? [keyUsage, 'keyEncipherment'] : [keyUsage];
  const expected: Expectation = {
    ...facts,
    signatureAlgorithm: issuer.signatureAlgorithm,
    issuer: issuer.subject,
    authorityKeyIdentifier: issuer.keyIdentifier,
    validity,
    issuerNotAfter: issuer.notAfter,
    keyUsage: usages,
    policies: [POLICY],
    extensions: EXTENSIONS[category].filter(
      (one) => one !== oids.SUBJECT_ALT_NAME || subject.category !== 'DCCKI' || subject.dnsNames.length > 0,
    ),
  };
  return {
    name,
    kind: { category, kind: 'END_ENTITY' },
    issuer: issuer.name,
    content,
    tbs: encodeTbs(content),
    expected,
  };
}

/** 16 octets, positive, that a name always gives. */
function seededSerialNumber(name: string): SerialNumber {
  const octets = createHash('sha256').update(`serial ${name}`).digest().subarray(0, 16);
  octets[0] = (octets[0]! & 0x7f) | 0x10;
  return octets.toString('hex').toUpperCase() as SerialNumber;
}

export const TEMPLATES_FOLDER = path.join(__dirname, '..', '..', 'certs-templates');
/** The templates of the repository, read once. */
export const TEMPLATES = loadProfiles(TEMPLATES_FOLDER);
/** The policy of every test certificate. */
export const POLICY = '1.2.826.0.1.8641679.1.2.1.4';
/** When the authorities of the tests begin, and when their certificates are issued. */
export const BEGINS = new Date('2026-11-02T00:00:00.000Z');
export const ISSUED = new Date('2026-11-24T09:30:15.250Z');
const INDEFINITE = new Date('9999-12-31T23:59:59Z');

const eui64 = '90b3d51f30010000' as Eui64;
const SUBJECTS: Record<Profile['category'], readonly (readonly [suffix: string, CertificateSubject])[]> = {
  ORGANISATION: [
    ['', { category: 'ORGANISATION', eui64, role: 'supplier', commonName: 'Example Supplier' }],
    ['', { category: 'ORGANISATION', eui64, role: 'xmlSign', commonName: 'Example Supplier' }],
    [' (no common name)', { category: 'ORGANISATION', eui64, role: 'networkOperator' }],
  ],
  DEVICE: [
    ['', { category: 'DEVICE', eui64: '00db1234567890a4' as Eui64, hwType: '1.2.826.0.1.8641679.1.2.2.1' }],
  ],
  DCCKI: [
    [
      '',
      {
        category: 'DCCKI',
        signifier: 'EXAMPLE-ENERGY',
        dnsNames: ['gateway.example.test', 'standby.example.test'],
      },
    ],
    [' (no host names)', { category: 'DCCKI', signifier: 'EXAMPLE-ENERGY', dnsNames: [] }],
  ],
};
const CA_EXTENSIONS = [
  oids.KEY_USAGE,
  oids.BASIC_CONSTRAINTS,
  oids.CERTIFICATE_POLICIES,
  oids.SUBJECT_KEY_IDENTIFIER,
];
const SMKI_EXTENSIONS = [
  oids.KEY_USAGE,
  oids.SUBJECT_KEY_IDENTIFIER,
  oids.CERTIFICATE_POLICIES,
  oids.AUTHORITY_KEY_IDENTIFIER,
];
/** In the order of the public test certificates. */
const EXTENSIONS: Record<Profile['category'], readonly string[]> = {
  ORGANISATION: SMKI_EXTENSIONS,
  DEVICE: SMKI_EXTENSIONS.toSpliced(2, 0, oids.SUBJECT_ALT_NAME),
  DCCKI: SMKI_EXTENSIONS.toSpliced(1, 0, oids.EXTENDED_KEY_USAGE).toSpliced(3, 0, oids.SUBJECT_ALT_NAME),
};
