import { findCertificate } from '../../src/ca/find-certificates.ts';
import { listReceipts } from '../../src/ca/download-receipts.ts';
import type { IssuedCertificate } from '../../src/domain/certificate.ts';
import { query } from '../../src/db/query.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { previewDependents } from '../../src/issuance/preview-dependents.ts';
import { askDownloads, requireDownloadable } from '../../src/issuance/require-downloadable.ts';
import { proposeHold } from '../../src/registrar/holds.ts';
import { findParticipantRef } from '../../src/registry/participants.ts';
import { issueApproved } from '../../src/issuance/settle-referral.ts';
import { submitApplication } from '../../src/issuance/submit-application.ts';
import {
  applicationWorld,
  codesOf,
  deviceCsrs,
  deviceRequest,
  faultOf,
  type ApplicationWorld,
} from '../support/applications.ts';

let here: ApplicationWorld;
beforeEach(async () => {
  here = await applicationWorld();
});
afterEach(() => here.close());

/** Certificates of a participant, issued now. */
async function issued(signifier: string, block: '10' | '20' | '50', count = 1): Promise<IssuedCertificate[]> {
  const aro = await here.caller(signifier);
  const { items } = await submitApplication(deviceRequest(), deviceCsrs(block, count), aro, here.needs);
  return found(
    signifier,
    items.map((item) => item.serialNumber),
  );
}
async function found(
  signifier: string,
  serialNumbers: readonly (string | null)[],
): Promise<IssuedCertificate[]> {
  const id = await here.idOf(signifier);
  return Promise.all(
    serialNumbers.map(
      async (one) =>
        (await findCertificate({ participantId: id, reach: 'OWN' }, one as never, here.needs.db))!,
    ),
  );
}
const download = async (
  certificate: IssuedCertificate,
  signifier = certificate.participant,
  handedOut = true,
) =>
  requireDownloadable(
    certificate,
    await here.caller(signifier, signifier === 'DCC' ? 'DCC_TEST_OPERATOR' : 'PARTICIPANT_VIEWER'),
    'DCC_GATEWAY',
    'application/pkix-cert',
    here.needs,
    handedOut,
  );

