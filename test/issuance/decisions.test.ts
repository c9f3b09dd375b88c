import fc from 'fast-check';
import request from 'supertest';
import { findDecision, listDecisions, type StoredDecision } from '../../src/audit/decisions.ts';
import { findRuleSet, recordRuleSets } from '../../src/audit/rule-sets.ts';
import { query } from '../../src/db/query.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { Fault } from '../../src/domain/fault.ts';
import { decide } from '../../src/eligibility/decide.ts';
import { decisionSummary, decisionView } from '../../src/issuance/decision-view.ts';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { replayDecision, ruleSetOnRecord } from '../../src/issuance/replay-decision.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { recordFacts, type FactChange } from '../../src/registry/record-facts.ts';
import { findParticipants } from '../../src/registry/participants.ts';
import { deviceCsr, organisationCsr } from '../support/csr-builder.ts';
import { TEST_NOW } from '../support/dates.ts';
import { aHistory, factsAt, hasBasisAt, type Version } from '../support/fact-histories.ts';
import {
  agreement,
  askDevice,
  askInfrastructure,
  daysFromNow,
  supplier,
  without,
} from '../support/participants.ts';
import { world, type World } from '../support/world.ts';

let here: World;
beforeAll(async () => {
  here = await world();
});
afterAll(() => here.close());

const purpose = 'DEVICE_AND_USER_SYSTEM_TESTS';
/** Asked a second after the one before, so that decisions have an order. */
const post = async (signifier: string, body: object) => {
  here.clock.advance(1000);
  return request(here.http)
    .post('/v1/certificates')
    .set('Authorization', `Bearer ${await here.token(signifier)}`)
    .send({ purpose, ...body });
};
const device = (eui64: string) => ({ category: 'DEVICE', csr: deviceCsr(eui64).pem });
const unfit = (eui64: string) => ({ ...device(eui64), profile: 'device-key-agreement' });
const latest = async (): Promise<StoredDecision> =>
  (await listDecisions({}, { limit: 1 }, here.database.pool))[0]!;
const ruleSet = () => here.needs.ruleSets.at(TEST_NOW);
const replay = (stored: StoredDecision, wish = {}) =>
  replayDecision(stored, wish, here.needs.ruleSets, here.database.pool);

