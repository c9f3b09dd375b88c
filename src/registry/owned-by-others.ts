import { formatEui64, type Eui64 } from '../domain/eui64.ts';
import type { Fact, FactSource } from '../domain/facts.ts';
import { Fault } from '../domain/fault.ts';
import { query, type PoolClient } from '../db/pool.ts';
import type { RegistryEntry } from './registry-file.ts';

/** What its owner has stated, with a second person where that is asked for, no file undoes. */
export function ownedByOthers(signifier: string, fact: string, source: FactSource): Fault {
  const what = `${fact} of ${signifier}`;
  const feed = source === 'SECAS_FEED';
  const owner = feed ? 'the SECAS feed' : source === 'DCC' ? 'the DCC, over the API' : `${signifier} itself`;
  return new Fault('registry-invalid', `The ${what} comes from ${owner} now; nothing was loaded.`, {
    reasons: [
      {
        reason: feed ? 'FACT_OWNED_BY_FEED' : source === 'DCC' ? 'CONFLICT' : 'FACT_OWNED_BY_PARTY',
        clause: feed
          ? 'government response of 26 January 2015, paragraphs 29 and 38'
          : 'docs/registry-file.md',
        detail: `The file says otherwise of the ${what} than ${owner} did.`,
        fix: feed
          ? 'Have SECAS correct it; the next feed brings it here.'
          : `Take ${signifier} out of the file, and have the ${what} changed by its owner (docs/registry.md).`,
      },
    ],
  });
}

/** A fact in words. */
export const named = ({ kind, key }: Fact) => `${kind.toLowerCase().replace('_', ' ')} ${key}`.trim();

/** Allocations that the feed made are not ended by leaving them out. @throws Fault `registry-invalid` */
export async function requireFeedKept(
  entries: readonly RegistryEntry[],
  ids: ReadonlyMap<string, string>,
  db: PoolClient,
): Promise<void> {
  const { rows } = await query<{ participantId: string; from: Eui64 }>(
    db,
    `select participant_id as "participantId", eui64_from as "from" from identifier_allocation
      where participant_id = any($1::uuid[]) and valid_to is null and source = 'SECAS_FEED' order by eui64_from`,
    [[...ids.values()]],
  );
  for (const { participantId, from } of rows) {
    const entry = entries.find((one) => ids.get(one.signifier) === participantId);
    if (entry !== undefined && !entry.allocations.some((one) => one.from === from))
      throw ownedByOthers(entry.signifier, `allocation ${formatEui64(from)}`, 'SECAS_FEED');
  }
}
