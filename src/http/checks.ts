import { Router } from 'express';
import { checksOneByOne } from '../issuance/check-eligibility.ts';
import { certificateUnreadable, checkCertificate } from '../lint/check-certificate.ts';
import { DerError } from '../x509/der.ts';
import { decodeCertificateInput } from '../x509/pem.ts';
import { callerOf } from './auth.ts';
import { octetsBody } from './body.ts';
import { present } from './certificates.ts';
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

/** POST /v1/certificate-checks: a finished certificate, rule by rule. */
export function certificateCheckRoutes({ issuance, refusedNames }: HttpNeeds): Router {
  const router = Router();
  router
    .route('/')
    .post(
      noParameters,
      requireType('application/json', ...CERTIFICATE_TYPES),
      octetsBody(CERTIFICATE_TYPES, LARGEST_BODY),
      (request, response) => {
        const { octets, profile } = readBody(request.body);
        const profiles = issuance.profiles.profiles.values();
        response.json(checkCertificate(octets, profiles, refusedNames, issuance.clock.now(), profile));
      },
    )
    .all(onlyMethods('POST'));
  return router;
}

function readBody(body: unknown): { octets: Buffer; profile?: string } {
  if (Buffer.isBuffer(body)) return { octets: decode(body) };
  const { certificate, profile } = requests.certificateCheck.parse(body);
  return { octets: decode(Buffer.from(certificate)), ...(profile === undefined ? {} : { profile }) };
}

function decode(octets: Buffer): Buffer {
  try {
    return decodeCertificateInput(octets);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw certificateUnreadable(error, 'RFC 7468, 5');
  }
}

const CERTIFICATE_TYPES = [
  'application/pkix-cert',
  'application/octet-stream',
  'application/x-pem-file',
  'text/plain',
];