describe('a decision on record', () => {
  test.each<[string, string, () => object, string]>([
    ['PASS', 'METERWORKS', () => device('00-DB-12-34-20-00-00-01'), 'BILATERAL_AGREEMENT'],
    [
      'PASS',
      'NORTHGATE',
      () => ({ category: 'ORGANISATION', csr: organisationCsr('90-B3-D5-1F-30-01-00-00').pem }),
      'SEC_MEMBERSHIP',
    ],
    ['REFUSE', 'OLDMETER', () => device('00-DB-12-34-30-00-00-01'), 'AGREEMENT_EXPIRED'],
    ['REFUSE', 'STRANGER', () => device('00-DB-12-34-40-00-00-01'), 'NO_MEMBERSHIP_OR_AGREEMENT'],
    ['REFUSE', 'HALTED', () => device('00-DB-12-34-50-00-00-01'), 'MEMBERSHIP_SUSPENDED'],
    ['REFUSE', 'NORTHGATE', () => ({ category: 'DEVICE', csr: 'MAA=' }), 'CSR_UNPARSEABLE'],
    ['REFER', 'TRENTNET', () => device('00-DB-12-34-60-00-00-01'), 'CATEGORY_REVIEW'],
    ['REFUSE', 'METERWORKS', () => unfit('00-DB-12-34-20-00-00-01'), 'PROFILE_NOT_APPLICABLE'],
    ['REFUSE', 'TRENTNET', () => unfit('00-DB-12-34-60-00-00-01'), 'CATEGORY_REVIEW'],
  ])('%s to %s is replayed byte for byte', async (outcome, signifier, body, primary) => {
    const asked = body();
    await post(signifier, asked);
    const stored = await latest();
    expect(stored.participant).toBe(signifier);
    expect(['REFUSE', outcome]).toContain(stored.outcome);
    expect(stored.reasons[0]?.reason ?? stored.basis).toBe(primary);
    if ('profile' in asked) expect(stored.reasons.at(-1)?.reason).toBe('PROFILE_NOT_APPLICABLE');
    expect(await replay(stored)).toMatchObject({
      same: true,
      differences: [],
      replayed: { outcome: stored.outcome },
    });
  });

  test('an Organisation Test Certificate rests on no allocation for live use only, and that is replayed too', async () => {
    const { pool } = here.database;
    const organisation = { category: 'ORGANISATION', csr: organisationCsr('90-B3-D5-1F-30-01-00-00').pem };
    const allocate = (environment: string) =>
      query(pool, `update identifier_allocation set environment = $1 where eui64_from = '90b3d51f30010000'`, [
        environment,
      ]);
    await allocate('LIVE');
    const refused = await post('NORTHGATE', organisation);
    expect([refused.status, refused.body.errors]).toMatchObject([
      403,
      [
        {
          reason: 'IDENTIFIER_NOT_IN_ALLOCATED_RANGE',
          detail: expect.stringContaining('for live use only') as string,
        },
      ],
    ]);
    const stored = await latest();
    const listed = await request(here.http)
      .get('/v1/participants/NORTHGATE/allocations')
      .set('Authorization', `Bearer ${await here.token('NORTHGATE')}`);
    expect(listed.body.items).toMatchObject([{ environment: 'LIVE' }]);
    await allocate('TEST');
    expect((await post('NORTHGATE', organisation)).status).toBe(201);
    await allocate('BOTH');
    expect((await post('NORTHGATE', organisation)).status).toBe(201);
    expect(JSON.stringify((await latest()).question)).not.toContain('"environment"');
    expect(await replay(stored)).toMatchObject({ same: true, differences: [] });
  });

  test('a replacement is for a Device ID that has certificates; decisions of before it could be said are as they were', async () => {
    const again = () => ({ ...device('00-DB-12-34-10-00-00-09'), replacement: true });
    const resultOf = async () => {
      const { rules, request: asked } = decisionView(await latest(), ruleSet());
      return [rules.find((one) => one.rule === 'UNKNOWN_DEVICE')?.result, asked?.replacement];
    };
    const refused = await post('NORTHGATE', again());
    expect([refused.status, refused.body.errors]).toMatchObject([
      403,
      [
        {
          reason: 'UNKNOWN_DEVICE',
          clause: 'SEC Appendix M, 2.4',
          detail: '00-DB-12-34-10-00-00-09 has no certificate that could be replaced.',
        },
      ],
    ]);
    expect(await resultOf()).toEqual(['BROKEN', true]);
    const stored = await latest();
    expect(await replay(stored)).toMatchObject({ same: true, differences: [] });
    const before = await replay(stored, { withRuleSet: '2026-11-28' });
    expect(before.replayed.outcome).toBe('PASS');
    expect(before.differences.map(({ what }) => what)).toEqual(['outcome', 'ruleSet', 'reason']);

    expect((await post('NORTHGATE', device('00-DB-12-34-10-00-00-09'))).status).toBe(201);
    expect(await resultOf()).toEqual(['NOT_ASKED', undefined]);
    expect(JSON.stringify((await latest()).question)).not.toContain('replacement');
    expect((await post('NORTHGATE', again())).status).toBe(201);
    expect(await resultOf()).toEqual(['KEPT', true]);
    expect(await replay(await latest())).toMatchObject({ same: true, differences: [] });
  });

  test('made with others that are alike it is in their row, and is found, listed and replayed by itself', async () => {
    here.clock.advance(1000);
    const { pool } = here.database;
    const caller = async (signifier: string) =>
      (await findCallers([hashToken(await here.token(signifier))], here.clock.now(), pool))[0]!;
    const [maker, party] = [await caller('METERWORKS'), await caller('NORTHGATE')];
    const asked = [
      { caller: maker, eui64: '00db123420000201' },
      { caller: party, eui64: '00db123410000201' },
      { caller: maker, eui64: '00db123420000202' },
      { caller: maker, eui64: '00db123410000202' }, // of the other
      { caller: maker, eui64: '00db123420000203' },
    ];
    const results = await issueCertificates(
      asked.map(({ caller: by, eui64 }) => ({
        request: { category: 'DEVICE', purpose, channel: 'INTERNET', csr: deviceCsr(eui64).der },
        caller: by,
      })),
      here.needs,
    );
    const ids = results.map((one) => (one instanceof Fault ? one.about.decision! : one.decision.id));
    const { rows } = await query(
      pool,
      `select p.signifier, s.outcome, s.decisions from decision_set s join participant p on p.id = s.participant_id
        where s.decided_at = $1 order by s.decisions desc, s.outcome`,
      [here.clock.now()],
    );
    expect(rows).toEqual([
      { signifier: 'METERWORKS', outcome: 'PASS', decisions: 3 },
      { signifier: 'NORTHGATE', outcome: 'PASS', decisions: 1 },
      { signifier: 'METERWORKS', outcome: 'REFUSE', decisions: 1 },
    ]);

    const listed: StoredDecision[] = [];
    for (let page = 1; page <= 3; page += 1) {
      const last = listed.at(-1);
      listed.push(...(await listDecisions({}, { limit: 2, ...(last && { after: last }) }, pool)));
    }
    expect(listed.slice(0, 5).map(({ id }) => id)).toEqual([...ids].sort().reverse());
    for (const [place, id] of ids.entries()) {
      const stored = (await findDecision(id, pool))!;
      expect(listed).toContainEqual(stored);
      expect(stored.subject).toBe(`DEVICE:${asked[place]!.eui64}`);
      expect(stored.question?.csr?.subject).toMatchObject({ eui64: asked[place]!.eui64 });
      expect(await replay(stored)).toMatchObject({ same: true, differences: [] });
    }
    const counted = async (place: number) =>
      (await findDecision(ids[place]!, pool))?.question?.participant?.certificatesIssued ?? 0;
    expect((await counted(4)) - (await counted(0))).toBe(2);
    expect(await findDecision(ids[0]!, pool, party.participantId)).toBeUndefined();
    expect(await findDecision(`${ids[0]!.slice(0, -4)}ffff`, pool)).toBeUndefined();
  });

  test('shows what became of every rule', async () => {
    await post('OLDMETER', device('00-DB-12-34-30-00-00-02'));
    const view = decisionView(await latest(), ruleSet());
    const resultOf = (rule: string) => view.rules.find((one) => one.rule === rule)?.result;
    expect(view).toMatchObject({
      participant: 'OLDMETER',
      category: 'DEVICE',
      outcome: 'REFUSE',
      basis: null,
      testPhase: 'ENDURING',
      goodIndustryPractice: '1',
      subject: '00-DB-12-34-30-00-00-02',
      askedBy: { participant: 'OLDMETER', role: 'PARTICIPANT_ARO', officer: 'aro' },
      request: { channel: 'INTERNET' },
    });
    expect(resultOf('AGREEMENT_EXPIRED')).toBe('BROKEN');
    expect(resultOf('TERMS_NOT_ACCEPTED')).toBe('KEPT');
    expect(resultOf('AGREEMENT_CATEGORY_EXCLUDED')).toBe('NOT_ASKED');
    expect(view.rules.filter((one) => one.result === 'BROKEN').map((one) => one.rule)).toEqual([
      ...new Set(view.reasons.map(({ reason }) => reason)),
    ]);
    expect(JSON.parse(JSON.stringify(decisionSummary(await latest())))).toMatchObject({
      decidedAt: expect.stringMatching(/^2026-11-24T12:00:\d\dZ$/),
    });
  });

  test('as at another instant differs by what was, or will be, on record then', async () => {
    await post('METERWORKS', device('00-DB-12-34-20-00-00-03'));
    const stored = await latest();
    const { pool } = here.database;
    const [participant] = [...(await findParticipants(['METERWORKS'], TEST_NOW, pool)).values()];
    const [held] = participant!.agreements;
    const { ref } = held!;
    const change: FactChange = {
      participantId: participant!.id,
      kind: 'AGREEMENT',
      key: ref,
      state: 'SUSPENDED',
      since: daysFromNow(7),
      value: without(held!, 'ref', 'state'),
    };
    await withTransaction(pool, (db) => recordFacts([change], { source: 'DCC', recordedAt: TEST_NOW }, db));
    expect(await replay(stored)).toMatchObject({ same: true });
    expect(await replay(stored, { asAt: daysFromNow(6) })).toMatchObject({ same: true });
    // What others were issued around that instant is not what this decision saw.
    await query(
      pool,
      `insert into issued_count (participant_id, category, hour, certificates) values ($1, 'DEVICE', $2, 375000)`,
      [participant!.id, daysFromNow(6)],
    );
    expect(await replay(stored, { asAt: daysFromNow(6) })).toMatchObject({ same: true });
    const later = await replay(stored, { asAt: daysFromNow(7) });
    expect(later).toMatchObject({ same: false, replayed: { outcome: 'REFUSE' } });
    expect(later.differences).toContainEqual({ what: 'outcome', recorded: 'PASS', replayed: 'REFUSE' });
    expect(later.differences).toContainEqual({
      what: 'reason',
      replayed: `AGREEMENT_SUSPENDED: Agreement ${ref} is SUSPENDED.`,
    });
    const before = await replay(stored, { asAt: daysFromNow(-1) });
    expect(before.replayed.reasons.map(({ reason }) => reason)).toContain('PARTICIPANT_UNKNOWN');
  });

  test('under another rule set differs by what that says', async () => {
    await post('NORTHGATE', device('00-DB-12-34-10-00-00-04'));
    const stored = await latest();
    const { files } = ruleSet();
    const other = {
      version: '2027-04-01',
      files: {
        ...files,
        'rule-set': files['rule-set']!.replace(/^version: '.+'$/m, "version: '2027-04-01'"),
        categories: files['categories']!.replaceAll(
          '[INTERNET, DCC_GATEWAY, IN_PERSON_MEDIA]',
          '[DCC_GATEWAY]',
        ),
      },
    };
    await recordRuleSets([other], TEST_NOW, here.database.pool);
    const so = await replay(stored, { withRuleSet: '2027-04-01' });
    expect(so.replayed).toMatchObject({ outcome: 'REFUSE', ruleSet: '2027-04-01' });
    expect(so.differences.map(({ what }) => what)).toEqual(['outcome', 'ruleSet', 'reason']);
    await expect(replay(stored, { withRuleSet: '2001-01-01' })).rejects.toMatchObject({ code: 'not-found' });
  });

  test('is asked under the rules on record, also when the files have moved on', async () => {
    const { version, files } = ruleSet();
    const moved = { ...here.needs.ruleSets, find: () => undefined };
    const onRecord = await ruleSetOnRecord(version, moved, here.database.pool);
    expect(onRecord.files).toEqual(files);
    const stored = await latest();
    expect(await replayDecision(stored, {}, moved, here.database.pool)).toMatchObject({ same: true });
    expect(await findDecision(stored.id, here.database.pool)).toEqual(stored);
  });
});

