import type { Category } from '../domain/category.ts';
import { parseSerialNumber } from '../domain/serial-number.ts';
import * as fields from './fields.ts';
import { z } from './zod.ts';

const REPLACEMENT =
  'true: the Device ID has certificates already, and without one the request is refused (UNKNOWN_DEVICE); for DEVICE only';

/** Everything of a certificate request but its CSR. */
const question = {
  category: fields.category,
  purpose: fields.purpose,
  environment: fields.environment.optional(),
  profile: fields.text(64).optional().describe('absent: the profile that fits the CSR'),
  deviceType: fields.deviceType.optional(),
  replacement: z.boolean().optional().describe(REPLACEMENT),
  channel: fields.channel.default('INTERNET'),
  onBehalfOf: fields.signifier
    .optional()
    .describe('Signifier of the participant for whom an operator of the DCC asks'),
};
/** What is replaced is a certificate of a Device ID: other categories have no such route (SEC Appendix M, 2.4). */
export const replacementFits = ({ category, replacement }: Replacing) =>
  !replacement || category === 'DEVICE';
export const REPLACEMENT_MISFIT = { path: ['replacement'], message: 'is for the category DEVICE only' };
interface Replacing {
  readonly category: Category;
  readonly replacement?: boolean | undefined;
}
const csr = z.string().min(1).openapi({
  description:
    'PKCS#10: PEM (text around it is passed over), or Base64 of DER, at most 16 KiB of DER. docs/making-csrs.md has a recipe for each category: tcs csr, or OpenSSL with any signer',
  example: '-----BEGIN CERTIFICATE REQUEST-----\n...',
});

export const certificateRequest = z
  .strictObject({ ...question, csr })
  .refine(replacementFits, REPLACEMENT_MISFIT)
  .openapi('CertificateRequest');
const yesOrNo = z.enum(['true', 'false']).transform((text) => text === 'true');
const batchName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}$/, 'up to 100 letters, digits, spaces, full stops, _ and -')
  .default('batch')
  .describe('names the result: <name>-response.zip');
export const batchSubmission = z
  .strictObject(question)
  .omit({ deviceType: true })
  .extend({
    name: batchName,
    replacement: yesOrNo.optional().openapi({
      type: 'string',
      enum: ['true', 'false'],
      description: REPLACEMENT,
    }),
    dryRun: yesOrNo.default(false).openapi({
      type: 'string',
      enum: ['true', 'false'],
      description: 'the report it would give; nothing is kept',
    }),
  })
  .refine(replacementFits, REPLACEMENT_MISFIT);
const { purpose, environment, deviceType, channel } = question;
/** An order of devices whose keys the service makes. */
export const generation = z
  .strictObject({
    purpose,
    environment,
    channel,
    deviceType,
    devices: z.int().min(1).max(1_000_000).describe('how many'),
    from: fields.eui64
      .openapi({ example: '00-DB-12-34-20-00-00-00' })
      .describe('first Device ID of the range'),
    to: fields.eui64.openapi({ example: '00-DB-12-34-20-00-FF-FF' }).describe('last Device ID of the range'),
    recipient: z
      .string()
      .max(32_768)
      .describe('certificate with an RSA or P-256 key, PEM or Base64 of DER: only its holder opens the keys'),
    name: batchName,
  })
  .openapi('KeyGeneration');
export const eligibilityCheck = z
  .strictObject({ ...question, csr: csr.optional() })
  .refine(replacementFits, REPLACEMENT_MISFIT)
  .openapi('EligibilityCheck');
export const certificateCheck = z
  .strictObject({ certificate: z.string().min(1), profile: fields.text(64).optional() })
  .openapi('CertificateCheck');

const serialNumberFilter = z.string().transform((text, context) => {
  const value = parseSerialNumber(text);
  if (value === undefined) context.addIssue({ code: 'custom', message: 'is not a serial number in hex' });
  return value;
});

export const certificateList = z.strictObject({
  onBehalfOf: fields.signifier.optional().openapi({
    description:
      'Signifier of another participant: an operator of the DCC lists what the DCC had issued on its behalf, an assessor or auditor all that it has',
  }),
  ...fields.page,
  channel: fields.channel.default('INTERNET'),
  category: fields.category.optional(),
  eui64: fields.eui64.optional(),
  serialNumber: serialNumberFilter.optional().openapi({ type: 'string' }),
  sha256: fields.sha256.optional(),
  status: fields.repositoryStatus.optional(),
  profile: fields.text(64).optional(),
  batch: z.uuid().optional(),
  issuedFrom: fields.instant.optional(),
  issuedTo: fields.instant.optional().openapi({ description: 'exclusive' }),
});
export const feedQuery = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .openapi({ type: 'boolean', description: 'shows what would change and changes nothing' }),
  fileName: fields.text(200).default('feed').openapi({ description: 'for the messages' }),
});
export const certificateDownload = z.strictObject({ channel: fields.channel.default('INTERNET') });
export const trustAnchorQuery = z.strictObject({ category: fields.category.optional() });
