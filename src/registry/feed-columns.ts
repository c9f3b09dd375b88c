import { didYouMean } from '../domain/did-you-mean.ts';
import { isUsableEui64, parseEui64, type Eui64 } from '../domain/eui64.ts';
import {
  FEED_PARTY_TYPES,
  MARKET_SCHEMES,
  type FeedAllocation,
  type FeedIssue,
  type FeedMarketParticipant,
  type FeedParty,
  type FeedRegistryEntry,
} from '../domain/feed.ts';
import {
  ALLOCATION_ENVIRONMENTS,
  IDENTIFIER_KINDS,
  MEMBERSHIP_STATES,
  PARTY_CATEGORIES,
} from '../domain/participant.ts';
import { isSignifier, SIGNIFIER_FORM } from '../domain/signifier.ts';

/** What a cell says, or what is wrong with it. */
export type Cell<T> = { readonly value: T } | { readonly fault: string; readonly fix: string };

/** Text that no cell may hold. */
export interface UnfitCell {
  readonly formula: boolean;
  readonly fault: string;
  readonly fix: string;
}

/** One column of one kind of record. */
export interface Column<T = unknown> {
  readonly parse: (text: string) => Cell<T>;
  readonly required: boolean;
  /** Stands when the cell is empty. */
  readonly default?: T;
  /** The header may leave it out: feeds were written before there was such a column. */
  readonly mayLack?: true;
}

/** How the cells of each kind of record are read: the names are those of the header. @see docs/secas-feed.md */
export const FEED_RECORDS = {
  FEED: columns<FeedIssue>({
    version: required(wholeNumber),
    issuedAt: required(instant),
  }),
  REGISTRY_ENTRY: columns<FeedRegistryEntry>({
    name: required(label(200)),
    euiFrom: required(eui64),
    euiTo: required(eui64),
  }),
  PARTY: columns<FeedParty>({
    organisationNumber: required(organisationNumber),
    signifier: required(signifier),
    partyType: required(word(FEED_PARTY_TYPES)),
    legalName: required(label(200)),
    tradingName: optional(label(200)),
    companyNumber: optional(label(32)),
    partyCategory: optional(word(PARTY_CATEGORIES)),
    membershipState: optional(word(MEMBERSHIP_STATES)),
    membershipSince: optional(instant),
    expelledAt: optional(instant),
    reapplicationFrom: { ...optional(instant), mayLack: true },
    legalEntityId: { ...optional(label(64)), mayLack: true },
  }),
  ALLOCATION: columns<FeedAllocation>({
    signifier: required(signifier),
    identifierKind: required(word(IDENTIFIER_KINDS)),
    euiFrom: required(eui64),
    euiTo: required(eui64),
    environment: { ...optional(word(ALLOCATION_ENVIRONMENTS)), default: 'BOTH' },
    allocationRequestedAt: optional(instant),
    allocatedAt: optional(instant),
  }),
  MARKET_PARTICIPANT: columns<FeedMarketParticipant>({
    signifier: required(signifier),
    scheme: required(word(MARKET_SCHEMES)),
    marketParticipantId: required(code(2, 8)),
    roleCode: required(code(1, 3)),
    userId: optional(eui64),
  }),
} as const;
export type FeedRecordKind = keyof typeof FEED_RECORDS;
export const FEED_RECORD_KINDS = Object.keys(FEED_RECORDS) as FeedRecordKind[];

/** Columns without which a header is complete. */
export const FEED_COLUMNS_TO_SPARE: readonly string[] = namesOf(({ mayLack }) => mayLack === true);

/** Every column of the header: `record` first, those that may be left out last. */
export const FEED_COLUMNS: readonly string[] = [
  'record',
  ...namesOf(({ mayLack }) => mayLack !== true),
  ...FEED_COLUMNS_TO_SPARE,
];

/**
 * The fault of a cell whatever its column: a formula, or a character that nobody sees. Text that a spreadsheet would run
 * as a formula is refused as one, because the next person to open an export of it is not asked.
 */
export function cellFault(text: string): UnfitCell | undefined {
  if (/^\s*[=+\-@]/.test(text))
    return {
      formula: true,
      fault: `${shown(text)} is a formula`,
      fix: 'Write the value itself; it may not begin with =, +, - or @.',
    };
  const unseen = /[\p{Cc}\p{Cf}\p{Cs}\ufffd]/u.exec(text)?.[0];
  return unseen === undefined
    ? undefined
    : {
        formula: false,
        fault: `${shown(text)} holds the character U+${(unseen.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}, which cannot be seen`,
        fix: 'Type the text again without line breaks and control characters.',
      };
}

