import { z } from 'zod';
import { brokenFields } from '../../../src/domain/broken-fields.ts';

const told = (schema: z.ZodType, value: unknown) => {
  const { error } = schema.safeParse(value);
  return (error === undefined ? [] : brokenFields(error, value)).map(
    ({ path, says }) => `/${path.join('/')}: ${says}`,
  );
};
const field = (schema: z.ZodType) => z.strictObject({ field: schema });

describe('a broken field', () => {
  test.each<[string, z.ZodType, unknown, string]>([
    ['a text that is missing', z.string(), undefined, 'is missing; expected a text'],
    ['a text that is a number', z.string(), 1, 'is a number; expected a text'],
    ['a text that is null', z.string(), null, 'is null; expected a text'],
    ['a text that is empty', z.string().min(1), '', 'is empty'],
    ['a text that is too short', z.string().min(3), 'ab', 'has fewer than 3 characters'],
    ['a text that is too long', z.string().max(1), 'ab', 'has more than 1 characters'],
    ['a list that is an object', z.array(z.string()), {}, 'is an object; expected a list'],
    ['a list that is empty', z.array(z.string()).min(1), [], 'is empty'],
    ['a list that is too long', z.array(z.string()).max(1), ['a', 'b'], 'has more than 1 items'],
    ['a list where a text of some length belongs', z.string().min(1), [], 'is a list; expected a text'],
    ['a number that is too small', z.int().min(2), 1, 'is less than 2'],
    ['a number that is too large', z.int().max(2), 3, 'is more than 2'],
    ['one that is larger than numbers are exact', z.int().max(2), 2 ** 60, 'is more than 2'],
    ['one that is smaller than numbers are exact', z.int().min(2), -(2 ** 60), 'is less than 2'],
    ['one without a bound of its own', z.int(), 2 ** 60, `is more than ${String(2 ** 53 - 1)}`],
    ['a number that is not whole', z.int(), 1.5, 'is a number; expected a whole number'],
    ['a choice that there is not', z.enum(['A', 'B']), 'C', 'is none of A, B'],
    ['a choice that is missing', z.enum(['A', 'B']), undefined, 'is missing; expected one of A, B'],
    ['a word that is another', z.literal('A'), 'C', 'is not A'],
    ['a word that is missing', z.literal('A'), undefined, 'is missing; expected A'],
    ['a UUID that is none', z.uuid(), 'x', 'is no UUID'],
    ['a date that is none', z.iso.date(), 'x', 'is no date, such as 2026-11-24'],
    ['an instant that is none', z.iso.datetime(), 'x', 'is no instant, such as 2026-11-24T12:00:00Z'],
    [
      'a form without words of its own',
      z.string().regex(/^a$/),
      'b',
      'has not the form that its schema asks',
    ],
    ['a form with words of its own', z.string().regex(/^a$/, 'is no a'), 'b', 'is no a'],
    [
      'none of the kinds that a member tells apart',
      z.discriminatedUnion('kind', [z.object({ kind: z.literal('A') }), z.object({ kind: z.literal('B') })]),
      { kind: 'C' },
      'is none of A, B',
    ],
  ])('%s', (_what, schema, value, says) => {
    const [first = '', ...more] = told(field(schema), { field: value });
    expect(first.replace(/^\/field(\/kind)?: /, '')).toBe(says);
    expect(more).toEqual([]);
  });

  test('that the schema does not know is told at its own place, each', () => {
    expect(told(field(field(z.string())), { field: { field: 'a', one: 1, two: 2 } })).toEqual([
      '/field/one: no field has this name',
      '/field/two: no field has this name',
    ]);
  });

  test('is told among a hundred thousand others without comparing each with each', () => {
    const broken = told(z.array(z.string()), new Array(100_000).fill(1));
    expect(broken).toHaveLength(100_000);
    expect(broken.at(-1)).toBe('/99999: is a number; expected a text');
    // Of each number two bounds break: its own and that of whole numbers.
    expect(told(z.array(z.int().max(2)), new Array(20_000).fill(2 ** 60))).toHaveLength(20_000);
  });

  test('is told beside the others, in the order of the schema', () => {
    const schema = z.strictObject({ one: z.string(), two: z.array(z.int().max(2)) });
    expect(told(schema, { two: [1, 3, 'x'] })).toEqual([
      '/one: is missing; expected a text',
      '/two/1: is more than 2',
      '/two/2: is a text; expected a number',
    ]);
  });
});
