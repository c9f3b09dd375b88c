import { readCell } from '../../../src/registry/feed-columns.ts';

test.each([
  ['beyond the first plane', '\u{e0041}', 'U+E0041', '\\u{e0041}'],
  ['of the first plane', '\u200b', 'U+200B', '\\u200b'],
])(
  'a character %s that cannot be seen is named whole, and shown by its number',
  (_what, character, name, written) => {
    expect(readCell('PARTY', 'legalName', `North${character}gate`)).toMatchObject({
      fault: `"North${written}gate" holds the character ${name}, which cannot be seen`,
    });
  },
);
