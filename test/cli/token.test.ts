import path from 'node:path';
import { dataFolder, tcs } from '../support/tcs.ts';

jest.setTimeout(120_000);
const WORLD = path.join(__dirname, '..', '..', 'src', 'cli', 'demo', 'world.yaml');

describe('tcs token create', () => {
  const { settings } = dataFolder();
  beforeAll(async () => {
    await tcs(settings, 'registry', 'load', WORLD);
  });
  const create = (...words: string[]) =>
    tcs(settings, 'token', 'create', '--participant', 'DCC', '--role', 'DCC_REGISTRAR', ...words, '--json');

  test('takes the name of a person and a label as they are written', async () => {
    const { out } = await create('--person', 'Renée O’Brien-Łuczak', '--label', 'first steps');
    expect(JSON.parse(out)).toMatchObject({ person: 'Renée O’Brien-Łuczak', label: 'first steps' });
  });

  test.each([
    ['a line break and a control sequence', '--person', 'A\nB\u001b[31m', 'A\\u{a}B\\u{1b}[31m'],
    ['a zero width space', '--person', 'Pat\u200bJones', 'Pat\\u{200b}Jones'],
    ['a mark of direction in the label', '--label', 'a\u202eb', 'a\\u{202e}b'],
  ])('refuses %s, and shows it', async (_what, option, text, seen) => {
    const ended = await create('--person', 'Pat Jones', option, text);
    expect([ended.code, ended.fault]).toEqual([
      64,
      expect.stringContaining(`${option} holds characters that nobody sees: ${seen}.`),
    ]);
  });

  test.each([[' '], ['\u034f']])('refuses a name that is none (%j)', async (name) => {
    const ended = await create('--person', name);
    expect([ended.code, ended.fault]).toEqual([64, '--person names nobody.']);
  });
});