/** What one cell of a kind of record says, or what is wrong with it: for text that a feed is to say later. */
export function readCell(kind: FeedRecordKind, name: string, text: string): Cell<unknown> {
  const column = (FEED_RECORDS[kind] as Readonly<Record<string, Column | undefined>>)[name];
  if (column === undefined) throw new TypeError(`a ${kind} has no ${name}`);
  const unfit = cellFault(text);
  if (unfit !== undefined) return unfit;
  const trimmed = text.trim();
  return trimmed === ''
    ? { fault: 'it holds nothing but spaces', fix: 'Write text.' }
    : column.parse(trimmed);
}

/** A cell's text in a message: quoted, visible, at most 80 characters. */
export function shown(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return JSON.stringify(short).replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (one) => escaped(one.codePointAt(0) ?? 0));
}

/** As JavaScript writes a character by its number. */
function escaped(character: number): string {
  const hex = character.toString(16);
  return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
}

function namesOf(wanted: (column: Column) => boolean): string[] {
  const all = FEED_RECORD_KINDS.flatMap((kind) => Object.entries<Column>(FEED_RECORDS[kind]));
  return [...new Set(all.filter(([, column]) => wanted(column)).map(([name]) => name))];
}

type ColumnsOf<T> = { readonly [Name in keyof T]-?: Column<Exclude<T[Name], undefined>> };
/** Checks that every field of the record has a column. */
function columns<T>(all: ColumnsOf<T>): ColumnsOf<T> {
  return all;
}
function required<T>(parse: (text: string) => Cell<T>): Column<T> {
  return { parse, required: true };
}
function optional<T>(parse: (text: string) => Cell<T>): Column<T> {
  return { parse, required: false };
}

function wholeNumber(text: string): Cell<number> {
  return /^[1-9]\d{0,8}$/.test(text)
    ? { value: Number(text) }
    : { fault: `${shown(text)} is not a whole number from 1 to 999999999`, fix: 'Write digits only.' };
}

/** Spreadsheets drop the zeros in front of a number, so they do not count. */
function organisationNumber(text: string): Cell<string> {
  return /^\d{1,10}$/.test(text)
    ? { value: text.replace(/^0+(?=\d)/, '') }
    : { fault: `${shown(text)} is not an organisation number`, fix: 'Write one to ten digits.' };
}

/** `2026-11-24` is its first instant in UTC; days that no calendar has are refused. */
function instant(text: string): Cell<Date> {
  const match = /^(\d{4}-\d{2}-\d{2})(T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ)?$/.exec(text);
  const day = match?.[1];
  if (day === undefined)
    return {
      fault: `${shown(text)} is not a date`,
      fix: 'Write a day as 2026-11-24, or an instant in UTC as 2026-11-24T09:00:00Z.',
    };
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day || day < '1900')
    return { fault: `${day} is not in the calendar`, fix: 'Correct the day.' };
  return { value: match?.[2] === undefined ? midnight : new Date(text) };
}

function eui64(text: string): Cell<Eui64> {
  const value = parseEui64(text);
  if (value === undefined)
    return {
      fault: `${shown(text)} is not an EUI-64 of 16 hex digits`,
      fix: 'Write it as 90-B3-D5-1F-30-01-00-00 or 90B3D51F30010000; format the cell as text.',
    };
  return isUsableEui64(value)
    ? { value }
    : {
        fault: `${shown(text)} identifies nothing: all zeros, all ones, or a group address`,
        fix: 'Use an EUI-64 of the Registry Entry.',
      };
}

function signifier(text: string): Cell<string> {
  if (isSignifier(text)) return { value: text };
  const upper = text.toUpperCase();
  const meant = isSignifier(upper) ? `; did you mean ${upper}?` : '';
  return {
    fault: `${shown(text)} is not a Signifier${meant}`,
    fix: `A Signifier has ${SIGNIFIER_FORM}.`,
  };
}

function label(longest: number) {
  return (text: string): Cell<string> =>
    text.length <= longest
      ? { value: text }
      : { fault: `${shown(text)} has more than ${String(longest)} characters`, fix: 'Shorten it.' };
}

function code(shortest: number, longest: number) {
  return (text: string): Cell<string> =>
    text.length >= shortest && text.length <= longest && /^[A-Z0-9]+$/.test(text)
      ? { value: text }
      : {
          fault: `${shown(text)} is not a code of ${String(shortest)} to ${String(longest)} of A-Z and 0-9`,
          fix: 'Write it as the scheme does, in capitals.',
        };
}

function word<const Words extends readonly string[]>(words: Words) {
  return (text: string): Cell<Words[number]> =>
    words.includes(text)
      ? { value: text }
      : {
          fault: `${shown(text)} is none of ${words.join(', ')}${didYouMean(text, words)}`,
          fix: 'Write one of these words.',
        };
}
