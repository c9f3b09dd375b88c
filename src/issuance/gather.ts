/**
 * Gathers concurrent calls into sets: a call that finds nobody about starts at once, alone; those that arrive while
 * `inFlight` sets are working wait together and form the next one. Under load many requests share a few statements and one
 * durable commit; without load nothing waits.
 *
 * @param work    answers a set: one result per item, in order; a rejection rejects every call of that set
 * @param limits  most items in a set; most sets at work at the same time
 */
export function gather<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
  limits: Limits,
): (item: Item) => Promise<Result> {
  const { items, inFlight, company } = limits;
  const waiting: Waiting<Item, Result>[] = [];
  let sets = 0;
  let working = 0;
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
    // Who does not come back is forgotten little by little.
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
  readonly items: number;
  readonly inFlight: number;
  /**
   * Whoever is answered comes back a moment later, and a set that starts at once would leave them behind: sets became more
   * and smaller. With this a set of less than `enough` waits for all who were about lately, so long at most; and of more than
   * `enough` who wait each of the sets at work has its share.
   */
  readonly company?: { readonly enough: number; readonly milliseconds: number };
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

const REMEMBERED = 0.9;
