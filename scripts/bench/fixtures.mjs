// What every benchmark works on: test CAs in a temporary folder, the demo world's maker, and fresh Device CSRs.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const load = createRequire(path.resolve('dist', 'main.js'));
export const PASSPHRASE = 'only for the benchmark';
export const MAKER = 'METERWORKS';
export const PURPOSE = 'DEVICE_AND_USER_SYSTEM_TESTS';

/** A folder for passing things: it goes with this process. */
export function newFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A data folder with fresh test CAs; returns its path. */
export function newDataFolder() {
  const { createAuthorities } = load('./ca/create-authorities.js');
  const { loadProfiles } = load('./profiles/load-profiles.js');
  const { systemRandom } = load('./domain/serial-number.js');
  const folder = newFolder();
  createAuthorities({
    folder: path.join(folder, 'authorities'),
    passphrase: PASSPHRASE,
    profiles: loadProfiles('certs-templates'),
    now: new Date(Date.now() - 60_000),
    fillRandom: systemRandom,
  });
  return folder;
}

/** Device CSRs in the range of the demo's maker, each with a key of its own. */
export function deviceCsrs(count, first = 0) {
  const { writeCsr } = load('./x509/write-csr.js');
  const { encodeName } = load('./x509/name.js');
  const { encodeExtension, keyUsageValue } = load('./x509/extensions.js');
  const { hardwareModuleNameValue } = load('./x509/subject-alt-name.js');
  const keyUsage = encodeExtension('2.5.29.15', true, keyUsageValue(['digitalSignature']));
  return Array.from({ length: count }, (_, index) => {
    const deviceId = Buffer.from(`00db12342${(first + index).toString(16).padStart(7, '0')}`, 'hex');
    const san = encodeExtension(
      '2.5.29.17',
      true,
      hardwareModuleNameValue('1.2.826.0.1.8641679.1.2.2.1', deviceId),
    );
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return writeCsr({ subject: encodeName([]), extensions: [keyUsage, san] }, privateKey);
  });
}
