import type { Fact } from '../domain/facts.ts';
import { Fault } from '../domain/fault.ts';
import { isNetworkParty, NETWORK_CATEGORIES } from '../domain/participant.ts';
import { query, type Transaction } from '../db/query.ts';
import { findLatestFacts } from './facts.ts';
import { recordFacts, type FactChange } from './record-facts.ts';
import { isOfFeed, named, ownedByOthers } from './owned-by-others.ts';
import type { RegistryEntry } from './registry-file.ts';
import { isOnRecord, statedFacts, statedKinds } from './stated-facts.ts';

/**
 * Writes what differs from the record; a state that may not follow the present one is taken as a correction of it.
 * @throws Fault `registry-invalid` for what was stated by its owner since
 */
export async function recordStated(
  entries: readonly RegistryEntry[],
  ids: ReadonlyMap<string, string>,
  feedTaken: boolean,
  now: Date,
  db: Transaction,
): Promise<void> {
  const latest = await findLatestFacts([...ids.values()], db);
  const ended: FactChange[] = [];
  const changed: FactChange[] = [];
  for (const entry of entries) {
    const participantId = idOf(entry, ids);
    const held = (latest.get(participantId) ?? []).filter((one) => one.state !== 'VOID');
    const kinds = statedKinds(entry);
    const stated = statedFacts(entry, now);
    const same = (one: Pick<Fact, 'kind' | 'key'>, other: Pick<Fact, 'kind' | 'key'>) =>
      one.kind === other.kind && one.key === other.key;
    const differing = stated.filter(
      (fact) =>
        !isOnRecord(
          fact,
          held.find((one) => same(one, fact)),
          now,
        ),
    );
    const gone = held.filter((fact) => kinds.has(fact.kind) && !stated.some((one) => same(one, fact)));
    const replaced = held.filter((fact) => differing.some((one) => same(one, fact)));
    const { signifier } = entry;
    const ofFeed = [...gone, ...differing].find((fact) => feedTaken && isOfFeed(entry, fact));
    if (ofFeed !== undefined) throw ownedByOthers({ signifier, fact: named(ofFeed), source: 'SECAS_FEED' });
    for (const fact of [...gone, ...replaced]) {
      if (fact.source !== 'TAKE_ON')
        throw ownedByOthers({ signifier, fact: named(fact), source: fact.source });
      ended.push({ ...fact, participantId, state: 'VOID', since: fact.since });
    }
    changed.push(...differing.map((fact) => ({ ...fact, participantId })));
    if (entry.status === 'CLOSED') changed.push(...closure(entry, participantId, held, now));
  }
  const origin = { source: 'TAKE_ON', recordedAt: now } as const;
  await recordFacts(ended, origin, db);
  await recordFacts(changed, origin, db);
}

/** The closure of a record that is open: one that is closed, two people open again, and no file closes it then. */
function closure(
  { signifier }: RegistryEntry,
  participantId: string,
  held: readonly Fact[],
  now: Date,
): FactChange[] {
  const status = held.find((one) => one.kind === 'STATUS');
  if (status?.state === 'CLOSED') return [];
  if (status !== undefined) throw ownedByOthers({ signifier, fact: named(status), source: status.source });
  return [{ participantId, kind: 'STATUS', key: '', state: 'CLOSED', since: now, value: {} }];
}

/** @throws Fault `registry-invalid` when who nominates an RDP is no Network Party (government response, paragraph 40) */
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
  const wrong = asked.find(({ networkParty }) => !known.has(networkParty));
  if (wrong !== undefined)
    throw new Fault(
      'registry-invalid',
      `${wrong.networkParty}, who nominates ${wrong.signifier}, is no Network Party here or in the file; nothing was loaded.`,
    );
}

/** The id of an entry that was recorded. */
export const idOf = ({ signifier }: RegistryEntry, ids: ReadonlyMap<string, string>): string => {
  const id = ids.get(signifier);
  if (id === undefined) throw new TypeError(`${signifier} was not recorded`);
  return id;
};
