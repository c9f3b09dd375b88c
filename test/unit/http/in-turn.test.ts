import { inTurn } from '../../../src/http/in-turn.ts';

test('one works at a time, in the order of their coming; what one throws is its own', async () => {
  const take = inTurn();
  const told: string[] = [];
  const work = (name: string, fails = false) =>
    take(async () => {
      told.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      told.push(`${name} ends`);
      if (fails) throw new RangeError(name);
      return name;
    });
  const all = await Promise.allSettled([work('first', true), work('second'), work('third')]);
  expect(all.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual([
    'RangeError: first',
    'second',
    'third',
  ]);
  expect(told).toEqual(['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]));
});
