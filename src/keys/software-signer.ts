import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { Fault } from '../domain/fault.ts';
import { readPrivateKey, writePrivateKey } from './private-key-file.ts';
import type { SignatureAlgorithm, Signer } from './signer.ts';

/** What a new key is: P-256 throughout the SMKI; DCCKI authorities may have RSA instead. */
export type KeyKind =
  | { readonly algorithm: 'EC'; readonly curve: 'P-256' }
  | { readonly algorithm: 'RSA'; readonly bits: number };

/** An encrypted PKCS#8 file, and what opens it. */
export interface KeyPlace {
  readonly file: string;
  readonly passphrase: string;
}

/**
 * Opens a key that `createSigner` made; it is held in this process.
 * @throws Fault `authority-refused` when the file is absent, not encrypted, or its key is neither P-256 nor RSA, or
 *         the passphrase does not open it
 */
export function openSigner({ file, passphrase }: KeyPlace): Signer {
  return signerWith(readPrivateKey(file, passphrase), file);
}

/**
 * Draws a key pair from the operating system's CSPRNG and keeps it in a file: encrypted PKCS#8, mode 0600, durable before
 * it returns.
 * @throws Fault `conflict` when the file exists: no key is ever replaced
 */
export function createSigner(kind: KeyKind, { file, passphrase }: KeyPlace): Signer {
  const privateKey =
    kind.algorithm === 'EC'
      ? generateKeyPairSync('ec', { namedCurve: kind.curve }).privateKey
      : generateKeyPairSync('rsa', { modulusLength: kind.bits, publicExponent: 65537 }).privateKey;
  writePrivateKey(file, privateKey, passphrase);
  return signerWith(privateKey, file);
}

function signerWith(privateKey: KeyObject, file: string): Signer {
  const algorithm = algorithmOf(privateKey);
  if (algorithm === undefined)
    throw new Fault('authority-refused', `${file} is neither a P-256 nor an RSA key.`);
  const publicKey = createPublicKey(privateKey);
  return {
    algorithm,
    publicKey,
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    sign: (octets) => sign('sha256', octets, privateKey),
  };
}

function algorithmOf(key: KeyObject): SignatureAlgorithm | undefined {
  if (key.asymmetricKeyType === 'rsa') return 'sha256WithRSAEncryption';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1')
    return 'ecdsa-with-SHA256';
  return undefined;
}
