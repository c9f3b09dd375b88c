/**
 * Gathers concurrent calls into sets: a call that finds no set under way starts at once, alone; those that arrive
 * while `inFlight` sets are working wait together and form the next one. Under load many requests share a few
 * statements and one durable commit; without load nothing waits.
 *
 * @param work     answers a set: one result per item, in order; a rejection rejects every call of that set
 * @param limits   most items in a set; most sets at work at the same time
 */
export function gather<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
  limits: { readonly items: number; readonly inFlight: number },
): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let inFlight = 0;

  const startNext = () => {
    if (waiting.length === 0 || inFlight >= limits.inFlight) return;
    const set = waiting.splice(0, limits.items);
    inFlight += 1;
    work(set.map((one) => one.item))
      .then(
        (results) => set.forEach((one, position) => one.resolve(results[position] as Result)),
        (error: unknown) => set.forEach((one) => one.reject(error)),
      )
      .finally(() => {
        inFlight -= 1;
        startNext();
      });
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // Calls of the same turn of the event loop belong together.
      setImmediate(startNext);
    });
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}
