import type { Db } from '../db/query.ts';
import { findFacts } from './facts.ts';

/** The version of the terms that a participant accepted last; `undefined` when it accepted none. */
export async function findLatestTerms(participantId: string, at: Date, db: Db): Promise<string | undefined> {
  const accepted = await findFacts(participantId, at, db, 'TERMS');
  return accepted.sort((one, other) => one.since.getTime() - other.since.getTime()).at(-1)?.key;
}
