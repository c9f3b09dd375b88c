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

/**
 * Four times the rows may take eight times as long, on whatever machine and beside whatever work; what compares each with each
 * takes sixteen. How long 20,002 rows take is measured by `npm run bench`.
 */
const MOST = 8;
const PARTIES = 4000;

/** CPU milliseconds. */
async function cpuOf(work: () => unknown): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** What four times the rows cost, in times of what they cost. The first time, when code is compiled, does not count. */
async function growth(work: (parties: number) => () => unknown): Promise<number> {
  const [few, many] = [work(PARTIES / 4), work(PARTIES)];
  await few();
  const [cost, costOfMany] = [await cpuOf(few), await cpuOf(many)];
  return costOfMany / cost;
}

/** So many Parties with three ranges and an identifier each; 4,000 are 20,002 rows. */
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
  'a feed (%s) is read, checked and compared in time that grows as its rows do',
  async (name, print) => {
    const grown = await growth((count) => {
      const current = largeFeed(1, count);
      const feed = largeFeed(2, count, (party, place) =>
        place % 10 === 0 ? { ...party, membershipState: 'SUSPENDED' } : party,
      );
      const octets = print(feed);
      return async () => {
        const read = await readFeedFile(octets, name);
        const diff = diffFeed(current, read);
        expect(diff.parties.changed).toHaveLength(count / 10);
        expect(feedDiffText(diff).split('\n')).toHaveLength(count / 10 + 2);
        expect(withoutRows(read)).toEqual(feed);
      };
    });
    process.stdout.write(`feed-speed: ${grown.toFixed(1)} times for four times the rows\n`);
    expect(grown).toBeLessThan(MOST);
  },
);

test('rows that are all wrong are told in time that grows as they do', async () => {
  const grown = await growth((count) => {
    const rows = feedRows(largeFeed(1, count)).map((row, place) =>
      place === 0 ? row : row.map((text) => (text === '' ? '' : `${text}?`)),
    );
    const octets = csv(rows);
    return async () => expect(await feedFaultsOf(octets)).toHaveLength(200);
  });
  process.stdout.write(`feed-speed: ${grown.toFixed(1)} times for four times the rows\n`);
  expect(grown).toBeLessThan(MOST);
});

test('allocations of nobody, one within the other, are told in time that grows as they do', async () => {
  const grown = await growth((count) => {
    const nested = Array.from({ length: 5 * count }, (_, place): FeedAllocation => ({
      signifier: `NOBODY-${place}`,
      identifierKind: 'USER_ID',
      euiFrom: eui64(0, place),
      euiTo: eui64(0x100, 0),
      environment: 'BOTH',
    }));
    const octets = printFeed({ ...largeFeed(1, count), allocations: nested });
    return async () => expect(await feedFaultsOf(octets)).toHaveLength(200);
  });
  process.stdout.write(`feed-speed: ${grown.toFixed(1)} times for four times the rows\n`);
  expect(grown).toBeLessThan(MOST);
});
