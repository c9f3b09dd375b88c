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
const PARTIES = 4000;
/** What 20,002 rows may take, in times of what the machine itself takes at the same hour for the unit. */
const MOST_UNITS = 9;

/** What is measured; what it gives is looked at afterwards. */
type Work = () => Promise<() => void>;

/** CPU milliseconds. */
async function cpuOf(work: Work): Promise<number> {
  const start = process.cpuUsage();
  const check = await work();
  const { user, system } = process.cpuUsage(start);
  check();
  return (user + system) / 1000;
}

/** The machine's own pace: the same rows through JSON and back, ten times. */
function unitOf(): Promise<number> {
  const text = JSON.stringify(feedRows(largeFeed(1, PARTIES)));
  return cpuOf(() => {
    let again = text;
    for (let time = 0; time < 10; time += 1) again = JSON.stringify(JSON.parse(again));
    return Promise.resolve(() => expect(again).toBe(text));
  });
}

/** Holds the cost of a feed to the pace of the machine, and its growth to that of its rows. */
async function expectInTime(work: (parties: number) => Work): Promise<void> {
  const [few, many] = [work(PARTIES / 4), work(PARTIES)];
  // The first time, when code is compiled, does not count.
  await cpuOf(few);
  const unit = await unitOf();
  const [cost, costOfMany] = [await cpuOf(few), await cpuOf(many)];
  process.stdout.write(
    `feed-speed: ${costOfMany.toFixed(0)} ms, ${(costOfMany / unit).toFixed(1)} units, ${(costOfMany / cost).toFixed(1)} times for four times the rows\n`,
  );
  expect(costOfMany / cost).toBeLessThan(MOST_GROWTH);
  expect(costOfMany / unit).toBeLessThan(MOST_UNITS);
}

async function faultsOf(octets: Buffer): Promise<() => void> {
  const faults = await feedFaultsOf(octets);
  return () => expect(faults).toHaveLength(200);
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
] as const)('a feed (%s) is read, checked and compared in time', async (name, print) => {
  await expectInTime((count) => {
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
});

test('rows that are all wrong are told in time', async () => {
  await expectInTime((count) => {
    const rows = feedRows(largeFeed(1, count)).map((row, place) =>
      place === 0 ? row : row.map((text) => (text === '' ? '' : `${text}?`)),
    );
    const octets = csv(rows);
    return () => faultsOf(octets);
  });
});

test('allocations of nobody, one within the other, are told in time', async () => {
  await expectInTime((count) => {
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