describe('a rule set', () => {
  test('is on record from the start on, word by word', async () => {
    const { version, files } = ruleSet();
    expect(await findRuleSet(version, here.database.pool)).toEqual({ version, files });
  });

  test('whose files differ from the record stops the start, and says what to do', async () => {
    const { version, files } = ruleSet();
    const changed = { version, files: { ...files, basis: `${files['basis']!}# changed` } };
    await expect(recordRuleSets([changed], TEST_NOW, here.database.pool)).rejects.toMatchObject({
      code: 'configuration-invalid',
      reasons: [
        {
          detail: `Version ${version} is on record with other words in basis.yaml.`,
          fix: expect.stringMatching(/A changed rule set is a new version.*empty database/),
        },
      ],
    });
  });
});

test('certificates are counted by participant, category and hour', async () => {
  const counted = async () => {
    const { rows } = await query<{ certificates: number; hour: Date }>(
      here.database.pool,
      `select sum(i.certificates)::int as certificates, i.hour from issued_count i join participant p on p.id = i.participant_id
        where p.signifier = 'NORTHGATE' and i.category = 'DEVICE' group by i.hour order by i.hour`,
    );
    return rows;
  };
  const before = (await counted())[0]?.certificates ?? 0;
  await Promise.all(
    ['05', '06', '07'].map((end) => post('NORTHGATE', device(`00-DB-12-34-10-00-00-${end}`))),
  );
  await post('NORTHGATE', { category: 'DEVICE', csr: 'MAA=' });
  expect(await counted()).toEqual([{ certificates: before + 3, hour: TEST_NOW }]);
  const [participant] = [...(await findParticipants(['NORTHGATE'], TEST_NOW, here.database.pool)).values()];
  expect(participant?.issuedInDay).toMatchObject({ DEVICE: before + 3 });
  const [dayLater] = [
    ...(await findParticipants(['NORTHGATE'], daysFromNow(1), here.database.pool)).values(),
  ];
  expect(dayLater?.issuedInDay['DEVICE']).toBeUndefined();
});

