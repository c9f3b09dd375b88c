import { formatEui64, type Eui64 } from '../../src/domain/eui64.ts';
import { Fault } from '../../src/domain/fault.ts';
import type { FeedFile, FeedIssue, FeedSnapshot } from '../../src/domain/feed.ts';
import { FEED_COLUMNS } from '../../src/registry/feed-columns.ts';
import { readFeedFile } from '../../src/registry/feed-file.ts';
import { xlsx } from './xlsx.ts';

export interface WholeFeed extends FeedSnapshot {
  readonly feed: FeedIssue;
}

/** The rows of a feed, header first, kind by kind. */
export function feedRows(feed: WholeFeed, columns: readonly string[] = FEED_COLUMNS): string[][] {
  const rowOf = (record: string, values: object) => {
    const all: Record<string, unknown> = { record, ...values };
    return columns.map((column) => cellText(column, all[column]));
  };
  return [
    [...columns],
    rowOf('FEED', feed.feed),
    ...feed.registryEntries.map((one) => rowOf('REGISTRY_ENTRY', one)),
    ...feed.parties.map((one) => rowOf('PARTY', one)),
    ...feed.allocations.map((one) => rowOf('ALLOCATION', one)),
    ...feed.marketParticipants.map((one) => rowOf('MARKET_PARTICIPANT', one)),
  ];
}

export const csv = (rows: readonly (readonly string[])[]): Buffer =>
  Buffer.from(rows.map((cells) => `${cells.map(quoted).join(',')}\n`).join(''));

export const printFeed = (feed: WholeFeed): Buffer => csv(feedRows(feed));
export const printFeedXlsx = (feed: WholeFeed): Buffer => xlsx(feedRows(feed));

/** A feed without the rows on which it stood. */
export function withoutRows({ feed, ...lists }: FeedFile): WholeFeed {
  const bare = <T extends { readonly row: number }>(one: T): Omit<T, 'row'> => {
    const { row, ...rest } = one;
    expect(row).toBeGreaterThan(1);
    return rest;
  };
  return {
    feed: bare(feed),
    registryEntries: lists.registryEntries.map(bare),
    parties: lists.parties.map(bare),
    allocations: lists.allocations.map(bare),
    marketParticipants: lists.marketParticipants.map(bare),
  };
}

/** What a file is refused for, without its name: `row 3, euiFrom (column F): …`; empty when it is kept. */
export async function feedFaultsOf(octets: Buffer): Promise<string[]> {
  try {
    await readFeedFile(octets, 'feed');
    return [];
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'feed-invalid') throw error;
    return error.reasons.map(({ detail }) => detail.replace(/^feed[,:] /, ''));
  }
}

/** The columns that hold EUI-64s. */
const EUI_COLUMNS = ['euiFrom', 'euiTo', 'userId'];

function cellText(column: string, value: unknown): string {
  if (value === undefined) return '';
  if (value instanceof Date) {
    const text = value.toISOString();
    return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text.replace('.000Z', 'Z');
  }
  if (EUI_COLUMNS.includes(column)) return formatEui64(value as Eui64);
  return typeof value === 'number' ? String(value) : (value as string);
}

const quoted = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
