import { setImmediate, setTimeout as pause } from 'node:timers/promises';
import { gather } from '../../../src/issuance/gather.ts';

/** Answers each item with itself, a turn later, and remembers the sizes of its sets. */
function echo() {
  const sizes: number[] = [];
  let atWork = 0;
  let most = 0;
  const work = async (items: readonly number[]) => {
    sizes.push(items.length);
    most = Math.max(most, (atWork += 1));
    await setImmediate();
    atWork -= 1;
    return items;
  };
  return { work, sizes, most: () => most };
}

/** Callers who come again as soon as they are answered. */
const insist = (callers: number, times: number, ask: (item: number) => Promise<number>) =>
  Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (let turn = 0; turn < times; turn += 1) expect(await ask(caller)).toBe(caller);
    }),
  );

test('those who ask while sets are at work share the next one, and each hears the answer to what they asked', async () => {
  const { work, sizes, most } = echo();
  await insist(20, 50, gather(work, { items: 6, inFlight: 2 }));
  expect(Math.max(...sizes)).toBe(6);
  expect(most()).toBe(2);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(1000);
});

test('whoever is alone waits for nobody, however long a set would wait for company', async () => {
  const { work, sizes } = echo();
  await insist(1, 5, gather(work, { items: 6, inFlight: 2, company: { enough: 4, milliseconds: 2 ** 30 } }));
  expect(sizes).toEqual([1, 1, 1, 1, 1]);
});

test('a set waits until all have come back who were about, or until it is large enough', async () => {
  for (const { callers, size } of [
    { callers: 5, size: 5 },
    { callers: 16, size: 8 },
    { callers: 60, size: 30 },
  ]) {
    const { work, sizes } = echo();
    const company = { enough: 8, milliseconds: 2 ** 30 };
    await insist(callers, 40, gather(work, { items: 32, inFlight: 2, company }));
    expect([...new Set(sizes)]).toEqual([size]);
  }
});

test('whoever waits in vain is answered all the same, and the absent are forgotten', async () => {
  const { work, sizes } = echo();
  const waits = 100;
  const ask = gather(work, { items: 6, inFlight: 2, company: { enough: 4, milliseconds: waits } });
  await Promise.all([ask(1), ask(2)]);
  const begin = performance.now();
  expect(await ask(3)).toBe(3);
  expect(performance.now() - begin).toBeGreaterThan(waits / 2);
  // Nobody is expected any more: this one is at work in the same turn.
  const last = ask(4);
  await setImmediate();
  await setImmediate();
  expect(sizes).toEqual([2, 1, 1]);
  expect(await last).toBe(4);
});

test('what a set throws is told to each of its callers, and to nobody else', async () => {
  let turn = 0;
  const ask = gather(
    async (items: readonly number[]) => {
      await pause(1);
      if ((turn += 1) === 1) throw new Error('away');
      return items;
    },
    { items: 2, inFlight: 1 },
  );
  const all = await Promise.allSettled([ask(1), ask(2), ask(3)]);
  expect(all.map((one) => one.status)).toEqual(['rejected', 'rejected', 'fulfilled']);
});
