import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** What OpenSSL makes: keys, certificates and signatures of files, in a folder of their own. */
export interface SigningDesk {
  /** The certificate, DER. */
  readonly certificate: Buffer;
  /** `openssl cms -sign -binary`, with more options. */
  cms(content: Buffer, ...options: readonly string[]): Buffer;
  /** `openssl dgst -sign`. */
  raw(content: Buffer, digest?: string): Buffer;
  readonly close: () => void;
}

/** How OpenSSL signs a certificate with dates of its own; `req -x509` begins one at the machine's clock. */
const SELF_SIGNED = `
[ca]
default_ca = desk
[desk]
database = index
new_certs_dir = .
rand_serial = yes
default_md = default
policy = any
copy_extensions = copy
x509_extensions = extensions
[any]
organizationName = supplied
commonName = supplied
[extensions]
subjectKeyIdentifier = hash
basicConstraints = critical,CA:TRUE
`;

/**
 * A signer whose certificate was valid ten years before the tests' clock stands still and is valid for ten years after.
 *
 * @param key      options of `openssl req -newkey`, e.g. `['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']`
 * @param options  more options of `openssl req`
 */
export function openSigningDesk(key: readonly string[] = P256, options: readonly string[] = []): SigningDesk {
  const folder = mkdtempSync(path.join(tmpdir(), 'signing-'));
  const openssl = (...words: readonly string[]) =>
    execFileSync('openssl', words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const signed = (content: Buffer, ...words: readonly string[]) => {
    writeFileSync(path.join(folder, 'content'), content);
    openssl(...words);
    return readFileSync(path.join(folder, 'signature'));
  };
  writeFileSync(path.join(folder, 'index'), '');
  writeFileSync(path.join(folder, 'ca.cnf'), SELF_SIGNED);
  const subject = ['-subj', '/O=SECAS (fictional)/CN=Feed'];
  openssl(
    'req',
    '-new',
    '-newkey',
    ...key,
    '-nodes',
    '-keyout',
    'key.pem',
    '-out',
    'csr.pem',
    ...subject,
    ...options,
  );
  const dates = ['-startdate', '20161124120000Z', '-enddate', '20361124120000Z'];
  const files = ['-keyfile', 'key.pem', '-in', 'csr.pem', '-out', 'certificate.pem'];
  openssl('ca', '-config', 'ca.cnf', '-batch', '-selfsign', '-notext', ...dates, ...files);
  openssl('x509', '-in', 'certificate.pem', '-outform', 'DER', '-out', 'certificate.der');
  return {
    certificate: readFileSync(path.join(folder, 'certificate.der')),
    cms: (content, ...more) =>
      signed(
        content,
        'cms',
        '-sign',
        '-binary',
        '-in',
        'content',
        '-signer',
        'certificate.pem',
        '-inkey',
        'key.pem',
        '-out',
        'signature',
        ...(more.includes('-outform') ? [] : ['-outform', 'DER']),
        ...(more.includes('-md') ? [] : ['-md', 'sha256']),
        ...more,
      ),
    raw: (content, digest = 'sha256') =>
      signed(content, 'dgst', `-${digest}`, '-sign', 'key.pem', '-out', 'signature', 'content'),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const curve = (name: string) => ['ec', '-pkeyopt', `ec_paramgen_curve:${name}`];
export const P256 = curve('P-256');
export const P384 = curve('P-384');
export const P521 = curve('P-521');
export const K256 = curve('secp256k1');
export const rsa = (bits: number) => [`rsa:${bits}`];
