// Makes certs-templates/refused/public-keys.txt: the fingerprints of keys that are published with test PKIs.
//   node scripts/refused-keys.mjs FOLDER... > certs-templates/refused/public-keys.txt
// Each FOLDER is an unpacked package of the scheme's public clients (npm pack @smartdcc/dccboxed-keystore and its siblings,
// then tar xzf). Every certificate and key in it, as PEM, DER, or Base64 in any text, gives the SHA-256 of its
// SubjectPublicKeyInfo. Those packages are GPL: nothing but fingerprints is kept.
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const found = new Map();
const sources = [];
for (const folder of process.argv.slice(2)) {
  const name = packageName(folder);
  sources.push(name);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const octets = readFileSync(path.join(entry.parentPath, entry.name));
    for (const key of keysIn(octets)) found.set(fingerprint(key), name);
  }
}

console.log(`# SHA-256 of SubjectPublicKeyInfo of keys that are published with test PKIs: their private keys, or those of their
# peers, are public, so no certificate is given for them. Made by scripts/refused-keys.mjs from ${sources.join(', ')}.
# ${found.size} keys; only fingerprints are kept.`);
for (const key of [...found.keys()].sort()) console.log(key);

/** Every public key in a file: of certificates, of private and of public keys. */
function* keysIn(octets) {
  const direct = publicKeyOf(octets);
  if (direct !== undefined) yield direct;
  const text = octets.toString('latin1');
  for (const [pem] of text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g)) {
    const key = publicKeyOf(pem.replaceAll('\\n', '\n'));
    if (key !== undefined) yield key;
  }
  // Base64 of DER that begins with a SEQUENCE of two length octets (MII) or of one (MIG, MIH, MF, ME): line ends allowed inside.
  for (const [base64] of text.matchAll(/M[A-I][A-Za-z0-9+/\r\n\s]{80,}={0,2}/g)) {
    const key = publicKeyOf(Buffer.from(base64, 'base64'));
    if (key !== undefined) yield key;
  }
}

function publicKeyOf(source) {
  const der = Buffer.isBuffer(source);
  const attempts = [
    () => new X509Certificate(source).publicKey,
    () => createPublicKey(createPrivateKey(der ? { key: source, format: 'der', type: 'pkcs8' } : source)),
    () => createPublicKey(createPrivateKey(der ? { key: source, format: 'der', type: 'sec1' } : source)),
    () => createPublicKey(der ? { key: source, format: 'der', type: 'spki' } : source),
  ];
  for (const attempt of attempts) {
    try {
      return attempt();
    } catch {
      // Not of this form; the next one may fit.
    }
  }
  return undefined;
}

function fingerprint(key) {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

function packageName(folder) {
  const file = path.join(folder, 'package.json');
  if (!existsSync(file)) return path.basename(folder);
  const { name, version } = JSON.parse(readFileSync(file, 'utf8'));
  return `${name} ${version}`;
}