test('no sequence of facts in the database yields PASS without a basis in force at that instant', async () => {
  const { pool } = here.database;
  let number = 0;
  let passed = 0;
  const record = async (signifier: string, type: string, history: readonly Version[]) => {
    const { rows } = await query<{ id: string }>(
      pool,
      `insert into participant (signifier, type, created_at) values ($1, $2, $3) returning id`,
      [signifier, type, daysFromNow(-100)],
    );
    await withTransaction(pool, async (db) => {
      for (const one of history)
        await recordFacts(
          [{ ...one, participantId: rows[0]!.id }],
          { source: 'TAKE_ON', recordedAt: TEST_NOW },
          db,
        );
    });
  };
  await fc.assert(
    fc.asyncProperty(aHistory, async (history) => {
      number += 1;
      const signifier = `HISTORY-${String(number)}`;
      const stated = { ...history, own: history.own.map((each) => unique(each, number)) };
      await record(signifier, history.type, stated.own);
      await record(networkOf(number), 'SEC_PARTY', history.network);
      for (const day of [-4, -2, 0, 2, 5]) {
        const at = daysFromNow(day);
        const core = (await findParticipants([signifier], at, pool)).get(signifier)!;
        expect(comparable(core)).toEqual(comparable(factsAt(stated, at)));
        const participant = {
          ...without(supplier(), 'membership', 'partyCategory'),
          ...core,
          agreements: core.agreements.map((one) => ({ ...one, deviceRanges: agreement().deviceRanges })),
          gatewayConnection: true,
        };
        const given = {
          ...participant,
          termsAccepted: supplier().termsAccepted,
          obligations: supplier().obligations,
        };
        const question =
          history.type === 'RDP' ? askInfrastructure(given, { now: at }) : askDevice(given, { now: at });
        const { outcome } = decide(question, ruleSet());
        if (outcome !== 'PASS') continue;
        passed += 1;
        expect(hasBasisAt(history, at)).toBe(true);
      }
    }),
    { seed: 20261125, numRuns: 40 },
  );
  expect(passed).toBeGreaterThan(0);
});

/** References and Device IDs belong to one participant each, and each history has a Network Party of its own. */
const unique = (one: Version, number: number): Version => {
  if (one.kind === 'NOMINATION') return { ...one, key: networkOf(number) };
  if (one.kind !== 'AGREEMENT') return one;
  const block = `00db50${number.toString(16).padStart(2, '0')}`;
  const deviceRanges = [{ from: `${block}00000000`, to: `${block}ffffffff` }];
  return {
    ...one,
    key: `${String(number)}-${one.key}`,
    value: { ...one.value, deviceRanges },
  } as unknown as Version;
};
const networkOf = (number: number) => `NETWORK-${String(number)}`;

/** Who nominates is looked up of RDPs only; by which name is another matter. */
const comparable = ({ type, agreements, nominations, membership }: ReturnType<typeof factsAt>) => ({
  agreements: agreements.map((one) => without(one, 'ref')),
  nominations: type === 'RDP' ? nominations.map((one) => without(one, 'networkParty')) : [],
  membership,
});
