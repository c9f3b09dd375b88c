import type { IssuedCertificate } from '../domain/certificate.ts';
import type { DeliveryChannel } from '../domain/certificate-request.ts';
import type { ApprovedReferral } from '../domain/eligibility-question.ts';
import { Fault } from '../domain/fault.ts';
import type { Caller } from '../domain/participant.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { findReferrals } from '../audit/decisions.ts';
import { recordReceipts } from '../ca/download-receipts.ts';
import type { Db } from '../db/query.ts';
import { withTransaction } from '../db/transaction.ts';
import { askDownload, type DownloadAnswer } from '../eligibility/download-reasons.ts';
import { findParticipantRef, findParticipants } from '../registry/participants.ts';
import type { IssuanceNeeds } from './needs.ts';

type DownloadNeeds = Pick<IssuanceNeeds, 'db' | 'clock' | 'ruleSets'>;
/** What is looked at of a certificate. */
export type Downloadable = Pick<
  IssuedCertificate,
  'serialNumber' | 'category' | 'purpose' | 'environment' | 'participant' | 'decision'
>;

/**
 * Lets a certificate be handed out, once more, if its participant may still have it, and writes the receipt.
 * @param form       the media type in which it goes out
 * @param handedOut  whether it does: nothing is written of a question that gives no octets
 * @throws Fault `not-eligible` with every reason, on record: the basis lapsed, the purpose is not open, an obligation is
 *         outstanding, a hold is placed (requirements 3.3: A4, A5 and A8 at each download)
 */
export async function requireDownloadable(
  certificate: Downloadable,
  caller: Caller,
  channel: DeliveryChannel,
  form: string,
  needs: DownloadNeeds,
  handedOut = true,
): Promise<void> {
  const at = needs.clock.now();
  const [answer] = await askDownloads([certificate], caller, channel, needs);
  const holder = await findParticipantRef(certificate.participant, needs.db);
  if (answer === undefined || holder === undefined) throw new TypeError('a certificate of nobody');
  const { serialNumber } = certificate;
  const { credentialId } = caller;
  const refused = answer.reasons.length > 0;
  if (!refused && !handedOut) return;
  const reasons = answer.reasons.map((one) => one.reason);
  await withTransaction(needs.db, async (db) => {
    if (!refused) await recordReceipts([serialNumber], { credentialId, at, channel, form }, db);
    const event = refused ? 'certificate.download-refused' : 'certificate.downloaded';
    const facts = refused ? { channel, form, reasons } : { channel, form };
    await recordEvents(
      [{ at, event, participantId: holder.id, credentialId, object: serialNumber, facts }],
      db,
    );
  });
  if (refused)
    throw new Fault('not-eligible', 'The participant may no longer have this certificate.', {
      reasons: answer.reasons,
    });
}

/** A list hands certificates out too: a receipt for each, and one event for the page (requirements, F07). */
export async function recordListed(
  certificates: readonly Downloadable[],
  { credentialId, participantId }: Caller,
  channel: DeliveryChannel,
  requestId: string,
  { db, clock }: Pick<DownloadNeeds, 'db' | 'clock'>,
): Promise<void> {
  if (certificates.length === 0) return;
  const at = clock.now();
  const form = 'list';
  const serials = certificates.map((one) => one.serialNumber);
  const facts = { channel, form, certificates: serials.length };
  await withTransaction(db, async (transaction) => {
    await recordReceipts(serials, { credentialId, at, channel, form }, transaction);
    await recordEvents(
      [{ at, event: 'certificates.listed', participantId, credentialId, requestId, facts }],
      transaction,
    );
  });
}

/**
 * What stands now against handing out each certificate of a page, in their order; changes nothing. One statement for the
 * participants, and a second one where an approver had covered something.
 */
export async function askDownloads(
  certificates: readonly Downloadable[],
  caller: Caller,
  channel: DeliveryChannel,
  { db, clock, ruleSets }: DownloadNeeds,
): Promise<DownloadAnswer[]> {
  if (certificates.length === 0) return [];
  const now = clock.now();
  const ruleSet = ruleSets.at(now);
  const signifiers = [...new Set(certificates.map((one) => one.participant))];
  const participants = await findParticipants(signifiers, now, db);
  const ask = (certificate: Downloadable, referral?: ApprovedReferral) => {
    const { category, purpose, environment, participant: signifier } = certificate;
    const core = participants.get(signifier);
    const request = {
      category,
      purpose,
      channel,
      ...(environment === undefined ? {} : { environment }),
      ...(signifier === caller.signifier ? {} : { onBehalfOf: signifier }),
    };
    const participant = core && { ...core, allocations: [], roleAssignments: [], deviceRanges: [] };
    return askDownload(
      { request, caller, participant, now, ...(referral === undefined ? {} : { referral }) },
      ruleSet,
    );
  };
  const answers = certificates.map((one) => ask(one));
  const referrals = await findReferralsOf(certificates, answers, db);
  return certificates.map((one, place) => {
    const referral = referrals.get(one.decision.id);
    return referral === undefined ? (answers[place] ?? ask(one)) : ask(one, referral);
  });
}

async function findReferralsOf(
  certificates: readonly Downloadable[],
  answers: readonly DownloadAnswer[],
  db: Db,
): Promise<Map<string, ApprovedReferral>> {
  const held = certificates.filter((_one, place) => (answers[place]?.reasons.length ?? 0) > 0);
  return held.length === 0
    ? new Map()
    : findReferrals(
        held.map((one) => one.decision.id),
        db,
      );
}
