import { batchSchema } from './batch-view.ts';
import * as answers from './answer-schemas.ts';
import { rehearsalSchema } from './rehearsal-view.ts';
import * as requests from './request-schemas.ts';
import { z } from './zod.ts';

/** One operation of the wire. */
export interface Operation {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly open?: true;
  readonly query?: z.ZodObject;
  readonly body?: Readonly<Record<string, z.ZodType>>;
  readonly idempotent?: boolean;
  /** Status -> what it means and, by media type, its schema. */
  readonly answers: Readonly<
    Record<number, { readonly says: string; readonly content?: Readonly<Record<string, z.ZodType>> }>
  >;
  readonly problems: readonly number[];
}

const json = (schema: z.ZodType) => ({ 'application/json': schema });
const octets = z.string().openapi({ format: 'binary' });
const text = z.string();
export const AUTHENTICATED = [401, 429, 503];

/** Everything that the service answers; a test holds it against the routes. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/health/live',
    summary: 'The process answers',
    open: true,
    answers: { 200: { says: 'alive', content: json(answers.health) } },
    problems: [],
  },
  {
    method: 'get',
    path: '/health/ready',
    summary: 'The service can issue',
    open: true,
    answers: {
      200: { says: 'ready', content: json(answers.health) },
      503: { says: 'names the part that is down', content: json(answers.health) },
    },
    problems: [],
  },
  {
    method: 'get',
    path: '/v1/categories',
    summary: 'The category catalogue: profiles, limits, governing document',
    open: true,
    answers: { 200: { says: 'every category', content: json(z.array(answers.categoryDescription)) } },
    problems: [],
  },
  {
    method: 'get',
    path: '/v1/reason-codes',
    summary: 'Every reason code: meaning, clause, what to do',
    open: true,
    answers: { 200: { says: 'every reason code', content: json(z.array(answers.reasonCode)) } },
    problems: [],
  },
  {
    method: 'get',
    path: '/v1/authorities',
    summary: 'The test CAs',
    open: true,
    answers: { 200: { says: 'roots first', content: json(z.array(answers.authority)) } },
    problems: [],
  },
  {
    method: 'get',
    path: '/v1/authorities/{name}/certificate',
    summary: 'The certificate of a test CA',
    open: true,
    answers: {
      200: {
        says: 'by Accept',
        content: { 'application/pkix-cert': octets, 'application/x-pem-file': text },
      },
    },
    problems: [404, 406],
  },
  {
    method: 'get',
    path: '/v1/trust-anchors',
    summary: 'Roots and issuing CAs in one PEM bundle',
    open: true,
    query: requests.trustAnchorQuery,
    answers: { 200: { says: 'PEM bundle', content: { 'application/x-pem-file': text } } },
    problems: [400],
  },
  {
    method: 'get',
    path: '/v1/me',
    summary: 'Who this credential is, and on what its eligibility rests now',
    answers: { 200: { says: 'the caller', content: json(answers.me) } },
    problems: AUTHENTICATED,
  },
  {
    method: 'post',
    path: '/v1/eligibility-checks',
    summary: 'What a certificate request would be answered; issues nothing',
    body: json(requests.eligibilityCheck),
    answers: { 200: { says: 'the decision', content: json(answers.decision) } },
    problems: [400, 413, 415, ...AUTHENTICATED],
  },
  {
    method: 'post',
    path: '/v1/certificate-checks',
    summary:
      'Holds a certificate against its profile, rule by rule; of a ZIP each of up to 1,000 certificates, by the name of its file',
    body: {
      ...json(requests.certificateCheck),
      'application/pkix-cert': octets,
      'application/x-pem-file': text,
      'application/zip': octets,
    },
    answers: {
      200: {
        says: 'the verdict; of a ZIP one for each file',
        content: json(z.union([answers.verdict, answers.verdictList])),
      },
    },
    problems: [400, 413, 415, 422, ...AUTHENTICATED],
  },
  {
    method: 'post',
    path: '/v1/certificates',
    summary: 'Issues one test certificate',
    body: json(requests.certificateRequest),
    idempotent: true,
    answers: {
      201: { says: 'issued; Location names it', content: json(answers.certificate) },
      202: { says: 'referred to a DCC approver; nothing was issued', content: json(answers.referral) },
    },
    problems: [400, 403, 409, 413, 415, 422, ...AUTHENTICATED],
  },
  {
    method: 'get',
    path: '/v1/certificates',
    summary: 'Own certificates, newest first',
    query: requests.certificateList,
    answers: { 200: { says: 'one page', content: json(answers.certificatePage) } },
    problems: [400, ...AUTHENTICATED],
  },
  {
    method: 'get',
    path: '/v1/certificates/{serialNumber}',
    summary: 'One of the own certificates',
    query: requests.certificateDownload,
    answers: {
      200: {
        says: 'by Accept',
        content: {
          ...json(answers.certificate),
          'application/pkix-cert': octets,
          'application/x-pem-file': text,
          'application/pem-certificate-chain': text,
          'application/pkcs7-mime': octets,
        },
      },
    },
    problems: [400, 403, 404, 406, ...AUTHENTICATED],
  },
  {
    method: 'post',
    path: '/v1/feeds',
    summary:
      'Takes the SECAS feed: CSV or XLSX, its detached signature in Feed-Signature (Base64); everything or nothing (SECAS_FEED)',
    query: requests.feedQuery,
    body: { 'text/csv': octets, 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': octets },
    answers: {
      200: { says: 'what would change', content: json(answers.feedReport) },
      201: { says: 'taken', content: json(answers.feedReport) },
    },
    problems: [400, 403, 409, 413, 415, 422, ...AUTHENTICATED],
  },
  {
    method: 'get',
    path: '/v1/batch-signing-key',
    summary: 'The public key that signs results of batches; tcs batch verify --key',
    open: true,
    answers: { 200: { says: 'SubjectPublicKeyInfo', content: { 'application/x-pem-file': text } } },
    problems: [404],
  },
  {
    method: 'post',
    path: '/v1/batches',
    summary:
      'Takes a batch of CSRs: a ZIP of .csr files, NDJSON or CSV of id, csr and deviceType; with dryRun only the report it would give',
    query: requests.batchSubmission,
    body: {
      'application/zip': octets,
      'application/x-ndjson': text,
      'text/csv': text,
    },
    idempotent: true,
    answers: {
      200: { says: 'of a dry run; nothing is kept', content: json(rehearsalSchema) },
      202: { says: 'taken; Location names it', content: json(batchSchema) },
    },
    problems: [400, 403, 404, 408, 409, 413, 415, ...AUTHENTICATED],
  },
  {
    method: 'get',
    path: '/v1/batches/{id}/result',
    summary: 'The result of a batch that has ended; the ZIP with Range, the same octets from every node',
    query: requests.certificateDownload,
    answers: {
      200: { says: 'by Accept', content: { 'application/zip': octets, 'application/x-ndjson': text } },
      206: { says: 'the part of the ZIP that Range asks for', content: { 'application/zip': octets } },
    },
    problems: [400, 403, 404, 406, 409, 410, 412, 416, ...AUTHENTICATED],
  },
  {
    method: 'get',
    path: '/v1/batches/{id}/keys',
    summary:
      'The keys that the service made: CMS AuthEnvelopedData, a ZIP of <id>.key inside; given once, and removed when the last octet was sent',
    query: requests.certificateDownload,
    answers: { 200: { says: 'whole; ETag is its SHA-256', content: { 'application/pkcs7-mime': octets } } },
    problems: [400, 403, 404, 409, 410, ...AUTHENTICATED],
  },
  {
    method: 'get',
    path: '/v1/batches/{id}/events',
    summary: 'Server-Sent Events: the batch whenever it changes, until its end',
    answers: {
      200: { says: 'events named batch', content: { 'text/event-stream': text } },
      204: { says: 'it has ended, and Last-Event-ID is that of its end' },
    },
    problems: [400, 403, 404, ...AUTHENTICATED],
  },
];
