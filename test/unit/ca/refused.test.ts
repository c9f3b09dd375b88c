import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadRefused, whyRefused } from '../../../src/ca/refused.ts';
import { encodeName } from '../../../src/x509/name.ts';
import { COMMON_NAME } from '../../../src/x509/oids.ts';
import { TEMPLATES } from '../../support/authorities.ts';

const named = (value: string) => encodeName([{ type: COMMON_NAME, as: 'printable', value }]);
const FREE_KEY = '0'.repeat(64);

describe('names and keys that the service never serves', () => {
  const refused = loadRefused(TEMPLATES);

  test.each(['Z1', 'Z99', 'ZA', 'OB', 'E357', '0001'])('the name %s is refused, with why', (name) => {
    expect(whyRefused(named(name), FREE_KEY, refused)).toContain(`commonName ${name} is refused`);
  });

  test('a name of our own is not refused', () => {
    expect(whyRefused(named('TIO1'), FREE_KEY, refused)).toBeUndefined();
  });

  test('a published key is refused under any name', () => {
    const [published = ''] = refused.keys;
    expect(whyRefused(named('TIO1'), published, refused)).toBe(
      'its public key belongs to a published test PKI',
    );
  });

  test('the list holds the keys of the public test PKI, each once', () => {
    expect(refused.keys.size).toBeGreaterThan(30);
  });

  test.each([
    [
      'a key that is not 64 hex digits',
      'names',
      '- { commonName: Z1, source: s, why: w }\n',
      'abc\n',
      'line 1',
    ],
    ['a name without why', 'names', '- { commonName: Z1, source: s }\n', '', 'has faults'],
    ['a list without names', 'names', '[]\n', `${FREE_KEY}\n`, 'names.yaml is empty'],
    [
      'a list without keys',
      'keys',
      '- { commonName: Z1, source: s, why: w }\n',
      '# none\n',
      'public-keys.txt is empty',
    ],
  ])('%s stops the start', (_what, _file, names, keys, message) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tcs-refused-'));
    mkdirSync(path.join(folder, 'refused'));
    writeFileSync(path.join(folder, 'refused', 'names.yaml'), names);
    writeFileSync(path.join(folder, 'refused', 'public-keys.txt'), keys);
    expect(() => loadRefused(folder)).toThrow(message);
  });
});
