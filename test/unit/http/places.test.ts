import { openPlaces } from '../../../src/http/places.ts';

test('each has as many places as given, all together too, and what is given back is free once', () => {
  const take = openPlaces({ each: 2, all: 3 });
  const leave = take('a');
  expect(take('a')).toBeDefined();
  expect(take('a')).toBeUndefined();
  expect(take('b')).toBeDefined();
  expect(take('b')).toBeUndefined();
  leave?.();
  leave?.();
  expect(take('b')).toBeDefined();
  expect(take('a')).toBeUndefined();
});
