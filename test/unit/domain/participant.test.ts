import { isSamePerson } from '../../../src/domain/participant.ts';

describe('a name', () => {
  test.each([
    ['in capitals', 'PAT JONES'],
    ['with more space', ' Pat  Jones '],
    ['in letters of full width', 'Ｐａｔ Jones'],
    ['with a zero width space', 'Pat\u200b Jones'],
    ['with a soft hyphen', 'Pat Jo\u00adnes'],
    ['with a word joiner', 'Pat\u2060 Jones'],
    ['with a mark of direction', 'Pat Jones\u200e'],
    ['with a grapheme joiner', 'P\u034fat Jones'],
    ['with a Hangul filler', 'Pat Jones\u3164'],
  ])('%s is of the same person', (_how, name) => {
    expect(isSamePerson('Pat Jones', name)).toBe(true);
  });

  test('of which something unseen parts a letter from its accent is of the same person', () => {
    expect(isSamePerson('Jos\u00e9', 'Jose\u200b\u0301')).toBe(true);
  });

  test.each([['Pat Jonas'], ['PatJones'], ['Pat Joneѕ']])('%s is of another person', (name) => {
    expect(isSamePerson('Pat Jones', name)).toBe(false);
  });
});
