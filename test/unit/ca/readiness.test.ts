import path from 'node:path';
import { issuingAuthority } from '../../../src/ca/authority.ts';
import { openHierarchy, type Hierarchy } from '../../../src/ca/hierarchy.ts';
import { authorityReadiness } from '../../../src/ca/readiness.ts';
import { loadRefused } from '../../../src/ca/refused.ts';
import { loadProfiles } from '../../../src/profiles/load-profiles.ts';
import { createSigner } from '../../../src/keys/software-signer.ts';
import { TEMPLATES, TEST_PASSPHRASE } from '../../support/authorities.ts';
import { temporaryFolder } from '../../support/batch-intake.ts';
import { TEST_NOW } from '../../support/dates.ts';

const folder = temporaryFolder();
const hierarchy = openHierarchy(
  {
    folder: path.join(process.env['TCS_TEST_FOLDER'] ?? '', 'authorities'),
    passphrase: TEST_PASSPHRASE,
    profiles: loadProfiles(TEMPLATES),
    refused: loadRefused(TEMPLATES),
  },
  TEST_NOW,
);
const later = (milliseconds: number) => new Date(TEST_NOW.getTime() + milliseconds);
/** The hierarchy with another signer behind the Issuing OCA. */
const withSigner = (signer: Parameters<typeof issuingAuthority>[1]): Hierarchy => ({
  ...hierarchy,
  issuing: (name) =>
    name === 'issuing-oca' ? issuingAuthority(hierarchy.issuing(name), signer) : hierarchy.issuing(name),
});

test('test CAs that are valid and whose keys sign are ready', () => {
  expect(authorityReadiness(hierarchy)(TEST_NOW)).toBe('ok');
});

test('a test CA is ready in its last second, and not after it nor before its first', () => {
  const first = Math.min(...hierarchy.authorities.map((one) => one.notAfter.getTime()));
  const ready = authorityReadiness(hierarchy);
  expect(ready(new Date(first + 999))).toBe('ok');
  expect(ready(new Date(first + 1000))).toBe('not-valid-now');
  expect(ready(new Date('2001-01-01'))).toBe('not-valid-now');
});

test('the key of another certificate is unusable', () => {
  const place = { file: path.join(folder, 'other.pem'), passphrase: TEST_PASSPHRASE };
  const other = createSigner({ algorithm: 'EC', curve: 'P-256' }, place);
  expect(authorityReadiness(withSigner(other))(TEST_NOW)).toBe('key-unusable');
});

test('a key that stops to sign is told after a minute, and when it signs again too', () => {
  let broken = false;
  const place = { file: path.join(folder, 'stops.pem'), passphrase: TEST_PASSPHRASE };
  const signer = createSigner({ algorithm: 'EC', curve: 'P-256' }, place);
  const flaky = {
    ...signer,
    sign: (octets: Buffer) => {
      if (broken) throw new Error('the token was taken out');
      return signer.sign(octets);
    },
  };
  const own = { ...hierarchy.issuing('issuing-oca'), publicKey: signer.publicKey };
  const ready = authorityReadiness({
    ...hierarchy,
    issuing: (name) => (name === 'issuing-oca' ? issuingAuthority(own, flaky) : hierarchy.issuing(name)),
  });
  expect(ready(TEST_NOW)).toBe('ok');
  broken = true;
  expect(ready(later(59_000))).toBe('ok');
  expect(ready(later(60_000))).toBe('key-unusable');
  broken = false;
  expect(ready(later(120_000))).toBe('ok');
});
