import { findDecision } from '../../src/audit/decisions.ts';
import { workOnce } from '../../src/batches/engine/worker.ts';
import { query } from '../../src/db/query.ts';
import { Fault } from '../../src/domain/fault.ts';
import { chooseAmong } from '../../src/eligibility/rule-sets.ts';
import type { RuleSet } from '../../src/eligibility/rule-set.ts';
import { decisionView } from '../../src/issuance/decision-view.ts';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { replayDecision } from '../../src/issuance/replay-decision.ts';
import { batchWorld, deviceLines, type BatchBody, type BatchWorld } from '../support/batch-world.ts';
import { callerOf, deviceRequest } from '../support/device-requests.ts';

describe('a certificate that would be valid longer than its agreement', () => {
  let here: BatchWorld;
  beforeEach(async () => {
    here = await batchWorld();
  });
  afterEach(() => here.close());

  const ruledBy = (beyondAgreement: RuleSet['settings']['beyondAgreement']) => {
    const change = (one: RuleSet) => ({ ...one, settings: { ...one.settings, beyondAgreement } });
    const ruleSets = chooseAmong(here.needs.ruleSets.versions.map(change), 'here');
    return { ...here.needs, ruleSets };
  };
  const issue = async (needs: BatchWorld['needs'], last: string) => {
    const caller = await callerOf('METERWORKS', here);
    const [result] = await issueCertificates([{ request: deviceRequest(`200000${last}`), caller }], needs);
    return result instanceof Fault ? result.reasons.map((one) => one.reason) : 'issued';
  };
  const latest = async () => {
    const { rows } = await query<{ id: string; inputs: string }>(
      here.database.pool,
      `select id, inputs from decision order by decided_at desc limit 1`,
    );
    return rows[0]!;
  };

  /** What the evidence of the latest decision says of the rule. */
  const ruled = async () => {
    const stored = await findDecision((await latest()).id, here.database.pool);
    const { rules } = decisionView(stored!, here.needs.ruleSets.at(here.clock.now()));
    return rules.find((one) => one.rule === 'VALIDITY_BEYOND_AGREEMENT')?.result;
  };

  test('is issued by default, and its question is as ever', async () => {
    expect(here.needs.ruleSets.at(here.clock.now()).settings.beyondAgreement).toBe('ALLOW');
    expect(await issue(here.needs, '01')).toBe('issued');
    expect((await latest()).inputs).not.toContain('validUntil');
    expect(await ruled()).toBe('NOT_ASKED');
  });

  test('is refused where the rules say so, alone and in a batch, until the agreement has no end; the replay says the same', async () => {
    const needs = ruledBy('REFUSE');
    expect(await issue(needs, '01')).toEqual(['VALIDITY_BEYOND_AGREEMENT']);
    const stored = await findDecision((await latest()).id, here.database.pool);
    const replay = await replayDecision(stored!, {}, needs.ruleSets, here.database.pool);
    expect([replay.same, replay.replayed.reasons[0]?.detail]).toEqual([
      true,
      'The certificate would be valid until 9999-12-31T23:59:59Z; agreement BA-2026-001 ends at 2099-01-12T00:00:00Z.',
    ]);

    const { id } = (await here.submit(deviceLines(2))).body as BatchBody;
    while (await workOnce({ ...here.batches, issuance: needs }));
    expect((await here.get(`/v1/batches/${id}`)).body).toMatchObject({
      progress: { counts: { INELIGIBLE: 2 } },
    });

    await query(
      here.database.pool,
      `insert into fact (participant_id, kind, key, version, state, since, value, source, recorded_at)
       select participant_id, kind, key, version + 1, state, since, value - 'effectiveTo', source, recorded_at
         from fact where kind = 'AGREEMENT' and key = 'BA-2026-001' order by version desc limit 1`,
    );
    expect(await issue(needs, '02')).toBe('issued');
  });
});
