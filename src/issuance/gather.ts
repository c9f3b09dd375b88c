/**
 * Gathers concurrent calls into sets: a call that finds nobody about starts at once, alone; those that arrive while
 * `inFlight` sets are working wait together and form the next one. Under load many requests share a few statements and one
 * durable commit; without load nothing waits.
 *
 * @param work  answers a set: one result per item, in order; a rejection rejects every call of that set
 */
export function gather<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
  limits: Limits,
): (item: Item) => Promise<Result> {
  const { items, inFlight, company } = limits;
  const waiting: Waiting<Item, Result>[] = [];
  /** Sets at work, and the calls in them. */
  let sets = 0;
  let working = 0;
  /** How many callers there were lately: at work, waiting, or answered and likely to come back. */
  let about = 0;
  let patience: NodeJS.Timeout | undefined;

  const look = () => {
    if (waiting.length === 0 || sets >= inFlight) return;
    about = Math.max(about, waiting.length + working);
    if (company === undefined || waiting.length >= Math.min(company.enough, about)) start();
    else patience ??= setTimeout(start, company.milliseconds);
  };

  const start = () => {
    clearTimeout(patience);
    patience = undefined;
    const share = Math.max(company?.enough ?? items, Math.ceil(waiting.length / (inFlight - sets)));
    const set = waiting.splice(0, Math.min(items, share));
    sets += 1;
    working += set.length;
    about = Math.max(waiting.length + working, Math.floor(about * REMEMBERED));
    work(set.map((one) => one.item))
      .then(
        (results) => set.forEach((one, position) => one.resolve(results[position] as Result)),
        (error: unknown) => set.forEach((one) => one.reject(error)),
      )
      .finally(() => {
        sets -= 1;
        working -= set.length;
        look();
      });
    look();
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // Calls of the same turn of the event loop belong together.
      setImmediate(look);
    });
}

interface Limits {
  /** Most of a set. */
  readonly items: number;
  /** Most sets at work at the same time. */
  readonly inFlight: number;
  /**
   * Whoever is answered comes back a moment later, and a set that starts at once would leave them behind: sets became more
   * and smaller. With this a set of less than `enough` items waits until all who were about lately are there, for so many
   * `milliseconds` at most; and where more than `enough` wait, the sets that may start share them equally. Without it none waits.
   */
  readonly company?: { readonly enough: number; readonly milliseconds: number };
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Of those who were about, as each set starts: who does not come back is forgotten little by little. */
const REMEMBERED = 0.9;
