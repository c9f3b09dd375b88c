import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import type { Eui64 } from '../../../src/domain/eui64.ts';
import { Fault } from '../../../src/domain/fault.ts';
import type { FeedParty, FeedSnapshot, RecordedSnapshot } from '../../../src/domain/feed.ts';
import { feedDiffText, viewFeedDiff } from '../../../src/registry/feed-diff-text.ts';
import { diffFeed, requireApplicable } from '../../../src/registry/feed-diff.ts';
import type { DiffLimits } from '../../../src/registry/feed-contradictions.ts';
import { readFeedFile } from '../../../src/registry/feed-file.ts';
import { anyFeed } from '../../support/any-feed.ts';
import { applyDiff, isEmptyDiff } from '../../support/apply-diff.ts';
import { printFeed, withoutRows, type WholeFeed } from '../../support/feed-files.ts';

const NOTHING: FeedSnapshot = { registryEntries: [], parties: [], allocations: [], marketParticipants: [] };
const demo = readFileSync(path.join(__dirname, '..', '..', '..', 'src', 'cli', 'demo', 'secas-feed.csv'));
const onRecord = async () => withoutRows(await readFeedFile(demo, 'demo.csv'));
const LATER = { version: 2, issuedAt: new Date('2026-11-24T09:00:00Z') };
const READ = { feed: LATER };

/** The demo's feed of the next day with something else in it, as a file. */
async function next(change: (feed: WholeFeed) => Partial<WholeFeed> = () => ({})) {
  const feed = { ...(await onRecord()), ...READ };
  return readFeedFile(printFeed({ ...feed, ...change(feed) }), 'next.csv');
}
const withParty = (signifier: string, change: Partial<FeedParty>) => (feed: WholeFeed) => ({
  parties: feed.parties.map((one) => (one.signifier === signifier ? { ...one, ...change } : one)),
});
const faultsOf = async (change: (feed: WholeFeed) => Partial<WholeFeed>, limits?: DiffLimits) =>
  diffFeed(await onRecord(), await next(change), limits).faults.map(({ detail }) => detail);

