import fc from 'fast-check';
import type { Eui64 } from '../../src/domain/eui64.ts';
import {
  MARKET_SCHEMES,
  type FeedAllocation,
  type FeedMarketParticipant,
  type FeedParty,
  type FeedRegistryEntry,
} from '../../src/domain/feed.ts';
import {
  ALLOCATION_ENVIRONMENTS,
  MEMBERSHIP_STATES,
  PARTY_CATEGORIES,
} from '../../src/domain/participant.ts';
import type { WholeFeed } from './feed-files.ts';

/**
 * Feeds that keep every rule, of few names, so that two of them have records in common: Parties and RDPs with ranges of their own, in one or several Registry Entries.
 * @param most  the most Parties
 */
export function anyFeed(most = 6): fc.Arbitrary<WholeFeed> {
  return fc
    .record({
      version: fc.integer({ min: 1, max: 999_999_999 }),
      issuedAt: instant,
      entryNames: fc.uniqueArray(fc.oneof(fc.constantFrom('First', 'Second'), name), {
        minLength: 1,
        maxLength: 3,
      }),
      parties: fc.uniqueArray(party, {
        maxLength: most,
        selector: ({ signifier }) => signifier,
      }),
      allocations: fc.array(allocation, { maxLength: most * 2 }),
      marketParticipants: fc.uniqueArray(marketParticipant, {
        maxLength: most,
        selector: (one) => `${one.scheme} ${one.marketParticipantId} ${one.roleCode}`,
      }),
    })
    .map(assemble);
}

interface Ingredients {
  readonly version: number;
  readonly issuedAt: Date;
  readonly entryNames: readonly string[];
  readonly parties: readonly FeedParty[];
  readonly allocations: readonly (Partial<FeedAllocation> & {
    readonly owner: number;
    readonly gap: number;
  })[];
  readonly marketParticipants: readonly (FeedMarketParticipant & { readonly owner: number })[];
}

/** Puts the ingredients together so that they fit: numbers that are unique, ranges that do not overlap, owners that exist. */
function assemble({ version, issuedAt, entryNames, ...given }: Ingredients): WholeFeed {
  const parties = given.parties.map((one, place) => ({ ...one, organisationNumber: String(place * 7 + 1) }));
  const registryEntries = entryNames.map((entryName, place) => block(entryName, place));
  const allocations = given.allocations.map(({ owner, gap, ...dates }, place): FeedAllocation => {
    const one = parties[owner % Math.max(1, parties.length)];
    const entry = registryEntries[place % registryEntries.length];
    const from = BigInt(`0x${entry?.euiFrom ?? '0'}`) + BigInt(place) * 0x10000n;
    return {
      environment: 'BOTH',
      ...dates,
      signifier: one?.signifier ?? 'DCC',
      identifierKind: one === undefined ? 'DCC_ID' : one.partyType === 'RDP' ? 'RDP_ID' : 'USER_ID',
      euiFrom: eui64(from),
      euiTo: eui64(from + BigInt(gap)),
    };
  });
  const marketParticipants = given.marketParticipants.flatMap(({ owner, ...one }) => {
    const party = parties[owner % Math.max(1, parties.length)];
    const own = allocations.find(
      ({ signifier, identifierKind }) => identifierKind === 'USER_ID' && signifier === party?.signifier,
    );
    return party === undefined
      ? []
      : [{ ...one, signifier: party.signifier, ...(own === undefined ? {} : { userId: own.euiTo }) }];
  });
  return { feed: { version, issuedAt }, registryEntries, parties, allocations, marketParticipants };
}

/** A Registry Entry, one MA-S block: 90-B3-D5-1F-3…, -4… */
export const block = (entryName: string, place: number): FeedRegistryEntry => ({
  name: entryName,
  euiFrom: eui64(0x90b3d51f30000000n + BigInt(place) * 0x10000000n),
  euiTo: eui64(0x90b3d51f3fffffffn + BigInt(place) * 0x10000000n),
});

const eui64 = (value: bigint) => value.toString(16).padStart(16, '0') as Eui64;

/** Whole seconds from 1950 to 2100, midnights among them. */
const instant = fc
  .tuple(
    fc.integer({ min: -7300, max: 47_480 }),
    fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 86_399 })),
  )
  .map(([days, seconds]) => new Date((days * 86_400 + seconds) * 1000));

/** Text as people write it, quotation marks, commas and other alphabets included. */
const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .map((text) => `N${text}.`)
  .filter((text) => !/[\p{Cc}\p{Cf}\p{Cs}\ufffd]/u.test(text));
const word = (least: number, most: number) =>
  fc.string({
    unit: fc.constantFrom('A', 'B', 'C', 'X', 'Y', 'Z', '0', '1', '8', '9'),
    minLength: least,
    maxLength: most,
  });
const opt = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const party: fc.Arbitrary<FeedParty> = fc
  .record({
    signifier: fc.oneof(fc.constantFrom('ALPHA', 'BRAVO', 'CHARLIE', 'DELTA', 'ECHO'), word(3, 12)),
    isRdp: fc.boolean(),
    legalName: name,
    tradingName: opt(name),
    companyNumber: opt(word(8, 8)),
    partyCategory: fc.constantFrom(...PARTY_CATEGORIES),
    membershipState: fc.constantFrom(...MEMBERSHIP_STATES),
    membershipSince: instant,
    expelledAt: opt(instant),
    reapplicationFrom: opt(instant),
    legalEntityId: opt(name),
  })
  .map(({ isRdp, partyCategory, membershipState, membershipSince, expelledAt, reapplicationFrom, ...one }) =>
    present<FeedParty>({
      organisationNumber: '1',
      ...one,
      partyType: isRdp ? 'RDP' : 'SEC_PARTY',
      ...(isRdp ? {} : { partyCategory, membershipState, membershipSince, reapplicationFrom }),
      ...(!isRdp && membershipState === 'EXPELLED' ? { expelledAt } : {}),
    }),
  );

const allocation = fc
  .record({
    owner: fc.nat(100),
    gap: fc.integer({ min: 0, max: 0xffff }),
    environment: fc.constantFrom(...ALLOCATION_ENVIRONMENTS),
    allocationRequestedAt: opt(instant),
    days: opt(fc.nat(100)),
  })
  .map(({ days, ...one }) =>
    present<Ingredients['allocations'][number]>({
      ...one,
      allocatedAt:
        days === undefined || one.allocationRequestedAt === undefined
          ? undefined
          : new Date(one.allocationRequestedAt.getTime() + days * 86_400_000),
    }),
  );

const marketParticipant = fc.record({
  owner: fc.nat(100),
  signifier: fc.constant(''),
  scheme: fc.constantFrom(...MARKET_SCHEMES),
  marketParticipantId: fc.oneof(fc.constantFrom('ABCD', 'EFGH'), word(2, 8)),
  roleCode: fc.oneof(fc.constantFrom('X', 'R'), word(1, 3)),
});

/** Without the fields that are absent. */
function present<T extends object>(value: { [Name in keyof T]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}
