import type { IssuedCertificate } from '../domain/certificate.ts';
import type { DeliveryChannel } from '../domain/certificate-request.ts';
import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import {
  listCertificates,
  type CertificateFilter,
  type CertificateReader,
  type PageStart,
} from '../ca/find-certificates.ts';
import type { DownloadAnswer } from '../eligibility/download-reasons.ts';
import type { IssuanceNeeds } from './needs.ts';
import { askDownloads, recordListed } from './require-downloadable.ts';

/** Which certificates are asked for, and over which channel. */
export interface CertificateListRequest {
  readonly filter: CertificateFilter;
  readonly page: { readonly limit: number; readonly after?: PageStart };
  readonly channel: DeliveryChannel;
  readonly requestId: string;
  /** Whether certificates go out: nothing is written of a question that gives no octets. */
  readonly handsOut: boolean;
}

/** A certificate of a list; `withheld`: why it may not be handed out now. */
export interface ListedCertificate {
  readonly certificate: IssuedCertificate;
  readonly withheld?: DownloadAnswer;
}

/**
 * The use case behind `GET /v1/certificates`: one page, newest first. Each certificate is asked about as at a download, and
 * those that are handed out leave a receipt; assessors and auditors read evidence, which leaves none.
 * @throws Fault `role-not-permitted` for the certificates of another participant, where the caller reads the own ones only
 */
export async function listCertificatesFor(
  { filter, page, channel, requestId, handsOut }: CertificateListRequest,
  caller: Caller,
  needs: Pick<IssuanceNeeds, 'db' | 'clock' | 'ruleSets'>,
): Promise<{ readonly items: readonly ListedCertificate[]; readonly next?: PageStart }> {
  const reader = readerOf(caller);
  const { participant = caller.signifier } = filter;
  if (participant !== caller.signifier && reader.reach === 'OWN') throw ofAnother(caller);
  const found = await listCertificates(reader, filter, page, needs.clock.now(), needs.db);
  const answers = await askDownloads(found.items, caller, channel, needs);
  const items = found.items.map((certificate, place): ListedCertificate => {
    const answer = answers[place];
    return answer === undefined || answer.reasons.length === 0
      ? { certificate }
      : { certificate, withheld: answer };
  });
  if (handsOut && reader.reach !== 'ALL') {
    const free = items.flatMap((one) => (one.withheld === undefined ? [one.certificate] : []));
    await recordListed(free, caller, channel, requestId, needs);
  }
  return { ...found, items };
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
