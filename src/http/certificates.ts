import { Router, type Request } from 'express';
import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { parseSerialNumber, type SerialNumber } from '../domain/serial-number.ts';
import { findCertificate, type PageStart } from '../ca/find-certificates.ts';
import { listCertificatesFor, readerOf } from '../issuance/list-certificates.ts';
import { requireDownloadable, type Downloadable } from '../issuance/require-downloadable.ts';
import { encodePem } from '../x509/pem.ts';
import { encodePkcs7 } from '../x509/pkcs7.ts';
import { callerOf } from './auth.ts';
import { certificateViews, fullChain, withheldView } from './certificate-view.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { requireSmallCsr } from './csr-size.ts';
import {
  acceptedForm,
  noParameters,
  onlyMethods,
  requireType,
  sendAccepted,
  sendsBody,
} from './negotiation.ts';
import { present } from './present.ts';
import * as requests from './request-schemas.ts';
import type { HttpNeeds } from './server.ts';
import { requestIdOf } from './request-id.ts';

/** POST, GET /v1/certificates; GET /v1/certificates/{serialNumber}. */
export function certificateRoutes({ issue, issuance }: HttpNeeds): Router {
  const { db } = issuance;
  const router = Router();
  /** Assessors and auditors read evidence; whoever else is handed the certificate must still be entitled to it. */
  const requireDownload = async (
    certificate: Downloadable,
    request: Request,
    caller: Caller,
    form: string,
  ) => {
    const { channel } = requests.certificateDownload.parse(request.query);
    if (readerOf(caller).reach !== 'ALL')
      await requireDownloadable(certificate, caller, channel, form, issuance, sendsBody(request));
  };

  router
    .route('/')
    .post(noParameters, requireType('application/json'), async (request, response) => {
      const body = requests.certificateRequest.parse(request.body);
      requireSmallCsr(body.csr);
      const asked = { request: present(body), caller: callerOf(response), requestId: requestIdOf(request) };
      const certificate = await issue(asked, idempotencyKeyOf(request));
      const [view] = await certificateViews([certificate], issuance);
      response.status(201).location(`/v1/certificates/${certificate.serialNumber}`).json(view);
    })
    .get(async (request, response) => {
      const { limit, cursor, channel, sha256, onBehalfOf, ...query } = requests.certificateList.parse(
        request.query,
      );
      const filter = present({
        ...query,
        participant: onBehalfOf,
        sha256: sha256 === undefined ? undefined : Buffer.from(sha256, 'hex'),
      });
      const page = cursor === undefined ? { limit } : { limit, after: startOf(cursor) };
      const requestId = requestIdOf(request);
      const { items, next } = await listCertificatesFor(
        { filter, page, channel, requestId, handsOut: sendsBody(request) },
        callerOf(response),
        issuance,
      );
      const views = await certificateViews(
        items.map((one) => one.certificate),
        issuance,
      );
      response.json({
        items: views.map((view, place) => {
          const withheld = items[place]?.withheld;
          return withheld === undefined ? view : withheldView(view, withheld);
        }),
        nextCursor: next === undefined ? null : writeCursor({ at: next.issuedAt, id: next.serialNumber }),
      });
    })
    .all(onlyMethods('GET', 'POST'));

  router
    .route('/:serialNumber')
    .get(async (request, response) => {
      requests.certificateDownload.parse(request.query);
      const serialNumber = parseSerialNumber(request.params.serialNumber);
      const certificate =
        serialNumber && (await findCertificate(readerOf(callerOf(response)), serialNumber, db));
      if (certificate === undefined)
        throw new Fault('not-found', 'You have no certificate with this serial number.');
      const forms = {
        'application/json': async () => JSON.stringify((await certificateViews([certificate], issuance))[0]),
        'application/pkix-cert': () => certificate.der,
        'application/x-pem-file': () => encodePem('CERTIFICATE', certificate.der),
        'application/pem-certificate-chain': async () =>
          (await fullChain(certificate, issuance)).map((der) => encodePem('CERTIFICATE', der)).join(''),
        'application/pkcs7-mime': async () => encodePkcs7(await fullChain(certificate, issuance)),
      };
      await requireDownload(certificate, request, callerOf(response), acceptedForm(request, forms));
      await sendAccepted(request, response, forms);
    })
    .all(onlyMethods('GET'));

  return router;
}

function startOf(cursor: string): PageStart {
  const { at, id } = readCursor(cursor, (text) => SERIAL_NUMBER.test(text));
  return { issuedAt: at, serialNumber: id as SerialNumber };
}

const SERIAL_NUMBER = /^([0-9A-F]{2}){1,20}$/;
