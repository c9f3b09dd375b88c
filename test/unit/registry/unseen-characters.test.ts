import { readCell } from '../../../src/registry/feed-columns.ts';

test.each([
  ['beyond the first plane', '\u{e0041}', 'U+E0041'],
  ['of the first plane', '\u200b', 'U+200B'],
])('a character %s that cannot be seen is named whole', (_what, character, name) => {
  expect(readCell('PARTY', 'legalName', `North${character}gate`)).toMatchObject({
    fault: expect.stringContaining(`holds the character ${name}, which`) as string,
  });
});
