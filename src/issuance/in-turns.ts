import { setImmediate } from 'node:timers/promises';

/** Maps a set in its order. A large one lets whatever else the thread has to do go on after each 32 items. */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  each: (item: Item, position: number) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const [position, item] of items.entries()) {
    if (position > 0 && position % TURN === 0) await setImmediate();
    results.push(each(item, position));
  }
  return results;
}

const TURN = 32;