describe('a diff', () => {
  test('against nothing adds everything', async () => {
    const diff = diffFeed(NOTHING, await readFeedFile(demo, 'demo.csv'));
    expect(diff.from).toBeUndefined();
    expect(diff.parties.added.map(({ signifier, row }) => [signifier, row])).toEqual([
      ['NORTHGATE', 4],
      ['TRENTNET', 5],
      ['HALTED', 6],
      ['REGDATA', 7],
    ]);
    expect(
      [diff.registryEntries, diff.allocations, diff.marketParticipants].map(({ added }) => added.length),
    ).toEqual([1, 5, 3]);
    expect(diff.faults).toEqual([]);
    expect(() => requireApplicable(diff)).not.toThrow();
  });

  test('of a feed that says the same is empty', async () => {
    const diff = diffFeed(await onRecord(), await next());
    expect(isEmptyDiff(diff)).toBe(true);
    expect(feedDiffText(diff)).toBe(
      'Feed version 1 -> 2, issued 2026-11-24T09:00:00Z: 0 additions, 0 changes, 0 endings, 13 unchanged\n',
    );
  });

  test('lists additions, changes field by field, endings, and what stands against them, as text', async () => {
    const diff = diffFeed(
      await onRecord(),
      await next((feed) => ({
        parties: [
          ...feed.parties
            .filter(({ signifier }) => signifier !== 'REGDATA')
            .map((one) =>
              one.signifier === 'HALTED'
                ? {
                    ...one,
                    membershipState: 'ACTIVE' as const,
                    membershipSince: new Date('2026-11-24T08:30:00Z'),
                  }
                : one,
            )
            .map(({ tradingName, ...one }) =>
              tradingName === undefined ? one : { ...one, legalName: 'Northgate, Supply' },
            ),
          { organisationNumber: '9', signifier: 'SOUTHGATE', partyType: 'RDP', legalName: 'South' },
        ],
        allocations: feed.allocations
          .filter(({ signifier }) => signifier !== 'REGDATA')
          .map((one) =>
            one.signifier === 'TRENTNET'
              ? { ...one, euiTo: '90b3d51f3002fffe' as Eui64, environment: 'TEST' }
              : one,
          ),
        marketParticipants: feed.marketParticipants.map((one) =>
          one.scheme === 'UNC' ? { ...one, signifier: 'TRENTNET', userId: '90b3d51f30020001' as Eui64 } : one,
        ),
      })),
    );
    expect(feedDiffText(diff)).toBe(
      `Feed version 1 -> 2, issued 2026-11-24T09:00:00Z: 2 additions, 3 changes, 3 endings, 7 unchanged
+ PARTY SOUTHGATE: organisationNumber 9, signifier SOUTHGATE, partyType RDP, legalName South
+ ALLOCATION TRENTNET USER_ID 90-B3-D5-1F-30-02-00-00 to 90-B3-D5-1F-30-02-FF-FE: signifier TRENTNET, identifierKind USER_ID, euiFrom 90-B3-D5-1F-30-02-00-00, euiTo 90-B3-D5-1F-30-02-FF-FE, environment TEST, allocationRequestedAt 2015-01-26T00:00:00Z, allocatedAt 2015-02-02T00:00:00Z
~ PARTY NORTHGATE: legalName "Northgate Energy Supply Limited" -> "Northgate, Supply", tradingName "Northgate Energy" -> (none)
~ PARTY HALTED: membershipState SUSPENDED -> ACTIVE, membershipSince 2026-06-30T00:00:00Z -> 2026-11-24T08:30:00Z
~ MARKET_PARTICIPANT UNC NGS SHP: signifier NORTHGATE -> TRENTNET, userId 90-B3-D5-1F-30-01-00-00 -> 90-B3-D5-1F-30-02-00-01
- PARTY REGDATA
- ALLOCATION TRENTNET USER_ID 90-B3-D5-1F-30-02-00-00 to 90-B3-D5-1F-30-02-FF-FF
- ALLOCATION REGDATA RDP_ID 90-B3-D5-1F-30-04-00-00 to 90-B3-D5-1F-30-04-FF-FF
! 1 of 4 Parties and RDPs on record are not in the feed: REGDATA
`,
    );
  });

  test('is JSON too, with the rows of the file', async () => {
    const diff = diffFeed(await onRecord(), await next(withParty('HALTED', { membershipState: 'ACTIVE' })));
    expect(JSON.parse(JSON.stringify(viewFeedDiff(diff)))).toEqual({
      fromVersion: 1,
      toVersion: 2,
      issuedAt: '2026-11-24T09:00:00Z',
      additions: [],
      changes: [
        {
          record: 'PARTY',
          key: 'HALTED',
          row: 6,
          fields: [{ field: 'membershipState', before: 'SUSPENDED', after: 'ACTIVE' }],
        },
      ],
      endings: [],
      unchanged: 12,
      faults: [],
    });
  });

  test.each<
    [string, (feed: WholeFeed) => Partial<WholeFeed>, (feed: WholeFeed) => Partial<WholeFeed>, RegExp]
  >([
    [
      'a version that is on record',
      () => ({ feed: { ...LATER, version: 1 } }),
      () => ({}),
      /^row 2: version 1 is not newer than version 1, which is on record$/,
    ],
    [
      'an older instant',
      () => ({ feed: { version: 2, issuedAt: new Date('2026-11-23T08:59:59Z') } }),
      () => ({ feed: { version: 2, issuedAt: new Date('2026-11-23T09:00:00Z') } }),
      /^row 2: version 2 was issued before version 1, which is on record$/,
    ],
    [
      'a Party that becomes an RDP',
      (feed) => ({
        parties: feed.parties.map((one) =>
          one.signifier === 'HALTED'
            ? { organisationNumber: '3', signifier: 'HALTED', partyType: 'RDP' as const, legalName: 'Halted' }
            : one,
        ),
        allocations: feed.allocations.filter(({ signifier }) => signifier !== 'HALTED'),
      }),
      withParty('HALTED', { legalName: 'Halted' }),
      /^row 6: HALTED is of type SEC_PARTY on record and RDP in the feed$/,
    ],
    [
      'an organisation number that moves',
      (feed) => ({
        parties: feed.parties.map((one) => ({
          ...one,
          organisationNumber:
            one.organisationNumber === '3'
              ? '8'
              : one.organisationNumber === '4'
                ? '3'
                : one.organisationNumber,
        })),
      }),
      withParty('REGDATA', { organisationNumber: '8' }),
      /^row 7: organisation number 3 is HALTED's on record and REGDATA's in the feed$/,
    ],
  ])('holds %s against a feed', async (_what, broken, kept, detail) => {
    const faults = await faultsOf(broken);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(detail);
    expect(await faultsOf(kept)).toEqual([]);
    const refused = diffFeed(await onRecord(), await next(broken));
    expect(() => requireApplicable(refused)).toThrow(Fault);
    expect(refused.faults.map(({ reason }) => reason)).toEqual(['FEED_NOT_APPLICABLE']);
  });

  test('holds what begins or changes among test-only EUI-64s against a feed, each row; what is as on record, and beside, is kept', async () => {
    const changed = (feed: WholeFeed) => ({
      registryEntries: [
        ...feed.registryEntries,
        { name: 'Other', euiFrom: '70b3d50000000000' as Eui64, euiTo: '70b3d5000fffffff' as Eui64 },
      ],
      allocations: feed.allocations.map((one) =>
        one.signifier === 'TRENTNET' ? { ...one, euiTo: '90b3d51f3002fffe' as Eui64 } : one,
      ),
    });
    const within = (from: string, to: string) => ({
      vanishingShare: 0,
      testOnly: [{ from: from as Eui64, to: to as Eui64, what: 'the test block' }],
    });
    expect(await faultsOf(changed, within('70b3d5000fffffff', '90b3d51f30020000'))).toEqual([
      'row 4: 70-B3-D5-00-00-00-00-00 to 70-B3-D5-00-0F-FF-FF-FF reaches into the test block, 70-B3-D5-00-0F-FF-FF-FF to 90-B3-D5-1F-30-02-00-00, which the DCC keeps for tests',
      expect.stringMatching(/^row \d+: 90-B3-D5-1F-30-02-00-00 to 90-B3-D5-1F-30-02-FF-FE reaches into/),
    ]);
    expect(await faultsOf(() => ({}), within('70b3d5000fffffff', '90b3d51f30020000'))).toEqual([]);
    expect(await faultsOf(changed, within('70b3d50010000000', '90b3d51f3001ffff'))).toEqual([]);
  });

  test('holds it against a feed when more Parties vanish than the share', async () => {
    const without = (count: number) => (feed: WholeFeed) => {
      const parties = feed.parties.slice(count);
      const known = new Set(['DCC', ...parties.map(({ signifier }) => signifier)]);
      return {
        parties,
        allocations: feed.allocations.filter(({ signifier }) => known.has(signifier)),
        marketParticipants: feed.marketParticipants.filter(({ signifier }) => known.has(signifier)),
      };
    };
    expect(await faultsOf(without(2), { vanishingShare: 0.5 })).toEqual([]);
    expect(await faultsOf(without(3), { vanishingShare: 0.5 })).toEqual([
      '3 of 4 Parties and RDPs on record are not in the feed: NORTHGATE, TRENTNET, HALTED',
    ]);
    expect(await faultsOf(without(1), { vanishingShare: 0 })).toHaveLength(1);
    expect(await faultsOf(without(0), { vanishingShare: 0 })).toEqual([]);
    expect(await faultsOf(without(4), { vanishingShare: 1 })).toEqual([]);
  });

  test.each<[string, Partial<RecordedSnapshot>, Partial<RecordedSnapshot>, RegExp]>([
    [
      'a new Party whose Signifier a non-Party has',
      { outsiders: new Map([['DCC', 'DCC'] as const, ['NORTHGATE', 'NON_PARTY'] as const]) },
      { outsiders: new Map([['DCC', 'DCC'] as const, ['SOUTHGATE', 'NON_PARTY'] as const]) },
      /^row 4: NORTHGATE is of type NON_PARTY on record and SEC_PARTY in the feed$/,
    ],
    [
      'a new RDP whose Signifier a service provider has',
      { outsiders: new Map([['DCC', 'DCC'] as const, ['REGDATA', 'DCC_SERVICE_PROVIDER'] as const]) },
      { outsiders: new Map([['DCC', 'DCC'] as const]) },
      /^row 7: REGDATA is of type DCC_SERVICE_PROVIDER on record and RDP in the feed$/,
    ],
    [
      'a DCC_ID of who is not the DCC',
      { outsiders: new Map([['DCC', 'NON_PARTY'] as const]) },
      { outsiders: new Map([['DCC', 'DCC'] as const]) },
      /^row 8: DCC is not the DCC and gets no DCC_ID$/,
    ],
  ])('holds %s against a feed', async (_what, broken, kept, detail) => {
    const file = await readFeedFile(demo, 'demo.csv');
    const faults = (more: Partial<RecordedSnapshot>) => diffFeed({ ...NOTHING, ...more }, file).faults;
    expect(faults(broken)).toMatchObject([
      { reason: 'FEED_NOT_APPLICABLE', detail: expect.stringMatching(detail) as string },
    ]);
    expect(faults(kept)).toEqual([]);
  });

  test('ends nobody twice, nor counts who has left among those gone at once', async () => {
    const without = await next((feed) => ({
      parties: feed.parties.filter(({ signifier }) => signifier !== 'REGDATA'),
      allocations: feed.allocations.filter(({ signifier }) => signifier !== 'REGDATA'),
    }));
    const still = diffFeed(await onRecord(), without);
    expect([still.parties.ended.length, still.faults.length]).toEqual([1, 1]);
    const left = diffFeed({ ...(await onRecord()), gone: new Set(['REGDATA']) }, without);
    expect([left.parties.ended.length, left.faults.length]).toEqual([0, 0]);
    // Of four on record two have left: one more is a half of those who are there, not a quarter.
    const there = async (vanishingShare: number) => {
      const record = { ...(await onRecord()), gone: new Set(['NORTHGATE', 'HALTED']) };
      return diffFeed(record, without, { vanishingShare }).faults.map(({ detail }) => detail);
    };
    expect(await there(0.49)).toEqual(['1 of 2 Parties and RDPs on record are not in the feed: REGDATA']);
    expect(await there(0.5)).toEqual([]);
  });

  test('that is applied leaves nothing to change, whatever was on record', async () => {
    await fc.assert(
      fc.asyncProperty(anyFeed(), anyFeed(), async (before, after) => {
        const file = await readFeedFile(printFeed(after), 'after.csv');
        const applied = applyDiff(before, diffFeed(before, file));
        const again = diffFeed(applied, file);
        expect(isEmptyDiff(again)).toBe(true);
        // In content the record is the feed, in whatever order.
        const sorted = (list: readonly object[]) =>
          list.map((one) => JSON.stringify(one, Object.keys(one).sort())).sort();
        for (const list of ['registryEntries', 'parties', 'allocations', 'marketParticipants'] as const)
          expect(sorted(applied[list])).toEqual(sorted(after[list]));
        expect(isEmptyDiff(diffFeed(after, file))).toBe(true);
      }),
      { numRuns: 150, seed: 20261126 },
    );
  });

  test('names every change once: what it adds, changes, ends and leaves is what is there', async () => {
    const met = { additions: 0, changes: 0, endings: 0, unchanged: 0 };
    await fc.assert(
      fc.asyncProperty(anyFeed(), anyFeed(), async (before, after) => {
        const diff = diffFeed(before, await readFeedFile(printFeed(after), 'after.csv'));
        const view = viewFeedDiff(diff);
        const all = (feed: FeedSnapshot) =>
          feed.registryEntries.length +
          feed.parties.length +
          feed.allocations.length +
          feed.marketParticipants.length;
        expect(view.additions.length + view.changes.length + view.unchanged).toBe(all(after));
        expect(view.endings.length + view.changes.length + view.unchanged).toBe(all(before));
        met.additions += view.additions.length;
        met.changes += view.changes.length;
        met.endings += view.endings.length;
        met.unchanged += view.unchanged;
        const lines = feedDiffText(diff).trimEnd().split('\n');
        expect(lines).toHaveLength(
          1 + view.additions.length + view.changes.length + view.endings.length + view.faults.length,
        );
      }),
      { numRuns: 100, seed: 20261127 },
    );
    for (const count of Object.values(met)) expect(count).toBeGreaterThan(10);
  });
});

