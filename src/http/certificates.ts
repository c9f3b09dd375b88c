import { Router } from 'express';
import { Fault } from '../domain/fault.ts';
import { parseSerialNumber } from '../domain/serial-number.ts';
import {
  findCertificate,
  listCertificates,
  type CertificateFilter,
  type PageStart,
} from '../ca/find-certificates.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import { encodePem } from '../x509/pem.ts';
import { encodePkcs7 } from '../x509/peculiar.ts';
import { callerOf, requireRole } from './auth.ts';
import { certificateView, fullChain } from './certificate-view.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { requireSmallCsr } from './csr-size.ts';
import { onlyMethods, requireType, sendAccepted } from './negotiation.ts';
import * as schemas from './schemas.ts';
import type { HttpNeeds } from './server.ts';
import { requestIdOf } from './request-id.ts';

/** POST, GET /v1/certificates; GET /v1/certificates/{serialNumber}. */
export function certificateRoutes({ issue, issuance }: HttpNeeds): Router {
  const { db, hierarchy, clock } = issuance;
  const router = Router();

  router
    .route('/')
    .post(
      requireRole('PARTICIPANT_ARO', 'PARTICIPANT_SRO', 'DCC_TEST_OPERATOR'),
      requireType('application/json'),
      async (request, response) => {
        const body = schemas.certificateRequest.parse(request.body);
        requireSmallCsr(body.csr);
        const asked = { request: present(body), caller: callerOf(response), requestId: requestIdOf(request) };
        const certificate = await issue(asked, idempotencyKeyOf(request));
        response
          .status(201)
          .location(`/v1/certificates/${certificate.serialNumber}`)
          .json(certificateView(certificate, hierarchy, clock.now()));
      },
    )
    .get(async (request, response) => {
      const { limit, cursor, sha256, ...query } = schemas.certificateList.parse(request.query);
      const filter = present({
        ...query,
        sha256: sha256 === undefined ? undefined : Buffer.from(sha256, 'hex'),
      });
      const after = cursor === undefined ? undefined : readCursor(cursor);
      const page = await listCertificates(
        callerOf(response).participantId,
        filter satisfies CertificateFilter,
        after === undefined ? { limit } : { limit, after },
        clock.now(),
        db,
      );
      response.json({
        items: page.items.map((one) => certificateView(one, hierarchy, clock.now())),
        nextCursor: page.next === undefined ? null : writeCursor(page.next),
      });
    })
    .all(onlyMethods('GET', 'POST'));

  router
    .route('/:serialNumber')
    .get(async (request, response) => {
      const serialNumber = parseSerialNumber(request.params.serialNumber);
      const certificate =
        serialNumber && (await findCertificate(callerOf(response).participantId, serialNumber, db));
      if (certificate === undefined)
        throw new Fault('not-found', 'You have no certificate with this serial number.');
      sendAccepted(request, response, {
        'application/json': () => JSON.stringify(certificateView(certificate, hierarchy, clock.now())),
        'application/pkix-cert': () => certificate.der,
        'application/x-pem-file': () => encodePem('CERTIFICATE', certificate.der),
        'application/pem-certificate-chain': () =>
          fullChain(certificate, hierarchy)
            .map((der) => encodePem('CERTIFICATE', der))
            .join(''),
        'application/pkcs7-mime': () => encodePkcs7(fullChain(certificate, hierarchy)),
      });
    })
    .all(onlyMethods('GET'));

  return router;
}

function writeCursor({ issuedAt, serialNumber }: PageStart): string {
  return Buffer.from(`${issuedAt.toISOString()} ${serialNumber}`).toString('base64url');
}

function readCursor(cursor: string): PageStart {
  const [instant = '', serial = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ');
  const issuedAt = new Date(instant);
  const serialNumber: SerialNumber | undefined = parseSerialNumber(serial);
  if (Number.isNaN(issuedAt.getTime()) || serialNumber === undefined)
    throw new Fault('malformed-request', 'The cursor is none that this service gave out.');
  return { issuedAt, serialNumber };
}

/** Without the members that are `undefined`: absent is absent. */
export function present<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } & T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;
}