describe('a certificate that was issued', () => {
  test('is handed out with a receipt each time, to its participant and to an operator of the DCC', async () => {
    const [certificate] = await issued('NORTHGATE', '10');
    await download(certificate!);
    await download(certificate!, 'DCC');
    const receipts = await listReceipts(certificate!.serialNumber, here.needs.db);
    expect(receipts.map(({ at, channel, form }) => ({ at, channel, form }))).toEqual(
      Array(2).fill({ at: here.clock.now(), channel: 'DCC_GATEWAY', form: 'application/pkix-cert' }),
    );
    await expect(query(here.needs.db, `update download_receipt set form = 'other'`)).rejects.toThrow(
      /append-only/,
    );
  });

  test('that is only asked about leaves nothing on record', async () => {
    const [certificate] = await issued('NORTHGATE', '10');
    await download(certificate!, 'NORTHGATE', false);
    expect(await listReceipts(certificate!.serialNumber, here.needs.db)).toEqual([]);
    const { rowCount } = await query(
      here.needs.db,
      `select from audit_event where event = 'certificate.downloaded'`,
    );
    expect(rowCount).toBe(0);
  });

  test('is not handed out once the agreement has ended, and that is on record', async () => {
    await here.state('NEWMETER', 'AGREEMENT', 'BA-2026-050', 'EXECUTED', {
      executedAt: here.clock.now(),
      effectiveFrom: here.clock.now(),
      effectiveTo: new Date(here.clock.now().getTime() + 86_400_000),
    });
    const [certificate] = await issued('NEWMETER', '50');
    const again = () =>
      requireDownloadable(certificate!, caller, 'INTERNET', 'application/x-pem-file', here.needs);
    const caller = await here.caller('NEWMETER');
    await again();
    here.clock.advance(86_400_000 - 1);
    await again();
    here.clock.advance(1);
    const fault = await faultOf(again());
    expect([fault.code, codesOf(fault.reasons)]).toEqual(['not-eligible', ['AGREEMENT_EXPIRED']]);
    expect(await listReceipts(certificate!.serialNumber, here.needs.db)).toHaveLength(2);
    const { rows } = await query<{ event: string; facts: object }>(
      here.needs.db,
      `select event, facts from audit_event where object = $1 and event like 'certificate.download%' order by id`,
      [certificate!.serialNumber],
    );
    expect(rows.map((row) => row.event)).toEqual([
      'certificate.downloaded',
      'certificate.downloaded',
      'certificate.download-refused',
    ]);
    expect(rows[2]?.facts).toMatchObject({ reasons: ['AGREEMENT_EXPIRED'], channel: 'INTERNET' });
  });

  test.each([
    [
      'an obligation is outstanding',
      'OBLIGATION',
      'KEY_STORAGE',
      'BREACHED',
      'SECURITY_OBLIGATION_OUTSTANDING',
      false,
    ],
    ['a hold is placed', 'HOLD', 'hold-1', 'PLACED', 'PARTICIPANT_ON_HOLD', false],
    ['the membership is suspended', 'MEMBERSHIP', '', 'SUSPENDED', 'MEMBERSHIP_SUSPENDED', true],
  ] as const)('is not handed out while %s', async (_name, kind, key, state, reason, basisLapsed) => {
    const certificates = await issued('NORTHGATE', '10', 2);
    const value = kind === 'HOLD' ? { cause: 'BREACH' as const, because: 'a breach' } : {};
    await here.state('NORTHGATE', kind, key, state, value);
    const fault = await faultOf(
      requireDownloadable(
        certificates[0]!,
        await here.caller('NORTHGATE'),
        'INTERNET',
        'application/pkix-cert',
        here.needs,
      ),
    );
    expect([fault.code, codesOf(fault.reasons)]).toEqual(['not-eligible', [reason]]);
    const answers = await askDownloads(certificates, await here.caller('NORTHGATE'), 'INTERNET', here.needs);
    expect(answers.map((one) => [one.basisLapsed, codesOf(one.reasons)])).toEqual(
      Array(2).fill([basisLapsed, [reason]]),
    );
  });

  test('is not handed out to another participant', async () => {
    const [certificate] = await issued('NORTHGATE', '10');
    const fault = await faultOf(
      requireDownloadable(
        certificate!,
        await here.caller('METERWORKS'),
        'INTERNET',
        'application/pkix-cert',
        here.needs,
      ),
    );
    expect(codesOf(fault.reasons)).toEqual(['ACTOR_NOT_OF_PARTICIPANT']);
  });

  test('under an approved hold is handed out: the approver covered that, and nothing later', async () => {
    await here.state('METERWORKS', 'HOLD', 'hold-1', 'PLACED', { cause: 'BREACH', because: 'the first' });
    const aro = await here.caller('METERWORKS');
    const referred = await submitApplication(deviceRequest(), deviceCsrs('20', 1), aro, here.needs);
    const approver = await here.caller('DCC', 'DCC_TEST_APPROVER');
    await here.decideAs(approver, referred.reviewId);
    const { items } = await issueApproved(referred.id, approver, here.needs);
    const [certificate] = await found('METERWORKS', [items[0]!.serialNumber]);
    const again = () =>
      requireDownloadable(certificate!, aro, 'INTERNET', 'application/pkix-cert', here.needs);
    await again();
    await here.state('METERWORKS', 'HOLD', 'hold-2', 'PLACED', { cause: 'BREACH', because: 'the second' });
    expect(codesOf((await faultOf(again())).reasons)).toEqual(['PARTICIPANT_ON_HOLD']);
  });
});

const NOTHING_AGREED = {
  permittedCategories: [],
  permittedPurposes: [],
  permittedEnvironments: [],
  permittedRoles: [],
  deviceRanges: [],
  gatewayPermitted: false,
};

