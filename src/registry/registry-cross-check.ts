import { dateFaultsOf } from '../domain/agreement-dates.ts';
import {
  findNoBlock,
  formatEui64,
  formatEui64Range,
  rangeContains,
  rangesOverlap,
  type Eui64Range,
} from '../domain/eui64.ts';
import { isNetworkParty } from '../domain/participant.ts';
import type { RegistryEntry, RegistryFile } from './registry-file.ts';

/** A fault between parts of a registry file. */
export interface CrossFault {
  readonly path: readonly PropertyKey[];
  readonly detail: string;
}

/**
 * What no single field shows: duplicates, ranges reversed or overlapping, dates out of order, names of nobody.
 * @param now  of agreements that end, those after it are compared; absent: none of them, the database does
 */
export function crossCheck({ participants, registryEntries }: RegistryFile, now?: Date): CrossFault[] {
  const entries = participants.map((entry, place) => ({ entry, path: ['participants', place] as const }));
  return [
    ...duplicates(
      entries.map(({ entry, path }) => ({ name: entry.signifier, path: [...path, 'signifier'] })),
    ),
    ...duplicates(
      registryEntries.map(({ name }, place) => ({ name, path: ['registryEntries', place, 'name'] })),
    ),
    ...duplicates(
      entries.flatMap(({ entry, path }) =>
        entry.agreements.map(({ ref }, place) => ({
          name: ref,
          path: [...path, 'agreements', place, 'ref'],
        })),
      ),
    ),
    ...duplicates(
      entries.flatMap(({ entry, path }) =>
        entry.userIds.map(({ eui64, userRole }, place) => ({
          name: `${userRole} of ${formatEui64(eui64)}`,
          path: [...path, 'userIds', place],
        })),
      ),
    ),
    ...duplicates(
      entries.flatMap(({ entry, path }) =>
        entry.nominatedBy.map(({ networkParty }, place) => ({
          name: `the nomination of ${entry.signifier} by ${networkParty}`,
          path: [...path, 'nominatedBy', place],
        })),
      ),
    ),
    ...duplicates(
      entries.flatMap(({ entry, path }) =>
        (entry.officers ?? []).map(({ id }, place) => ({
          name: `the officer ${id} of ${entry.signifier}`,
          path: [...path, 'officers', place, 'id'],
        })),
      ),
    ),
    ...registryEntries.flatMap((range, place) => {
      const detail = findNoBlock(range);
      return detail === undefined ? [] : [{ path: ['registryEntries', place], detail }];
    }),
    ...overlaps(registryEntries.map((range, place) => ({ range, path: ['registryEntries', place] }))),
    ...overlaps(
      entries.flatMap(({ entry, path }) =>
        entry.allocations.map((range, place) => ({ range, path: [...path, 'allocations', place] })),
      ),
    ),
    ...overlaps(
      entries.flatMap(({ entry, path }) =>
        entry.deviceRanges.flatMap((range, place) =>
          range.delegatedBy ? [] : [{ range, path: [...path, 'deviceRanges', place] }],
        ),
      ),
    ),
    ...agreedOfTwo(participants, now),
    ...entries.flatMap(({ entry, path }) => checkEntry(entry, path, participants)),
  ];
}

type Path = readonly PropertyKey[];
interface Placed {
  readonly range: Eui64Range;
  readonly path: Path;
}

function checkEntry(entry: RegistryEntry, path: Path, all: readonly RegistryEntry[]): CrossFault[] {
  const faults: CrossFault[] = [];
  const fault = (place: Path, detail: string) => faults.push({ path: [...path, ...place], detail });
  const { type } = entry;
  if (type === 'SEC_PARTY' && !entry.partyCategory) fault(['type'], 'a SEC_PARTY has a partyCategory');
  if (type !== 'SEC_PARTY' && entry.membership) fault(['membership'], `a ${type} has no membership`);
  if (type !== 'RDP' && entry.nominatedBy.length > 0)
    fault(['nominatedBy'], `a ${type} is not nominated; an RDP is`);
  entry.agreements.forEach((agreement, place) => {
    for (const { field, detail } of dateFaultsOf(agreement))
      fault(['agreements', place, ...(field === undefined ? [] : [field])], detail);
    agreement.deviceRanges.forEach((range, at) =>
      reversed(range).forEach((detail) => fault(['agreements', place, 'deviceRanges', at], detail)),
    );
  });
  entry.nominatedBy.forEach(({ networkParty, from, to }, place) => {
    if (to && from >= to) fault(['nominatedBy', place, 'to'], 'to is not after from');
    const known = all.find((one) => one.signifier === networkParty);
    if (known && !isNetworkParty(known.partyCategory))
      fault(['nominatedBy', place, 'networkParty'], `${networkParty} is no Network Party`);
  });
  entry.userIds.forEach(({ eui64 }, place) => {
    if (!entry.allocations.some((range) => rangeContains(range, eui64)))
      fault(['userIds', place, 'eui64'], `${formatEui64(eui64)} is in no allocation of ${entry.signifier}`);
  });
  return faults;
}

