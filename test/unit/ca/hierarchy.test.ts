import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createAuthorities, missingAuthorities } from '../../../src/ca/create-authorities.ts';
import { openHierarchy } from '../../../src/ca/hierarchy.ts';
import { loadRefused } from '../../../src/ca/refused.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { systemRandom } from '../../../src/domain/serial-number.ts';
import { loadProfiles } from '../../../src/profiles/load-profiles.ts';
import { TEMPLATES, TEST_PASSPHRASE } from '../../support/authorities.ts';
import { TEST_NOW } from '../../support/dates.ts';

const profiles = loadProfiles(TEMPLATES);
const refused = loadRefused(TEMPLATES);

/** A copy of the test authorities that a test may spoil. */
function copied(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-authorities-'));
  cpSync(path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities'), folder, { recursive: true });
  return folder;
}

function faultsOf(
  folder: string,
  change: Partial<Parameters<typeof openHierarchy>[0]> = {},
  now = TEST_NOW,
): string {
  try {
    openHierarchy({ folder, passphrase: TEST_PASSPHRASE, profiles, refused, ...change }, now);
  } catch (error) {
    if (error instanceof Fault) return error.reasons.map(({ detail, fix }) => `${detail} ${fix}`).join('\n');
    throw error;
  }
  return '';
}

describe('the start', () => {
  test('opens every authority of the templates, roots first', () => {
    const { authorities } = openHierarchy(
      { folder: copied(), passphrase: TEST_PASSPHRASE, profiles, refused },
      TEST_NOW,
    );
    expect(authorities.map((one) => [one.name, one.kind, one.subject, one.chain.length])).toEqual([
      ['root-dca', 'ROOT', 'CN=TRD1', 1],
      ['root-dccki', 'ROOT', 'CN=TRK1', 1],
      ['root-oca', 'ROOT', 'OU=00, CN=TRO1', 1],
      ['eii-dccki', 'ISSUING', 'CN=TIK1', 2],
      ['issuing-dca', 'ISSUING', 'CN=TID1', 2],
      ['issuing-oca', 'ISSUING', 'OU=07, CN=TIO1', 2],
    ]);
  });

  test('is refused when a key does not match its certificate', () => {
    const folder = copied();
    cpSync(path.join(folder, 'issuing-dca.key.pem'), path.join(folder, 'issuing-oca.key.pem'));
    expect(faultsOf(folder)).toContain('is not the key of the certificate of issuing-oca');
  });

  test('is refused when a certificate is that of another authority', () => {
    const folder = copied();
    cpSync(path.join(folder, 'issuing-dca.crt.pem'), path.join(folder, 'issuing-oca.crt.pem'));
    expect(faultsOf(folder)).toContain('not one of our own test CAs');
  });

  test('is refused when an issuing certificate is signed by another root of the same name', () => {
    const folder = copied();
    const other = mkdtempSync(path.join(tmpdir(), 'tcs-other-'));
    const organisation = {
      profiles: new Map([...profiles.profiles].filter(([, one]) => one.category === 'ORGANISATION')),
      authorities: new Map([...profiles.authorities].filter(([, one]) => one.category === 'ORGANISATION')),
    };
    createAuthorities({
      folder: other,
      passphrase: TEST_PASSPHRASE,
      profiles: organisation,
      now: TEST_NOW,
      fillRandom: systemRandom,
    });
    for (const name of ['issuing-oca.crt.pem', 'issuing-oca.key.pem'])
      cpSync(path.join(other, name), path.join(folder, name));
    expect(faultsOf(folder)).toContain('not signed by root-oca');
  });

  test('is refused when the key or the name of an authority belongs to a published test PKI', () => {
    const folder = copied();
    const { authorities } = openHierarchy(
      { folder, passphrase: TEST_PASSPHRASE, profiles, refused },
      TEST_NOW,
    );
    const keySha256 = authorities.find((one) => one.name === 'issuing-oca')?.keySha256 ?? '';
    expect(faultsOf(folder, { refused: { ...refused, keys: new Set([keySha256]) } })).toContain(
      'published test PKI',
    );
    expect(
      faultsOf(folder, { refused: { ...refused, commonNames: new Map([['TIO1', 'it is live']]) } }),
    ).toContain('it is live');
  });

  test('is refused with every reason when certificates are missing, damaged or past', () => {
    const folder = copied();
    rmSync(path.join(folder, 'issuing-dca.crt.pem'));
    writeFileSync(path.join(folder, 'issuing-oca.crt.pem'), 'not a certificate');
    const text = faultsOf(folder);
    expect(text).toMatch(
      /^There is no certificate \S*issuing-dca.crt.pem\. Make what is missing: tcs ca init$/m,
    );
    expect(text).toContain('is not a CA certificate');
    expect(faultsOf(copied(), {}, new Date('2126-01-01'))).toContain('not now');
  });

  test('is refused when the passphrase is wrong or a key is not encrypted', () => {
    expect(faultsOf(copied(), { passphrase: 'another passphrase' })).toContain('does not open');
    const folder = copied();
    const file = path.join(folder, 'issuing-oca.key.pem');
    writeFileSync(file, readFileSync(file, 'latin1').replaceAll('ENCRYPTED PRIVATE KEY', 'PRIVATE KEY'));
    expect(faultsOf(folder)).toContain('is not an encrypted PKCS#8 key');
  });

  test('needs no root key: it may be kept elsewhere', () => {
    const folder = copied();
    for (const name of ['root-oca', 'root-dca', 'root-dccki']) rmSync(path.join(folder, `${name}.key.pem`));
    expect(faultsOf(folder)).toBe('');
  });
});

describe('making authorities', () => {
  test('makes only what is missing, uses a key that an interrupted run left, and replaces nothing', () => {
    const folder = copied();
    const key = readFileSync(path.join(folder, 'issuing-oca.key.pem'));
    const kept = readFileSync(path.join(folder, 'root-oca.crt.pem'));
    renameSync(path.join(folder, 'issuing-oca.crt.pem'), path.join(folder, 'old.pem'));
    expect(missingAuthorities({ folder, profiles }).map((one) => one.authority)).toEqual(['issuing-oca']);
    const made = createAuthorities({
      folder,
      passphrase: TEST_PASSPHRASE,
      profiles,
      now: TEST_NOW,
      fillRandom: systemRandom,
    });
    expect(made.map((one) => one.name)).toEqual(['issuing-oca']);
    expect(readFileSync(path.join(folder, 'issuing-oca.key.pem'))).toEqual(key);
    expect(readFileSync(path.join(folder, 'root-oca.crt.pem'))).toEqual(kept);
    expect(faultsOf(folder)).toBe('');
  });
});