describe('what hangs on a basis', () => {
  test('of an agreement: its certificates by category and status, open applications, credentials', async () => {
    await issued('METERWORKS', '20', 3);
    const aro = await here.caller('METERWORKS');
    const open = await submitApplication(
      deviceRequest({ deviceType: 'CHF' }),
      deviceCsrs('20', 1, 9),
      aro,
      here.needs,
    );
    const preview = await previewDependents(
      aro.participantId,
      { agreement: 'BA-2026-001', limit: 2 },
      here.needs,
    );
    expect(preview).toMatchObject({
      participant: 'METERWORKS',
      agreement: 'BA-2026-001',
      certificates: {
        total: 3,
        counts: [{ participant: 'METERWORKS', category: 'DEVICE', status: 'IN_USE', certificates: 3 }],
      },
    });
    expect(preview.certificates.first).toHaveLength(2);
    expect(preview.applications.map((one) => one.id)).toEqual([open.id]);
    expect(preview.carries).toBe(true);
    // What rests on another agreement, or on nothing yet, does not hang on this one.
    await here.state('METERWORKS', 'AGREEMENT', 'BA-2026-002', 'OFFERED', NOTHING_AGREED);
    const other = await previewDependents(aro.participantId, { agreement: 'BA-2026-002' }, here.needs);
    expect([other.carries, other.certificates.total, other.applications]).toEqual([false, 0, []]);
    const membership = await previewDependents(aro.participantId, {}, here.needs);
    expect([membership.carries, membership.applications]).toEqual([false, []]);
    expect(preview.credentials.map((one) => one.role)).toEqual(['PARTICIPANT_ARO']);
    const fault = await faultOf(
      previewDependents(aro.participantId, { agreement: 'BA-2022-014' }, here.needs),
    );
    expect(fault.code).toBe('not-found');
  });

  test('of a membership: also what RDPs have by the nomination of the Network Party', async () => {
    await issued('NORTHGATE', '10', 2);
    const northgate = await previewDependents(await here.idOf('NORTHGATE'), {}, here.needs);
    expect(northgate.certificates.total).toBe(2);
    const trentnet = await previewDependents(await here.idOf('TRENTNET'), {}, here.needs);
    expect(trentnet.certificates).toMatchObject({ total: 0, counts: [], first: [] });
    await query(here.needs.db, `alter table decision_set disable trigger all`);
    await query(here.needs.db, `update decision_set set basis = 'RDP_NOMINATION'`);
    await query(here.needs.db, `alter table certificate disable trigger all`);
    await query(here.needs.db, `update certificate set participant_id = $1`, [await here.idOf('REGDATA')]);
    const again = await previewDependents(await here.idOf('TRENTNET'), {}, here.needs);
    expect(again.certificates.counts).toEqual([
      { participant: 'REGDATA', category: 'DEVICE', status: 'IN_USE', certificates: 2 },
    ]);
  });

  test('of a Network Party: the RDPs that it nominates, by name, while it does; each has a hold of its own', async () => {
    const nominated = async (signifier: string) =>
      (await previewDependents(await here.idOf(signifier), {}, here.needs)).nominated;
    const regdata = { participant: 'REGDATA', carriedBy: ['TRENTNET'], onHold: false };
    expect([await nominated('TRENTNET'), await nominated('NORTHGATE')]).toEqual([[regdata], []]);
    const caller = await here.caller('DCC', 'DCC_REGISTRAR');
    const hold = { cause: 'BREACH', because: 'looked into' } as const;
    const summaryOf = (signifier: string) =>
      withTransaction(here.needs.db, async (db) => {
        const participant = (await findParticipantRef(signifier, db))!;
        return (await proposeHold({ caller, participant, at: here.clock.now(), db }, hold)).summary;
      });
    expect(await summaryOf('NORTHGATE')).toBe('Hold NORTHGATE (BREACH): looked into');
    expect(await summaryOf('TRENTNET')).toBe(
      'Hold TRENTNET (BREACH): looked into; not held with it: REGDATA, which it nominates',
    );
    await here.state('TRENTNET', 'HOLD', 'one', 'PLACED', hold);
    expect(await nominated('TRENTNET')).toEqual([regdata]);
    await here.state('REGDATA', 'HOLD', 'one', 'PLACED', hold);
    await here.state('TRENTNET', 'MEMBERSHIP', '', 'SUSPENDED');
    expect(await nominated('TRENTNET')).toEqual([{ ...regdata, carriedBy: [], onHold: true }]);
    await here.state('REGDATA', 'NOMINATION', 'TRENTNET', 'ENDED');
    expect(await nominated('TRENTNET')).toEqual([]);
  });
});
