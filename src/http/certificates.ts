import { Router, type Request } from 'express';
import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { parseSerialNumber } from '../domain/serial-number.ts';
import {
  findCertificate,
  listCertificates,
  type CertificateFilter,
  type CertificateReader,
  type PageStart,
} from '../ca/find-certificates.ts';
import type { SerialNumber } from '../domain/serial-number.ts';
import {
  askDownloads,
  recordListed,
  requireDownloadable,
  type Downloadable,
} from '../issuance/require-downloadable.ts';
import { encodePem } from '../x509/pem.ts';
import { encodePkcs7 } from '../x509/peculiar.ts';
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
import * as requests from './request-schemas.ts';
import type { HttpNeeds } from './server.ts';
import { requestIdOf } from './request-id.ts';

/** POST, GET /v1/certificates; GET /v1/certificates/{serialNumber}. */
export function certificateRoutes({ issue, issuance }: HttpNeeds): Router {
  const { db, clock } = issuance;
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
      const caller = callerOf(response);
      const reader = readerOf(caller);
      if (onBehalfOf !== undefined && onBehalfOf !== caller.signifier && reader.reach === 'OWN')
        throw ofAnother(caller);
      const filter = present({
        ...query,
        participant: onBehalfOf,
        sha256: sha256 === undefined ? undefined : Buffer.from(sha256, 'hex'),
      });
      const after = cursor === undefined ? undefined : startOf(cursor);
      const page = await listCertificates(
        reader,
        filter satisfies CertificateFilter,
        after === undefined ? { limit } : { limit, after },
        clock.now(),
        db,
      );
      const answers = await askDownloads(page.items, caller, channel, issuance);
      const views = await certificateViews(page.items, issuance);
      if (reader.reach !== 'ALL' && sendsBody(request)) {
        const handedOut = page.items.filter((_one, place) => answers[place]?.reasons.length === 0);
        await recordListed(handedOut, caller, channel, requestIdOf(request), issuance);
      }
      response.json({
        items: views.map((view, place) => {
          const answer = answers[place];
          return answer === undefined || answer.reasons.length === 0 ? view : withheldView(view, answer);
        }),
        nextCursor:
          page.next === undefined
            ? null
            : writeCursor({ at: page.next.issuedAt, id: page.next.serialNumber }),
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

/** What a role reads: assessors and auditors all, operators of the DCC also what the DCC had issued for others. */
export function readerOf({ participantId, role }: Caller): CertificateReader {
  if (role === 'ASSESSOR' || role === 'AUDITOR') return { participantId, reach: 'ALL' };
  return { participantId, reach: role === 'DCC_TEST_OPERATOR' ? 'ISSUED' : 'OWN' };
}

/** The same whether the other exists or not. */
function ofAnother({ role, signifier }: Caller): Fault {
  const reason = {
    reason: 'ACTOR_NOT_OF_PARTICIPANT',
    clause: 'government response of 26 January 2015, paragraph 34',
    detail: `A credential of ${signifier} with the role ${role} reads the certificates of ${signifier} only.`,
    fix: 'Leave onBehalfOf out, or use a credential of the participant itself.',
  };
  return new Fault('role-not-permitted', `The role ${role} may not do this.`, { reasons: [reason] });
}

function startOf(cursor: string): PageStart {
  const { at, id } = readCursor(cursor, SERIAL_NUMBER);
  return { issuedAt: at, serialNumber: id as SerialNumber };
}

/** Without the members that are `undefined`: absent is absent. */
export function present<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } & T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;
}

const SERIAL_NUMBER = /^([0-9A-F]{2}){1,20}$/;