/** Device IDs of an agreement that another participant has, and no owner delegated (government response, paragraph 29); as in the database. */
function agreedOfTwo(participants: readonly RegistryEntry[], now: Date | undefined): CrossFault[] {
  const agreed = participants.flatMap((entry, place) =>
    entry.agreements.flatMap((agreement, number) =>
      lasts(agreement, now)
        ? agreement.deviceRanges.map((range, at) => ({
            entry,
            ...period(agreement),
            range,
            path: ['participants', place, 'agreements', number, 'deviceRanges', at] as Path,
          }))
        : [],
    ),
  );
  const owned = participants.flatMap((entry) =>
    entry.deviceRanges.flatMap((range) =>
      range.delegatedBy ? [] : [{ entry, range, begins: -Infinity, ends: Infinity }],
    ),
  );
  return agreed.flatMap((one, place) =>
    [...owned, ...agreed.slice(0, place)]
      .filter(({ entry, range }) => entry !== one.entry && rangesOverlap(range, one.range))
      .filter((other) => other.begins < one.ends && one.begins < other.ends && !isShared(one, other))
      .map(({ entry, range }) => ({
        path: one.path,
        detail: `overlaps the range ${formatEui64Range(range)} of ${entry.signifier}`,
      })),
  );
}

type Agreed = RegistryEntry['agreements'][number];
const lasts = ({ state, effectiveTo }: Agreed, now: Date | undefined) =>
  state !== 'TERMINATED' &&
  state !== 'LAPSED' &&
  (effectiveTo === undefined || (now !== undefined && effectiveTo > now));
const period = ({ effectiveFrom, effectiveTo }: Agreed) => ({
  begins: effectiveFrom?.getTime() ?? -Infinity,
  ends: effectiveTo?.getTime() ?? Infinity,
});

interface Held {
  readonly entry: RegistryEntry;
  readonly range: Eui64Range;
}

/** Whether one is the owner of the Device IDs of both and delegated them to the other, or the same owner did to both. */
function isShared(one: Held, other: Held): boolean {
  const from = one.range.from > other.range.from ? one.range.from : other.range.from;
  const to = one.range.to < other.range.to ? one.range.to : other.range.to;
  const owners = ({ signifier, deviceRanges }: RegistryEntry) => [
    signifier,
    ...deviceRanges
      .filter((range) => range.from <= from && to <= range.to)
      .flatMap(({ delegatedBy }) => delegatedBy ?? []),
  ];
  return owners(one.entry).some((owner) => owners(other.entry).includes(owner));
}

function duplicates(names: readonly { readonly name: string; readonly path: Path }[]): CrossFault[] {
  return names
    .filter(({ name }, place) => names.findIndex((one) => one.name === name) < place)
    .map(({ name, path }) => ({ path, detail: `${name} is there twice` }));
}

function overlaps(placed: readonly Placed[]): CrossFault[] {
  const faults = placed.flatMap(({ range, path }) => reversed(range).map((detail) => ({ path, detail })));
  const sorted = [...placed].sort((left, right) => (left.range.from < right.range.from ? -1 : 1));
  sorted.forEach(({ range, path }, place) => {
    const before = sorted[place - 1]?.range;
    if (before && range.from <= before.to)
      faults.push({
        path,
        detail: `overlaps the range ${formatEui64(before.from)} to ${formatEui64(before.to)}`,
      });
  });
  return faults;
}

const reversed = ({ from, to }: Eui64Range) =>
  from <= to ? [] : [`the range ends before it begins (${formatEui64(from)} to ${formatEui64(to)})`];