describe('an expelled Party', () => {
  const day = (text: string) => new Date(`${text}T00:00:00Z`);
  const expelled = async (change: Partial<FeedParty> = {}): Promise<FeedSnapshot> => {
    const feed = await onRecord();
    const state = { membershipState: 'EXPELLED', membershipSince: day('2025-12-01'), ...change } as const;
    return { ...feed, parties: withParty('HALTED', state)(feed).parties };
  };
  const against = async (record: RecordedSnapshot, row: Partial<FeedParty>) =>
    diffFeed(record, await next(withParty('HALTED', row)));

  test.each<[string, Partial<FeedParty>, Partial<FeedParty>, string]>([
    [
      'an APPLICANT a day early',
      {},
      { membershipState: 'APPLICANT', membershipSince: day('2026-11-30') },
      '2026-12-01, 12 months later',
    ],
    [
      'ACTIVE a day early',
      {},
      { membershipState: 'ACTIVE', membershipSince: day('2026-11-30') },
      '2026-12-01, 12 months later',
    ],
    [
      'an APPLICANT 12 months after its state began, and less after its expulsion',
      { expelledAt: day('2025-12-24') },
      { membershipState: 'APPLICANT', membershipSince: day('2026-12-23') },
      '2026-12-24, 12 months later',
    ],
    [
      'an APPLICANT before the date of the Panel',
      {},
      {
        membershipState: 'APPLICANT',
        membershipSince: day('2026-03-31'),
        reapplicationFrom: day('2026-04-01'),
      },
      '2026-04-01, as the Panel set it',
    ],
  ])('that is %s stands against the feed, with its row', async (_what, record, row, from) => {
    const { faults, ...diff } = await against(await expelled(record), row);
    expect(faults).toMatchObject([
      {
        reason: 'FEED_NOT_APPLICABLE',
        clause: 'SEC Section B1.2(b)',
        detail: expect.stringMatching(new RegExp(`^row 6: HALTED was expelled .* from ${from}$`)) as string,
        fix: expect.stringContaining('reapplicationFrom') as string,
      },
    ]);
    expect(feedDiffText({ ...diff, faults })).toContain('! row 6: HALTED was expelled');
    expect(() => requireApplicable({ ...diff, faults })).toThrow(Fault);
  });

  test.each<[string, Partial<FeedParty>]>([
    ['an APPLICANT after 12 months', { membershipState: 'APPLICANT', membershipSince: day('2026-12-01') }],
    ['ACTIVE after 12 months', { membershipState: 'ACTIVE', membershipSince: day('2026-12-01') }],
    [
      'an APPLICANT on the date of the Panel',
      {
        membershipState: 'APPLICANT',
        membershipSince: day('2026-04-01'),
        reapplicationFrom: day('2026-04-01'),
      },
    ],
    [
      'an APPLICANT after 12 months, whatever later date it is given',
      {
        membershipState: 'APPLICANT',
        membershipSince: day('2026-12-01'),
        reapplicationFrom: day('2027-04-01'),
      },
    ],
    ['EXPELLED still', { membershipState: 'EXPELLED', membershipSince: day('2025-12-02') }],
  ])('may be %s', async (_what, row) => {
    expect((await against(await expelled(), row)).faults).toEqual([]);
  });

  test('is one of those alone who was: others become ACTIVE when they do', async () => {
    const active = { membershipState: 'ACTIVE', membershipSince: day('2026-11-24') } as const;
    expect((await against(await onRecord(), active)).faults).toEqual([]);
  });

  test.each<[string, Partial<FeedParty>, Partial<FeedParty>, RegExp | undefined]>([
    [
      'counts on a date of the Panel that an empty cell does not repeat',
      { reapplicationFrom: day('2026-04-01') },
      { membershipState: 'APPLICANT', membershipSince: day('2026-04-01') },
      undefined,
    ],
    [
      'comes no earlier than that either',
      { reapplicationFrom: day('2026-04-01') },
      { membershipState: 'APPLICANT', membershipSince: day('2026-03-31') },
      /from 2026-04-01, as the Panel set it$/,
    ],
    [
      'was expelled in error',
      {},
      { membershipState: 'ACTIVE', membershipSince: day('2025-11-30') },
      undefined,
    ],
    [
      'is ACTIVE from the very day of its expulsion',
      {},
      { membershipState: 'ACTIVE', membershipSince: day('2025-12-01') },
      /from 2026-12-01, 12 months later$/,
    ],
    [
      'has a date of the Panel that is its expulsion',
      {},
      { membershipSince: day('2025-12-02'), reapplicationFrom: day('2025-12-02') },
      /^row 6: HALTED was expelled on 2025-12-02 and may apply again from 2025-12-02, which is not later$/,
    ],
    [
      'has a date of the Panel a day after its expulsion',
      {},
      { membershipSince: day('2025-12-02'), reapplicationFrom: day('2025-12-03') },
      undefined,
    ],
  ])('that %s', async (_what, record, row, detail) => {
    const state = { membershipState: 'EXPELLED', membershipSince: day('2025-12-01') } as const;
    const { faults } = await against(await expelled(record), { ...state, ...row });
    expect(faults.map((one) => one.detail)).toEqual(
      detail === undefined ? [] : [expect.stringMatching(detail) as string],
    );
  });

  test.each<[string, Partial<FeedParty>, Partial<FeedParty>, boolean]>([
    [
      'APPLICANT from a later day may not be one earlier',
      { membershipState: 'APPLICANT', membershipSince: day('2026-12-01') },
      { membershipState: 'APPLICANT', membershipSince: day('2026-11-24') },
      false,
    ],
    [
      'ACTIVE from a later day may not be so earlier',
      { membershipState: 'ACTIVE', membershipSince: day('2026-12-01') },
      { membershipState: 'ACTIVE', membershipSince: day('2026-11-24') },
      false,
    ],
    [
      'APPLICANT may be one later still',
      { membershipState: 'APPLICANT', membershipSince: day('2026-12-01') },
      { membershipState: 'APPLICANT', membershipSince: day('2026-12-02') },
      true,
    ],
    [
      'APPLICANT may be ACTIVE as if never expelled',
      { membershipState: 'APPLICANT', membershipSince: day('2026-12-01') },
      { membershipState: 'ACTIVE', membershipSince: day('2015-01-26') },
      true,
    ],
    [
      'ACTIVE by a date of the Panel may be SUSPENDED like any other',
      { membershipState: 'ACTIVE', membershipSince: day('2026-04-01') },
      { membershipState: 'SUSPENDED', membershipSince: day('2026-05-01') },
      true,
    ],
    [
      'APPLICANT by a date of the Panel may change its name',
      { membershipState: 'APPLICANT', membershipSince: day('2026-04-01') },
      { membershipState: 'APPLICANT', membershipSince: day('2026-04-01'), legalName: 'Halted plc' },
      true,
    ],
  ])('that is %s', async (_what, record, row, kept) => {
    const expulsions = new Map([['HALTED', { since: day('2025-12-01') }]]);
    const { faults } = await against({ ...(await expelled(record)), expulsions }, row);
    expect(faults).toHaveLength(kept ? 0 : 1);
    if (!kept) expect(faults[0]?.detail).toMatch(/from 2026-12-01, 12 months later$/);
  });

  test('keeps the date of the Panel where a feed has no such column, and begins without it when expelled again', async () => {
    const text = demo.toString().replace('FEED,1,', 'FEED,2,');
    const file = (membership: string) =>
      readFeedFile(Buffer.from(text.replace('SUSPENDED,2026-06-30', membership)), 'next.csv');
    const dated = { reapplicationFrom: day('2026-04-01'), legalEntityId: 'LE-7' };
    const fields = async (record: Partial<FeedParty>, membership: string) =>
      diffFeed(await expelled(record), await file(membership)).parties.changed.flatMap((one) =>
        one.fields.map(({ field }) => field),
      );
    expect(await fields(dated, 'EXPELLED,2025-12-01')).toEqual([]);
    expect(await fields({ ...dated, membershipState: 'ACTIVE' }, 'EXPELLED,2025-12-01')).toEqual([
      'membershipState',
      'reapplicationFrom',
    ]);
    const printed = await against(await expelled(dated), {
      membershipState: 'EXPELLED',
      membershipSince: day('2025-12-01'),
    });
    expect(printed.parties.changed.flatMap((one) => one.fields)).toMatchObject([
      { field: 'reapplicationFrom', after: undefined },
      { field: 'legalEntityId', after: undefined },
    ]);
  });
});
