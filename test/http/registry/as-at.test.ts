import request from 'supertest';
import { listDecisions } from '../../../src/audit/decisions.ts';
import { withTransaction } from '../../../src/db/transaction.ts';
import type { CallerRole, PartyCategory } from '../../../src/domain/participant.ts';
import { replayDecision } from '../../../src/issuance/replay-decision.ts';
import { decideReview } from '../../../src/registrar/decide-review.ts';
import { findCallers } from '../../../src/registry/callers.ts';
import { hashToken } from '../../../src/registry/credentials.ts';
import { recordFacts } from '../../../src/registry/record-facts.ts';
import { findParticipantRef } from '../../../src/registry/participants.ts';
import { dcckiCsr, deviceCsr } from '../../support/csr-builder.ts';
import { world, type World } from '../../support/world.ts';

const HOUR = 3_600_000;

describe('a question as at an instant', () => {
  let here: World;
  beforeEach(async () => {
    here = await world();
  });
  afterEach(() => here.close());

  const send = async (path: string, body: object, role: CallerRole, signifier = 'DCC') =>
    request(here.http)
      .post(path)
      .set('Authorization', `Bearer ${await here.token(signifier, role)}`)
      .send(body);
  const get = async (path: string) =>
    request(here.http)
      .get(path)
      .set('Authorization', `Bearer ${await here.token('DCC', 'DCC_REGISTRAR')}`);
  /** Lets an hour pass, before which and after which things are different. */
  const hourLater = () => {
    here.clock.advance(HOUR);
    return here.clock.now();
  };
  /** Closes a record, or opens it again, by two people. */
  const close = async (signifier: string, closed: boolean) => {
    const because = 'as two people saw it';
    const prepared = await send(
      `/v1/participants/${signifier}/closure`,
      { closed, because },
      'DCC_REGISTRAR',
    );
    const decision = `/v1/reviews/${String(prepared.body.id)}/decision`;
    return send(decision, { approve: true, because }, 'DCC_TEST_APPROVER');
  };
  /** What a feed states now. */
  const stated = async (signifier: string, kind: 'DETAILS' | 'MEMBERSHIP', state: string, value: object) => {
    const { pool } = here.database;
    const { id } = (await findParticipantRef(signifier, pool))!;
    const since = here.clock.now();
    await withTransaction(pool, (db) =>
      recordFacts(
        [{ participantId: id, kind, key: '', state, since, value }],
        { source: 'SECAS_FEED', recordedAt: since },
        db,
      ),
    );
  };
  const categoryOf = (signifier: string, partyCategory: PartyCategory) =>
    stated(signifier, 'DETAILS', 'RECORDED', { legalName: signifier, partyCategory });

  test('about a DCC Gateway Connection tells with whom it was shared then', async () => {
    const sharedAt = async (at: Date) =>
      (
        (await get(`/v1/participants/NORTHGATE?at=${at.toISOString()}`)).body as {
          gatewaySharedWith?: string[];
        }
      ).gatewaySharedWith;
    const record = (body: object) => send('/v1/participants/NORTHGATE/gateway', body, 'DCC_REGISTRAR');
    const before = here.clock.now();
    const shared = hourLater();
    await record({ connected: true, sharedWith: ['TRENTNET'] });
    const ended = hourLater();
    await record({ connected: false });
    expect([await sharedAt(before), await sharedAt(shared), await sharedAt(ended)]).toEqual([
      undefined,
      ['TRENTNET'],
      undefined,
    ]);
  });

  test('about a record tells that it was closed while it was, also once it is open again', async () => {
    const statusAt = async (at?: Date) => {
      const asAt = at === undefined ? '' : `?at=${at.toISOString()}`;
      return (await get(`/v1/participants/METERWORKS${asAt}`)).body.status as string;
    };
    const own = async () =>
      (
        await request(here.http)
          .get('/v1/me')
          .set('Authorization', `Bearer ${await here.token('METERWORKS')}`)
      ).status;
    const before = here.clock.now();
    expect([await statusAt(), await own()]).toEqual(['ACTIVE', 200]);
    hourLater();
    expect((await close('METERWORKS', true)).status).toBe(200);
    const between = here.clock.now();
    expect([await statusAt(), await own()]).toEqual(['CLOSED', 401]);
    hourLater();
    expect((await close('METERWORKS', false)).status).toBe(200);
    const after = here.clock.now();
    expect([await statusAt(), await own()]).toEqual(['ACTIVE', 200]);

    expect(await statusAt(before)).toBe('ACTIVE');
    expect(await statusAt(new Date(between.getTime() - 1))).toBe('ACTIVE');
    expect(await statusAt(between)).toBe('CLOSED');
    expect(await statusAt(new Date(after.getTime() - 1))).toBe('CLOSED');
    expect(await statusAt(after)).toBe('ACTIVE');
    const history = await get('/v1/participants/METERWORKS/history');
    const versions = (history.body.items as { kind: string }[]).filter((one) => one.kind === 'STATUS');
    expect(versions).toMatchObject([
      { version: 1, state: 'CLOSED', source: 'DCC', value: { because: 'as two people saw it' } },
      { version: 2, state: 'ACTIVE', source: 'DCC' },
    ]);
  });

  test('a record that is closed is not closed again, nor one opened that is open', async () => {
    const propose = (closed: boolean) =>
      send('/v1/participants/METERWORKS/closure', { closed, because: 'once more' }, 'DCC_REGISTRAR');
    const open = await propose(false);
    expect([open.status, open.body.errors]).toMatchObject([409, [{ reason: 'TRANSITION_NOT_ALLOWED' }]]);
    const [first, second] = [await propose(true), await propose(true)];
    const approve = (review: string) =>
      send(`/v1/reviews/${review}/decision`, { approve: true, because: 'seen' }, 'DCC_TEST_APPROVER');
    expect((await approve(String(first.body.id))).status).toBe(200);
    expect((await approve(String(second.body.id))).status).toBe(409);
    expect((await propose(true)).status).toBe(409);
  });

  test('about a Device ID has the limit of certificates that it had then', async () => {
    const eui64 = '00-DB-12-34-20-00-00-01';
    const decision = { approve: true, because: 'seen' };
    const prepare = async (certificates: number) => {
      const wanted = { eui64, certificates, because: 'a rig' };
      const path = '/v1/participants/METERWORKS/device-ceilings';
      return String((await send(path, wanted, 'DCC_TEST_OPERATOR')).body.id);
    };
    const raise = async (certificates: number) => {
      hourLater();
      const review = await prepare(certificates);
      await send(`/v1/reviews/${review}/decision`, decision, 'DCC_TEST_APPROVER');
      return here.clock.now();
    };
    await send(
      '/v1/certificates',
      { category: 'DEVICE', csr: deviceCsr(eui64).pem, purpose: 'DEVICE_AND_USER_SYSTEM_TESTS' },
      'PARTICIPANT_ARO',
      'METERWORKS',
    );
    const [recorded] = await listDecisions({ signifier: 'METERWORKS' }, { limit: 1 }, here.database.pool);
    const { question, ...rest } = recorded!;
    const standing = { ...question!.standing!, certificatesForDevice: 120 };
    const stored = { ...rest, question: { ...question!, standing } };
    const limitAsAt = async (asAt: Date) => {
      const { replayed } = await replayDecision(stored, { asAt }, here.needs.ruleSets, here.database.pool);
      return replayed.reasons.find((one) => one.reason === 'DEVICE_CERTIFICATE_LIMIT')?.detail ?? 'kept';
    };
    const before = here.clock.now();
    const first = await raise(110);
    const second = await raise(150);
    expect(await limitAsAt(before)).toContain('100');
    expect(await limitAsAt(first)).toContain('110');
    expect(await limitAsAt(new Date(second.getTime() - 1))).toContain('110');
    expect(await limitAsAt(second)).toBe('kept');

    const listed = async (path: string, at: Date) =>
      (await get(`/v1/${path}?at=${at.toISOString()}`)).body.items as unknown;
    const own = 'participants/METERWORKS/device-ceilings';
    const [raised, higher] = [
      { eui64, certificates: 110, since: '2026-11-24T13:00:00Z' },
      { eui64, certificates: 150, since: '2026-11-24T14:00:00Z' },
    ];
    expect([await listed(own, before), await listed(own, first)]).toEqual([[], [raised]]);
    expect(await listed(own, second)).toEqual([higher]);
    expect(await listed('device-ceilings', second)).toEqual([
      { ...higher, participant: 'METERWORKS', review: expect.any(String) as string },
    ]);
    // Who does not have the Device ID has no limit of it.
    expect(await listed('participants/NORTHGATE/device-ceilings', second)).toEqual([]);
    // Who read the time before the other began, and had to wait for it, does not undo it: it is the later one.
    const [asked, turn] = [new Date(second.getTime() - 1), new Date(second.getTime() + HOUR)];
    const readings = [asked];
    const review = await prepare(115);
    const token = await here.token('DCC', 'DCC_TEST_APPROVER');
    const [approver] = await findCallers([hashToken(token)], here.clock.now(), here.database.pool);
    const needs = { ...here.needs, clock: { now: () => readings.pop() ?? turn } };
    await withTransaction(here.database.pool, (db) => decideReview(review, decision, approver!, needs, db));
    expect(await limitAsAt(second)).toBe('kept');
    expect(await limitAsAt(turn)).toContain('115');
  });

  describe('about an RDP', () => {
    const ask = async () => {
      const csr = dcckiCsr('REGDATA').pem;
      await send(
        '/v1/certificates',
        { category: 'DCCKI', csr, purpose: 'INTERFACE_TESTING' },
        'PARTICIPANT_ARO',
        'REGDATA',
      );
      const [stored] = await listDecisions({ signifier: 'REGDATA' }, { limit: 1 }, here.database.pool);
      return stored!;
    };
    const replay = async (stored: Awaited<ReturnType<typeof ask>>, asAt?: Date) =>
      replayDecision(stored, asAt ? { asAt } : {}, here.needs.ruleSets, here.database.pool);
    const nominations = async (at: Date) =>
      (await get(`/v1/participants/REGDATA/nominations?at=${at.toISOString()}`)).body.items as unknown;

    test.each([
      {
        what: 'closed',
        end: () => close('TRENTNET', true),
        restore: () => close('TRENTNET', false),
        shown: { networkPartyStatus: 'CLOSED' },
        says: 'TRENTNET (its record is CLOSED)',
      },
      {
        what: 'no Network Party',
        end: () => categoryOf('TRENTNET', 'LARGE_SUPPLIER'),
        restore: () => categoryOf('TRENTNET', 'ELECTRICITY_NETWORK'),
        shown: { networkPartyCategory: 'LARGE_SUPPLIER' },
        says: 'TRENTNET (it is no Network Party (its category is LARGE_SUPPLIER))',
      },
    ])('the one who nominates it carries it but while it is $what', async ({ end, restore, shown, says }) => {
      const before = here.clock.now();
      expect(await ask()).toMatchObject({ basis: 'RDP_NOMINATION' });
      const passed = await ask();
      hourLater();
      await end();
      const between = here.clock.now();
      const refused = await ask();
      expect(refused).toMatchObject({ outcome: 'REFUSE', basis: null });
      expect(refused.reasons).toContainEqual(
        expect.objectContaining({
          reason: 'NOMINATING_PARTY_INACTIVE',
          detail: `REGDATA is nominated only by ${says}.`,
        }),
      );
      hourLater();
      await restore();
      const after = here.clock.now();
      expect((await ask()).basis).toBe('RDP_NOMINATION');

      for (const stored of [passed, refused]) {
        expect(await replay(stored)).toMatchObject({ same: true });
        expect((await replay(stored, before)).replayed.basis).toBe('RDP_NOMINATION');
        expect((await replay(stored, between)).replayed.basis).toBeUndefined();
        expect((await replay(stored, after)).replayed.basis).toBe('RDP_NOMINATION');
      }
      const carrying = {
        networkParty: 'TRENTNET',
        networkPartyState: 'ACTIVE',
        from: '2016-01-01T00:00:00Z',
      };
      expect(await nominations(before)).toEqual([carrying]);
      expect(await nominations(between)).toEqual([{ ...carrying, ...shown }]);
      expect(await nominations(after)).toEqual([carrying]);
    });

    test('who is no Network Party is not put on record as the one who nominates it', async () => {
      const nomination = { networkParty: 'NORTHGATE', from: '2026-01-01' };
      const answer = await send('/v1/participants/REGDATA/nominations', nomination, 'DCC_REGISTRAR');
      expect(answer.status).toBe(409);
      expect(answer.body.detail).toBe('NORTHGATE is no Network Party.');
      const other = { ...nomination, networkParty: 'TRENTNET' };
      await categoryOf('TRENTNET', 'GAS_NETWORK');
      const end = await send('/v1/participants/REGDATA/nominations/TRENTNET/end', {}, 'DCC_REGISTRAR');
      await send(
        `/v1/reviews/${String(end.body.id)}/decision`,
        { approve: true, because: 'x' },
        'DCC_TEST_APPROVER',
      );
      expect((await send('/v1/participants/REGDATA/nominations', other, 'DCC_REGISTRAR')).status).toBe(202);
    });

    test('nor is a Network Party while it is none that would carry it', async () => {
      const propose = () =>
        send(
          '/v1/participants/REGDATA/nominations',
          { networkParty: 'TRENTNET', from: '2026-01-01' },
          'DCC_REGISTRAR',
        );
      const end = await send('/v1/participants/REGDATA/nominations/TRENTNET/end', {}, 'DCC_REGISTRAR');
      await send(
        `/v1/reviews/${String(end.body.id)}/decision`,
        { approve: true, because: 'x' },
        'DCC_TEST_APPROVER',
      );
      await stated('TRENTNET', 'MEMBERSHIP', 'SUSPENDED', {});
      await close('TRENTNET', true);
      const refused = await propose();
      const detail = 'TRENTNET nominates nobody now: its membership is SUSPENDED; its record is CLOSED.';
      const { clause, fix } = here.needs.ruleSets
        .at(here.clock.now())
        .reasonCodes.get('NOMINATING_PARTY_INACTIVE')!;
      expect([refused.status, refused.body.errors]).toEqual([
        409,
        [{ reason: 'NOMINATING_PARTY_INACTIVE', clause, detail, fix }],
      ]);
      await stated('TRENTNET', 'MEMBERSHIP', 'ACTIVE', {});
      expect((await propose()).status).toBe(409);
      await close('TRENTNET', false);
      const prepared = await propose();
      expect(prepared.status).toBe(202);
      // Nor is one put on record that was prepared before it was suspended.
      await stated('TRENTNET', 'MEMBERSHIP', 'SUSPENDED', {});
      const approve = () =>
        send(
          `/v1/reviews/${String(prepared.body.id)}/decision`,
          { approve: true, because: 'x' },
          'DCC_TEST_APPROVER',
        );
      const late = await approve();
      expect([late.status, late.body.errors]).toMatchObject([409, [{ reason: 'NOMINATING_PARTY_INACTIVE' }]]);
      await stated('TRENTNET', 'MEMBERSHIP', 'ACTIVE', {});
      expect((await approve()).status).toBe(200);
    });
  });
});
