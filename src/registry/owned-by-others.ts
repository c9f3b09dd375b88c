import { formatEui64Range, rangesOverlap, type Eui64Range } from '../domain/eui64.ts';
import { FEED_PARTY_TYPES } from '../domain/feed.ts';
import type { FactKind, FactSource } from '../domain/facts.ts';
import { Fault } from '../domain/fault.ts';
import { query, type Db, type Transaction } from '../db/query.ts';
import type { RegistryEntry } from './registry-file.ts';

/** What a file would end or change, although somebody else stated it. */
export interface StatedByOther {
  /** Whose record it is; absent: nobody's, as of a Registry Entry. */
  readonly signifier?: string;
  readonly fact: string;
  readonly source: FactSource;
  /** Which participant stated it; absent: the one whose record it is. */
  readonly by?: string;
  /** The list of its entry that a file may leave out; absent: there is none. */
  readonly list?: string;
}

/** What its owner has stated, with a second person where that is asked for, no file undoes; each with who stated it. */
export function ownedByOthers(first: StatedByOther, ...others: readonly StatedByOther[]): Fault {
  const more = others.length === 0 ? '' : `, and ${String(others.length)} more are others' too`;
  return new Fault(
    'registry-invalid',
    `The ${whatOf(first)} comes from ${ownerOf(first)} now${more}; nothing was loaded.`,
    { reasons: [first, ...others].map(reasonOf) },
  );
}

function reasonOf(stated: StatedByOther) {
  const { signifier = 'it', source, list } = stated;
  const leave =
    list === undefined
      ? `Take ${signifier} out of the file, and`
      : `Leave \`${list}\` of ${signifier} out of the file (what is on record then stays as it is), or`;
  const feed = source === 'SECAS_FEED';
  return {
    reason: feed ? 'FACT_OWNED_BY_FEED' : source === 'DCC' ? 'CONFLICT' : 'FACT_OWNED_BY_PARTY',
    clause: feed ? 'government response of 26 January 2015, paragraphs 29 and 38' : 'docs/registry-file.md',
    detail: `The file says otherwise of the ${whatOf(stated)} than ${ownerOf(stated)} did.`,
    fix: feed
      ? 'Have SECAS correct it; the next feed brings it here.'
      : `${leave} have the ${whatOf(stated)} changed by its owner (docs/registry.md).`,
  };
}

const whatOf = ({ signifier, fact }: StatedByOther) =>
  signifier === undefined ? fact : `${fact} of ${signifier}`;

function ownerOf({ source, signifier = '', by = signifier }: StatedByOther): string {
  if (source === 'SECAS_FEED') return 'the SECAS feed';
  if (source === 'DCC') return 'the DCC, over the API';
  return by === signifier ? `${by} itself` : by;
}

/** Whether a SECAS feed was taken: from then on it alone says what is its own. Only behind `lockFeed`. */
export async function isFeedTaken(db: Db): Promise<boolean> {
  const { rowCount } = await query(db, `select 1 from feed_import limit 1`);
  return rowCount !== 0;
}

/** Whether a fact of a participant comes with the feed, once there is one (government response, paragraphs 29 and 35). */
export const isOfFeed = ({ type }: RegistryEntry, { kind }: { readonly kind: FactKind }): boolean =>
  (kind === 'DETAILS' || kind === 'MEMBERSHIP') && FEED_PARTY_TYPES.some((one) => one === type);

/** Whether a feed can say this of a participant; what it cannot stays a file's. */
const isFeedAllocation = ({ type }: RegistryEntry, kind: string): boolean =>
  FEED_PARTY_TYPES.some((one) => one === type) || (type === 'DCC' && kind === 'DCC_ID');

/**
 * Once a feed was taken, a file neither ends, changes nor begins an allocation that a feed can say (government response,
 * paragraphs 29 and 38).
 * @throws Fault `registry-invalid` with every one that differs
 */
export async function requireAllocationsOfFeed(
  entries: readonly RegistryEntry[],
  ids: ReadonlyMap<string, string>,
  db: Transaction,
): Promise<void> {
  const { rows } = await query<Eui64Range & { participantId: string; kind: string }>(
    db,
    `select participant_id as "participantId", kind, eui64_from as "from", eui64_to as "to" from identifier_allocation
      where participant_id = any($1::uuid[]) and valid_to is null and source in ('TAKE_ON', 'SECAS_FEED') order by eui64_from`,
    [[...ids.values()]],
  );
  const differing = entries.flatMap((entry) => {
    const { signifier } = entry;
    const ofFeed = ({ kind }: { readonly kind: string }) => isFeedAllocation(entry, kind);
    const held = rows.filter((one) => one.participantId === ids.get(signifier) && ofFeed(one));
    const text = (one: Eui64Range & { readonly kind: string }) =>
      `${one.kind} allocation ${formatEui64Range(one)}`;
    const [before, after] = [held.map(text), entry.allocations.filter(ofFeed).map(text)];
    return [
      ...before.filter((one) => !after.includes(one)),
      ...after.filter((one) => !before.includes(one)),
    ].map((fact) => ({ signifier, fact, source: 'SECAS_FEED' as const }));
  });
  const [first, ...others] = differing;
  if (first !== undefined) throw ownedByOthers(first, ...others);
}

/** Test-only allocations of the DCC are not a file's to state (requirements, F26). @throws Fault `registry-invalid` with every one */
export async function requireTestOnlyKept(
  entries: readonly RegistryEntry[],
  ids: ReadonlyMap<string, string>,
  db: Transaction,
): Promise<void> {
  const { rows } = await query<Eui64Range & { participantId: string }>(
    db,
    `select participant_id as "participantId", eui64_from as "from", eui64_to as "to" from identifier_allocation
      where participant_id = any($1::uuid[]) and valid_to is null and source = 'DCC' order by eui64_from`,
    [[...ids.values()]],
  );
  const [first, ...others] = entries.flatMap(({ signifier, allocations }) =>
    rows
      .filter((held) => held.participantId === ids.get(signifier))
      .filter((held) => allocations.some((one) => rangesOverlap(one, held)))
      .map((held) => ({ signifier, fact: `allocation ${formatEui64Range(held)}`, source: 'DCC' as const })),
  );
  if (first !== undefined) throw ownedByOthers(first, ...others);
}
