import type { Eui64 } from '../../../src/domain/eui64.ts';
import type { FeedAllocation, FeedParty } from '../../../src/domain/feed.ts';
import { diffFeed } from '../../../src/registry/feed-diff.ts';
import { feedDiffText } from '../../../src/registry/feed-diff-text.ts';
import { readFeedFile } from '../../../src/registry/feed-file.ts';
import { block } from '../../support/any-feed.ts';
import {
  csv,
  feedFaultsOf,
  feedRows,
  printFeed,
  printFeedXlsx,
  withoutRows,
  type WholeFeed,
} from '../../support/feed-files.ts';

jest.setTimeout(120_000);

/** Four times the rows may take eight times as long; what compares each with each takes sixteen. */
const MOST_GROWTH = 8;
const PARTIES = 2400;

/** What is measured; what it gives is looked at afterwards. */
type Work = () => Promise<() => void>;

/** CPU milliseconds: the least of three, for what else the machine does is added to some of them. */
async function cpuOf(work: Work): Promise<number> {
  const costs: number[] = [];
  for (let time = 0; time < 3; time += 1) {
    const start = process.cpuUsage();
    const check = await work();
    const { user, system } = process.cpuUsage(start);
    check();
    costs.push((user + system) / 1000);
  }
  return Math.min(...costs);
}

/** Holds the growth of what a feed costs to that of its rows. How long one takes is measured by `npm run bench`. */
async function expectGrowthInStep(work: (parties: number) => Work): Promise<void> {
  const cost = await cpuOf(work(PARTIES / 4));
  const costOfMany = await cpuOf(work(PARTIES));
  process.stdout.write(
    `feed-speed: ${costOfMany.toFixed(0)} ms, ${(costOfMany / cost).toFixed(1)} times for four times the rows\n`,
  );
  expect(costOfMany / cost).toBeLessThan(MOST_GROWTH);
}

async function faultsOf(octets: Buffer): Promise<() => void> {
  const faults = await feedFaultsOf(octets);
  return () => expect(faults).toHaveLength(200);
}

/** So many Parties with three ranges and an identifier each; 2,400 are 12,002 rows. */
function largeFeed(
  version: number,
  count: number,
  change: (party: FeedParty, place: number) => FeedParty = (party) => party,
): WholeFeed {
  const at = (place: number) => new Date(Date.UTC(2015, 0, 1 + (place % 3000)));
  const parties = Array.from({ length: count }, (_, place): FeedParty =>
    change(
      {
        organisationNumber: String(place + 1),
        signifier: `PARTY-${place}`,
        partyType: 'SEC_PARTY',
        legalName: `Party of the number ${place} Limited`,
        companyNumber: String(10_000_000 + place),
        partyCategory: 'OTHER_SEC_PARTY',
        membershipState: 'ACTIVE',
        membershipSince: at(place),
      },
      place,
    ),
  );
  const allocations = parties.flatMap(({ signifier }, place) =>
    [0, 1, 2].map((range): FeedAllocation => ({
      signifier,
      identifierKind: 'USER_ID',
      euiFrom: eui64(place * 3 + range, 0),
      euiTo: eui64(place * 3 + range, 0xfff),
      environment: 'BOTH',
      allocatedAt: at(place),
    })),
  );
  return {
    feed: { version, issuedAt: at(version) },
    registryEntries: [block('Entry', 0)],
    parties,
    allocations,
    marketParticipants: parties.map(({ signifier }, place) => ({
      signifier,
      scheme: 'MRA',
      marketParticipantId: `M${place}`,
      roleCode: 'X',
      userId: eui64(place * 3, 0),
    })),
  };
}
const eui64 = (range: number, offset: number) =>
  (0x90b3d51f30000000n + BigInt(range) * 0x1000n + BigInt(offset)).toString(16) as Eui64;

test.each([
  ['CSV', printFeed],
  ['XLSX', printFeedXlsx],
] as const)(
  'reading, checking and comparing a feed (%s) costs in step with its rows',
  async (name, print) => {
    await expectGrowthInStep((count) => {
      const current = largeFeed(1, count);
      const feed = largeFeed(2, count, (party, place) =>
        place % 10 === 0 ? { ...party, membershipState: 'SUSPENDED' } : party,
      );
      const octets = print(feed);
      return async () => {
        const read = await readFeedFile(octets, name);
        const diff = diffFeed(current, read);
        const text = feedDiffText(diff);
        return () => {
          expect(diff.parties.changed).toHaveLength(count / 10);
          expect(text.split('\n')).toHaveLength(count / 10 + 2);
          expect(withoutRows(read)).toEqual(feed);
        };
      };
    });
  },
);

test('telling rows that are all wrong costs in step with the rows', async () => {
  await expectGrowthInStep((count) => {
    const rows = feedRows(largeFeed(1, count)).map((row, place) =>
      place === 0 ? row : row.map((text) => (text === '' ? '' : `${text}?`)),
    );
    const octets = csv(rows);
    return () => faultsOf(octets);
  });
});

test('telling allocations of nobody, one within the other, costs in step with the rows', async () => {
  await expectGrowthInStep((count) => {
    const nested = Array.from({ length: 5 * count }, (_, place): FeedAllocation => ({
      signifier: `NOBODY-${place}`,
      identifierKind: 'USER_ID',
      euiFrom: eui64(0, place),
      euiTo: eui64(0x100, 0),
      environment: 'BOTH',
    }));
    const octets = printFeed({ ...largeFeed(1, count), allocations: nested });
    return () => faultsOf(octets);
  });
});
