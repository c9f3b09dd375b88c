import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { Signer } from './signer.ts';

/** What a new key is: P-256 throughout the SMKI; DCCKI authorities may have RSA instead. */
export type KeyKind =
  | { readonly algorithm: 'EC'; readonly curve: 'P-256' }
  | { readonly algorithm: 'RSA'; readonly bits: number };

/** Signs with a private key held in this process. @throws TypeError for a key that is neither P-256 nor RSA */
export function softwareSigner(privateKey: KeyObject): Signer {
  const algorithm = algorithmOf(privateKey);
  const publicKey = createPublicKey(privateKey);
  return {
    algorithm,
    publicKey,
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    sign: (octets) => sign('sha256', octets, privateKey),
  };
}

/** Draws a key pair from the operating system's CSPRNG. */
export function newPrivateKey(kind: KeyKind): KeyObject {
  return kind.algorithm === 'EC'
    ? generateKeyPairSync('ec', { namedCurve: kind.curve }).privateKey
    : generateKeyPairSync('rsa', { modulusLength: kind.bits, publicExponent: 65537 }).privateKey;
}

function algorithmOf(key: KeyObject): Signer['algorithm'] {
  if (key.asymmetricKeyType === 'rsa') return 'sha256WithRSAEncryption';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1')
    return 'ecdsa-with-SHA256';
  throw new TypeError(`a signer has a P-256 or an RSA key, not ${key.asymmetricKeyType ?? 'a secret key'}`);
}
