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

/** CPU time that 20,000 rows may take on a machine that has other work, in milliseconds. */
const BUDGET = 4000;
const PARTIES = 4000;

/** 4,000 Parties with three ranges and an identifier each: 20,002 rows. */
function largeFeed(
  version: number,
  change: (party: FeedParty, place: number) => FeedParty = (party) => party,
): WholeFeed {
  const at = (place: number) => new Date(Date.UTC(2015, 0, 1 + (place % 3000)));
  const parties = Array.from({ length: PARTIES }, (_, place): FeedParty =>
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

test('20,000 rows are read, checked and compared in time', async () => {
  const current = largeFeed(1);
  const feed = largeFeed(2, (party, place) =>
    place % 10 === 0 ? { ...party, membershipState: 'SUSPENDED' } : party,
  );
  const octets = { CSV: printFeed(feed), XLSX: printFeedXlsx(feed) };
  for (const [name, file] of Object.entries(octets)) {
    const start = { cpu: process.cpuUsage(), wall: performance.now() };
    const read = await readFeedFile(file, name);
    const middle = process.cpuUsage(start.cpu);
    const diff = diffFeed(current, read);
    const text = feedDiffText(diff);
    const end = process.cpuUsage(start.cpu);
    const cpu = ({ user, system }: NodeJS.CpuUsage) => Math.round((user + system) / 1000);
    process.stdout.write(
      `feed-speed, ${name}: ${JSON.stringify({ rows: 2 + PARTIES * 5, octets: file.length, readMs: cpu(middle), diffMs: cpu(end) - cpu(middle), wallMs: Math.round(performance.now() - start.wall) })}\n`,
    );
    expect(diff.parties.changed).toHaveLength(PARTIES / 10);
    expect(text.split('\n')).toHaveLength(PARTIES / 10 + 2);
    expect(cpu(end)).toBeLessThan(BUDGET);
    expect(withoutRows(read)).toEqual(feed);
  }
});

test('20,000 rows that are all wrong are told in time', async () => {
  const rows = feedRows(largeFeed(1)).map((row, place) =>
    place === 0 ? row : row.map((text) => (text === '' ? '' : `${text}?`)),
  );
  const octets = csv(rows);
  const start = process.cpuUsage();
  expect(await feedFaultsOf(octets)).toHaveLength(200);
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(BUDGET);
});

test('20,000 allocations of nobody, one within the other, are told in time', async () => {
  const feed = largeFeed(1);
  const nested = Array.from({ length: 20_000 }, (_, place): FeedAllocation => ({
    signifier: `NOBODY-${place}`,
    identifierKind: 'USER_ID',
    euiFrom: eui64(0, place),
    euiTo: eui64(0x100, 0),
    environment: 'BOTH',
  }));
  const octets = printFeed({ ...feed, allocations: nested });
  const start = process.cpuUsage();
  expect(await feedFaultsOf(octets)).toHaveLength(200);
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(BUDGET);
});
