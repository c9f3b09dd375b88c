import { z } from 'zod';
import { CATEGORIES, REMOTE_PARTY_ROLES, type RemotePartyRole } from '../domain/category.ts';
import type { KeyUsage } from '../domain/certificate-request.ts';

// The schemas of certs-templates/: one YAML per certificate, in the order a certificate has.

const text = z.string().min(1);
/** The second arc is below 40 under the arcs 0 and 1 (X.660). */
const oid = z
  .string()
  .regex(/^([01]\.[1-3]?\d|2\.(0|[1-9]\d*))(\.(0|[1-9]\d*))*$/, 'is not a dotted OBJECT IDENTIFIER');
const critical = z.boolean();

const KEY_USAGES = [
  'digitalSignature',
  'keyAgreement',
  'keyEncipherment',
  'keyCertSign',
  'cRLSign',
] as const satisfies KeyUsage[];

/** How long: whole years less one second, because notAfter is inclusive; or a fixed last second. */
const validity = z.union(
  [
    z.strictObject({ years: z.number().int().min(1).max(100) }),
    z.strictObject({ notAfter: z.iso.datetime().transform((instant) => new Date(instant)) }),
  ],
  'is neither { years } nor { notAfter }',
);

const key = z.discriminatedUnion('algorithm', [
  z.strictObject({ algorithm: z.literal('EC'), curve: z.literal('P-256') }),
  z.strictObject({ algorithm: z.literal('RSA'), bits: z.number().int().min(2048).max(8192) }),
]);

const subjectLine = z.strictObject({
  type: z.enum(['commonName', 'organizationalUnitName', 'organizationName', 'uniqueIdentifier']),
  as: z.enum(['utf8', 'printable', 'bit-string']),
  value: text.refine(
    isKnownPlaceholder,
    'holds a placeholder that is not known; known are {common-name}, {role-code}, {eui64}, {signifier}',
  ),
  optional: z.literal(true).optional(),
});

const extensionLine = z.discriminatedUnion('extension', [
  z.strictObject({ extension: z.literal('keyUsage'), critical, bits: z.array(z.enum(KEY_USAGES)).min(1) }),
  z.strictObject({
    extension: z.literal('extendedKeyUsage'),
    critical,
    purposes: z.array(z.enum(['serverAuth', 'clientAuth'])).min(1),
  }),
  z.strictObject({
    extension: z.literal('basicConstraints'),
    critical,
    cA: z.boolean(),
    pathLen: z.number().int().min(0).max(127).optional(),
  }),
  z.strictObject({ extension: z.literal('subjectKeyIdentifier'), critical, method: z.literal(2) }),
  z.strictObject({ extension: z.literal('authorityKeyIdentifier'), critical, from: z.literal('issuer') }),
  z.strictObject({ extension: z.literal('certificatePolicies'), critical, policies: z.array(oid).min(1) }),
  z.strictObject({
    extension: z.literal('subjectAltName'),
    critical,
    hardwareModuleName: z
      .strictObject({ hwType: z.literal('{hw-type}'), hwSerialNum: z.literal('{eui64}') })
      .optional(),
    dNSNames: z.literal('{dns-names}').optional(),
    optional: z.literal(true).optional(),
  }),
]);

const common = {
  source: text,
  category: z.enum(CATEGORIES),
  validity,
  subjectPublicKeyInfo: key,
  subject: z.array(subjectLine),
  extensions: z
    .array(extensionLine)
    .refine(
      (lines) => new Set(lines.map((line) => line.extension)).size === lines.length,
      'an extension is there twice',
    ),
};

/** An end-entity certificate. */
export const profileSchema = z.strictObject({
  ...common,
  profile: z.string().regex(/^[a-z0-9-]{1,64}$/, 'is not lower-case words with hyphens'),
  /** The authority that signs it. */
  authority: text,
  keyUsage: z.enum(['digitalSignature', 'keyAgreement']),
  roles: z
    .array(z.enum(Object.keys(REMOTE_PARTY_ROLES) as [RemotePartyRole, ...RemotePartyRole[]]))
    .optional(),
  chosen: z.enum(['automatically', 'by-name']),
});
export type Profile = z.infer<typeof profileSchema>;

/** The certificate of a test CA. */
export const authorityTemplateSchema = z.strictObject({
  ...common,
  authority: z.string().regex(/^[a-z0-9-]{1,64}$/, 'is not lower-case words with hyphens'),
  kind: z.enum(['ROOT', 'ISSUING']),
  /** The authority above; `self` for a root. */
  issuer: text,
  subject: z.array(
    subjectLine.refine(
      (line) =>
        !line.value.includes('{') &&
        line.as === 'printable' &&
        (line.type !== 'commonName' || /^T.{0,3}$/.test(line.value)),
      'the name of a test CA is PrintableString, its commonName has at most four characters and begins with T',
    ),
  ),
});
export type AuthorityTemplate = z.infer<typeof authorityTemplateSchema>;

export type SubjectLine = Profile['subject'][number];
export type ExtensionLine = Profile['extensions'][number];
export type Validity = Profile['validity'];

/** The policy OIDs that a certificate of this template carries. */
export function policiesOf(template: Pick<Profile, 'extensions'>): readonly string[] {
  return template.extensions.flatMap((line) =>
    line.extension === 'certificatePolicies' ? line.policies : [],
  );
}

function isKnownPlaceholder(value: string): boolean {
  return !/[{}]/.test(value) || ['{common-name}', '{role-code}', '{eui64}', '{signifier}'].includes(value);
}
