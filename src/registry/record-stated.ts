import { factText, type Fact } from '../domain/facts.ts';
import { Fault } from '../domain/fault.ts';
import { isNetworkParty, NETWORK_CATEGORIES } from '../domain/participant.ts';
import { query, type Transaction } from '../db/query.ts';
import { findLatestFacts } from './facts.ts';
import { recordFacts, type FactChange } from './record-facts.ts';
import { isOfFeed, ownedByOthers, type StatedByOther } from './owned-by-others.ts';
import type { RegistryEntry } from './registry-file.ts';
import { isOnRecord, OPTIONAL_LISTS, statedFacts, statedKinds } from './stated-facts.ts';

/**
 * Writes what differs from the record; a state that may not follow the present one is taken as a correction of it.
 * @throws Fault `registry-invalid` with everything that was stated by its owner since
 */
export async function recordStated(
  entries: readonly RegistryEntry[],
  ids: ReadonlyMap<string, string>,
  feedTaken: boolean,
  now: Date,
  db: Transaction,
): Promise<void> {
  const latest = await findLatestFacts([...ids.values()], db);
  const compared = entries.map((entry) => {
    const participantId = idOf(entry, ids);
    return compare(entry, participantId, latest.get(participantId) ?? [], feedTaken, now);
  });
  const [first, ...others] = compared.flatMap((one) => one.contradicted);
  if (first !== undefined) throw ownedByOthers(first, ...others);
  const origin = { source: 'TAKE_ON', recordedAt: now } as const;
  await recordFacts(
    compared.flatMap((one) => one.ended),
    origin,
    db,
  );
  await recordFacts(
    compared.flatMap((one) => one.changed),
    origin,
    db,
  );
}

/** What an entry does to the record of its participant. */
interface Compared {
  readonly ended: readonly FactChange[];
  readonly changed: readonly FactChange[];
  /** What somebody else stated: with any of it nothing is loaded. */
  readonly contradicted: readonly StatedByOther[];
}

function compare(
  entry: RegistryEntry,
  participantId: string,
  facts: readonly Fact[],
  feedTaken: boolean,
  now: Date,
): Compared {
  const held = facts.filter((one) => one.state !== 'VOID');
  const kinds = statedKinds(entry);
  const stated = statedFacts(entry, now);
  const differing = stated.filter(
    (fact) =>
      !isOnRecord(
        fact,
        held.find((one) => isSame(one, fact)),
        now,
      ),
  );
  const gone = held.filter((fact) => kinds.has(fact.kind) && !stated.some((one) => isSame(one, fact)));
  const replaced = held.filter((fact) => differing.some((one) => isSame(one, fact)));
  const { signifier } = entry;
  const ofFeed = (fact: Pick<Fact, 'kind'>) => feedTaken && isOfFeed(entry, fact);
  const closing = entry.status === 'CLOSED' ? closure(held) : undefined;
  const others = [...gone, ...replaced].filter((fact) => fact.source !== 'TAKE_ON' && !ofFeed(fact));
  return {
    ended: [...gone, ...replaced].map((fact) => ({ ...fact, participantId, state: 'VOID' })),
    changed: [
      ...differing.map((fact) => ({ ...fact, participantId })),
      ...(closing === 'TO_CLOSE'
        ? [{ participantId, kind: 'STATUS', key: '', state: 'CLOSED', since: now, value: {} } as const]
        : []),
    ],
    contradicted: [
      ...[...gone, ...differing]
        .filter(ofFeed)
        .map((fact) => ({ signifier, fact: factText(fact), source: 'SECAS_FEED' as const })),
      ...others.map((fact) => toldOf(signifier, fact)),
      ...(typeof closing === 'object' ? [toldOf(signifier, closing)] : []),
    ],
  };
}

const isSame = (one: Pick<Fact, 'kind' | 'key'>, other: Pick<Fact, 'kind' | 'key'>) =>
  one.kind === other.kind && one.key === other.key;

function toldOf(signifier: string, fact: Fact): StatedByOther {
  const list = OPTIONAL_LISTS[fact.kind];
  return {
    signifier,
    fact: factText(fact),
    source: fact.source,
    ...(list === undefined ? {} : { list }),
  };
}

/** The closure of a record that is open: one that is closed, two people open again (the fact), and no file closes it then. */
function closure(held: readonly Fact[]): 'TO_CLOSE' | Fact | undefined {
  const status = held.find((one) => one.kind === 'STATUS');
  if (status === undefined) return 'TO_CLOSE';
  return status.state === 'CLOSED' ? undefined : status;
}

/** @throws Fault `registry-invalid` with everybody who nominates an RDP and is no Network Party (government response, paragraph 40) */
export async function requireNetworkParties(
  entries: readonly RegistryEntry[],
  db: Transaction,
): Promise<void> {
  const named = entries.flatMap(({ signifier, nominatedBy }) =>
    nominatedBy.map(({ networkParty }) => ({ signifier, networkParty })),
  );
  const inFile = new Set(
    entries.filter((one) => isNetworkParty(one.partyCategory)).map((one) => one.signifier),
  );
  const asked = named.filter(({ networkParty }) => !inFile.has(networkParty));
  if (asked.length === 0) return;
  const { rows } = await query<{ signifier: string }>(
    db,
    `select p.signifier from participant p where p.signifier = any($1) and (
       select f.value ->> 'partyCategory' from fact f where f.participant_id = p.id and f.kind = 'DETAILS'
        order by f.version desc limit 1) = any($2)`,
    [asked.map((one) => one.networkParty), NETWORK_CATEGORIES],
  );
  const known = new Set(rows.map((row) => row.signifier));
  const wrong = asked
    .filter(({ networkParty }) => !known.has(networkParty))
    .map((one) => `${one.networkParty}, who nominates ${one.signifier}`);
  if (wrong.length > 0)
    throw new Fault(
      'registry-invalid',
      `${wrong.join(', and ')}, ${wrong.length === 1 ? 'is no Network Party' : 'are no Network Parties'} here or in the file; nothing was loaded.`,
    );
}

/** The id of an entry that was recorded. */
export const idOf = ({ signifier }: RegistryEntry, ids: ReadonlyMap<string, string>): string => {
  const id = ids.get(signifier);
  if (id === undefined) throw new TypeError(`${signifier} was not recorded`);
  return id;
};
