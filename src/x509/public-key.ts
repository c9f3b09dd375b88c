import type { PublicKeyFacts } from '../domain/certificate-request.ts';
import { DerReader, TAG } from './der.ts';
import { oid, tlv } from './write-der.ts';
import { EC_PUBLIC_KEY, PRIME256V1, RSA_ENCRYPTION } from './oids.ts';

/** Reads the next TLV as a SubjectPublicKeyInfo: its DER, and what kind of key it holds. @throws DerError */
export function readPublicKey(reader: DerReader): { spki: Buffer; publicKey: PublicKeyFacts } {
  const start = reader.position;
  const info = reader.enter(TAG.SEQUENCE, 'the SubjectPublicKeyInfo');
  const algorithm = info.enter(TAG.SEQUENCE, 'the key algorithm');
  const kind = algorithm.oid('the key algorithm');
  const parameters = algorithm.done ? undefined : algorithm.takeTlv('the key parameters');
  algorithm.finish('the key algorithm');
  const bits = info.wholeBits('the public key');
  info.finish('the SubjectPublicKeyInfo');
  return {
    spki: reader.octets.subarray(start, reader.position),
    publicKey: classify(kind, parameters, bits),
  };
}

function classify(kind: string, parameters: Buffer | undefined, bits: Buffer): PublicKeyFacts {
  if (kind === EC_PUBLIC_KEY) {
    if (!parameters?.equals(P256_PARAMETERS)) return other('an elliptic curve key that is not on P-256');
    if (bits.length !== 65 || bits[0] !== 4) return other('a P-256 key that is not an uncompressed point');
    return { kind: 'EC_P256', point: bits };
  }
  if (kind !== RSA_ENCRYPTION) return other(`a key of the algorithm ${kind}`);
  if (!parameters?.equals(NULL)) return other('an RSA key whose parameters are not NULL');
  return readRsa(bits);
}

function readRsa(bits: Buffer): PublicKeyFacts {
  const reader = new DerReader(bits);
  const key = reader.enter(TAG.SEQUENCE, 'the RSA public key');
  reader.finish('the RSA public key');
  const modulus = key.integer('the RSA modulus');
  const exponent = key.integer('the RSA exponent');
  key.finish('the RSA public key');
  const positive = (modulus[0] ?? 0) < 0x80 && (exponent[0] ?? 0) < 0x80;
  if (!positive || exponent.length > 8) return other('an RSA key with a negative or an enormous number');
  const significant = BigInt(`0x${modulus.toString('hex')}`).toString(2).length;
  return { kind: 'RSA', bits: significant, exponent: BigInt(`0x${exponent.toString('hex')}`) };
}

const other = (description: string): PublicKeyFacts => ({ kind: 'OTHER', description });
const P256_PARAMETERS = oid(PRIME256V1);
const NULL = tlv(TAG.NULL);
