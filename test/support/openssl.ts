import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodePem } from '../../src/x509/pem.ts';

/** What OpenSSL says of a path: `ok`, and its words. */
export interface OpensslVerdict {
  readonly ok: boolean;
  readonly text: string;
}

/**
 * Lets OpenSSL validate a path as strictly as it can: X.509 strictness, and a policy that must hold for every
 * certificate of the path (RFC 5280, 6.1).
 * @param leaf   certificate DER
 * @param chain  certificates above it, DER, the root last
 */
export function opensslVerify(
  leaf: Buffer,
  chain: readonly Buffer[],
  options: { readonly policy: string; readonly at: Date; readonly purpose?: string },
): OpensslVerdict {
  return withFiles({ leaf: [leaf], issuing: chain.slice(0, -1), root: chain.slice(-1) }, (file) => {
    const strictness = ['-x509_strict', '-policy_check', '-explicit_policy', '-policy', options.policy];
    const at = ['-attime', String(Math.floor(options.at.getTime() / 1000))];
    const purpose = options.purpose === undefined ? [] : ['-purpose', options.purpose];
    const trust = ['-no-CApath', '-no-CAstore', '-CAfile', file('root')];
    const between = chain.length > 1 ? ['-untrusted', file('issuing')] : [];
    const words = ['verify', ...strictness, ...at, ...purpose, ...trust, ...between, file('leaf')];
    const { status, stdout, stderr } = spawnSync('openssl', words, { encoding: 'utf8' });
    return { ok: status === 0, text: `${stdout}${stderr}`.trim() };
  });
}

/** `openssl x509 -text` of one certificate; names in one form whatever the version. @throws Error when OpenSSL does not read it */
export function opensslText(der: Buffer): string {
  return execFileSync('openssl', ['x509', '-inform', 'DER', '-noout', '-text', '-nameopt', NAME_FORM], {
    input: der,
    encoding: 'utf8',
  });
}

/** `openssl asn1parse` of DER, or of what the string at this offset holds. @throws Error when OpenSSL does not read it */
export function opensslAsn1(der: Buffer, inside?: string): string {
  const words = ['asn1parse', '-inform', 'DER', ...(inside === undefined ? [] : ['-strparse', inside])];
  return execFileSync('openssl', words, { input: der, encoding: 'utf8' });
}

/** Whether OpenSSL reads a CSR (DER), and verifies its signature. */
export function opensslCsr(octets: Buffer): { readonly read: boolean; readonly verified: boolean } {
  const words = ['req', '-inform', 'DER', '-noout'];
  const read = spawnSync('openssl', words, { input: octets });
  if (read.status !== 0) return { read: false, verified: false };
  const verified = spawnSync('openssl', [...words, '-verify'], { input: octets, encoding: 'utf8' });
  return { read: true, verified: verified.stderr.includes('verify OK') };
}

function withFiles<T>(
  files: Readonly<Record<string, readonly Buffer[]>>,
  use: (file: (name: string) => string) => T,
): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'openssl-'));
  const file = (name: string) => path.join(folder, `${name}.pem`);
  try {
    for (const [name, ders] of Object.entries(files))
      writeFileSync(file(name), ders.map((der) => encodePem('CERTIFICATE', der)).join(''));
    return use(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const NAME_FORM = 'esc_2253,esc_ctrl,utf8,dump_nostr,dump_der,sep_comma_plus_space,sname';
