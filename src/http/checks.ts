import { Router } from 'express';
import { CHECK_LIMITS, checkZip, type CheckedFile } from '../batches/containers/check-zip.ts';
import { checksOneByOne } from '../issuance/check-eligibility.ts';
import { checkCertificate, decodeCertificate } from '../lint/check-certificate.ts';
import { callerOf } from './auth.ts';
import { octetsBody } from './body.ts';
import { present } from './present.ts';
import { requireSmallCsr } from './csr-size.ts';
import { noParameters, onlyMethods, requireType } from './negotiation.ts';
import * as requests from './request-schemas.ts';
import { LARGEST_BODY, type HttpNeeds } from './server.ts';

/** POST /v1/eligibility-checks: what a request would be answered; issues nothing. */
export function eligibilityCheckRoutes({ issuance }: HttpNeeds): Router {
  const checkEligibility = checksOneByOne(issuance);
  const router = Router();
  router
    .route('/')
    .post(noParameters, requireType('application/json'), async (request, response) => {
      const check = present(requests.eligibilityCheck.parse(request.body));
      requireSmallCsr(check.csr);
      const { outcome, basis, reasons, ruleSet } = await checkEligibility(check, callerOf(response));
      response.json({ outcome, basis: basis ?? null, reasons, ruleSet });
    })
    .all(onlyMethods('POST'));
  return router;
}

/** POST /v1/certificate-checks: a finished certificate, or each of a ZIP, rule by rule. */
export function certificateCheckRoutes({ issuance, refusedNames }: HttpNeeds): Router {
  const router = Router();
  router
    .route('/')
    .post(
      noParameters,
      requireType('application/json', ...CERTIFICATE_TYPES, ...ZIP_TYPES),
      octetsBody(CERTIFICATE_TYPES, LARGEST_BODY),
      octetsBody(ZIP_TYPES, CHECK_LIMITS.uploadOctets),
      async (request, response) => {
        const profiles = [...issuance.profiles.profiles.values()];
        const now = issuance.clock.now();
        const check = (der: Buffer, profile?: string) =>
          checkCertificate(der, profiles, refusedNames, now, profile);
        if (typeof request.is(ZIP_TYPES) === 'string') {
          const zip: unknown = request.body;
          const files = await checkZip(Buffer.isBuffer(zip) ? zip : Buffer.alloc(0), (der) => check(der));
          response.json({ counts: countsOf(files), most: CHECK_LIMITS.entries, items: files });
          return;
        }
        const { octets, profile } = readBody(request.body);
        response.json(check(octets, profile));
      },
    )
    .all(onlyMethods('POST'));
  return router;
}

/** How many have which verdict. */
function countsOf(files: readonly CheckedFile[]) {
  const count = (verdict: CheckedFile['verdict']) => files.filter((one) => one.verdict === verdict).length;
  return { PASS: count('PASS'), WARN: count('WARN'), FAIL: count('FAIL'), NONE: count('NONE') };
}

function readBody(body: unknown): { octets: Buffer; profile?: string } {
  if (Buffer.isBuffer(body)) return { octets: decodeCertificate(body) };
  const { certificate, profile } = requests.certificateCheck.parse(body);
  return {
    octets: decodeCertificate(Buffer.from(certificate)),
    ...(profile === undefined ? {} : { profile }),
  };
}

const ZIP_TYPES = ['application/zip', 'application/x-zip-compressed'];
const CERTIFICATE_TYPES = [
  'application/pkix-cert',
  'application/octet-stream',
  'application/x-pem-file',
  'text/plain',
];
