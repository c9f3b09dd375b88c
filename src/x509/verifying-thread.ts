// The entry point of a verifying thread: reads what it is given for itself and says what OpenSSL says of it.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readCsr } from './csr.ts';
import { proofOfPossession, type ProofOfPossession } from './proof-of-possession.ts';
import { secondOpinion } from './verifier.ts';

/** DER octets, in arrays of their own: a view would take the whole buffer behind it along. */
export type Question =
  | { readonly ask: 'proofsOfPossession'; readonly csrs: readonly Uint8Array[] }
  | {
      readonly ask: 'secondOpinions';
      readonly certificates: readonly {
        readonly der: Uint8Array;
        /** SubjectPublicKeyInfo of the issuer, PEM. */
        readonly issuer: string;
      }[];
    };

export default function answer(question: Question): ProofOfPossession[] | (true | Error)[] {
  return question.ask === 'proofsOfPossession'
    ? question.csrs.map((der) => proofOfPossession(readCsr(octets(der))))
    : question.certificates.map(({ der, issuer }) =>
        secondOpinion({ der: octets(der), issuerKey: keyOf(issuer) }),
      );
}

const octets = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

function keyOf(issuer: string): KeyObject {
  let key = issuerKeys.get(issuer);
  if (key === undefined) issuerKeys.set(issuer, (key = createPublicKey(issuer)));
  return key;
}
const issuerKeys = new Map<string, KeyObject>();
