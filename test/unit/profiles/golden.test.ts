import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dumpTbs } from '../../support/dump-tbs.ts';
import { makeSpecimens, TEMPLATES } from '../../support/specimens.ts';

const FOLDER = path.join(__dirname, '..', '..', 'data', 'golden');
const NAMES = [...TEMPLATES.profiles.keys(), ...TEMPLATES.authorities.keys()].sort();
const SPECIMENS = makeSpecimens();
const fileOf = (name: string) => path.join(FOLDER, `${name}.txt`);

beforeAll(() => {
  if (process.env['WRITE_GOLDEN'] !== 'yes') return;
  for (const name of NAMES) writeFileSync(fileOf(name), dumpTbs(SPECIMENS.get(name)!.tbs));
});

test.each(NAMES)('%s makes the certificate that is written down', (name) => {
  const golden = existsSync(fileOf(name)) ? readFileSync(fileOf(name), 'utf8') : 'no golden text yet';
  expect(dumpTbs(SPECIMENS.get(name)!.tbs)).toBe(golden);
});

test('every golden text belongs to a template', () => {
  const texts = readdirSync(FOLDER).filter((file) => file.endsWith('.txt'));
  expect(texts.sort()).toEqual(NAMES.map((name) => `${name}.txt`).sort());
});
