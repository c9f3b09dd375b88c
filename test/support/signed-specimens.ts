import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { lint } from '../../src/lint/lint.ts';
import { assembleCertificate } from '../../src/x509/certificate.ts';
import { makeSpecimens, specimenOf, type Specimen } from './specimens.ts';

/** A finished certificate and the certificates above it, the root last, DER. */
export interface SignedSpecimen extends Specimen {
  readonly certificate: Buffer;
  readonly chain: readonly Buffer[];
}

/** Every specimen with a real key, linted and really signed. RSA keys have 2048 bits, to be quick. */
export function makeSignedSpecimens(): ReadonlyMap<string, SignedSpecimen> {
  const keys = new Map<string, KeyObject>();
  const specimens = makeSpecimens((name, { algorithm }) => {
    const { publicKey, privateKey } =
      algorithm === 'EC'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
    keys.set(name, privateKey);
    return publicKey.export({ type: 'spki', format: 'der' });
  });
  const certificates = new Map<string, Buffer>();
  for (const { name, issuer, tbs, kind, expected, content } of specimens.values()) {
    const signature = sign('sha256', lint(tbs, kind, expected), keys.get(issuer)!);
    certificates.set(name, assembleCertificate(tbs, content.signatureAlgorithm, signature));
  }
  const chainOf = ({ name, issuer }: Specimen): Buffer[] =>
    name === issuer ? [] : [certificates.get(issuer)!, ...chainOf(specimenOf(specimens, issuer))];
  return new Map(
    [...specimens.values()].map((one) => [
      one.name,
      { ...one, certificate: certificates.get(one.name)!, chain: chainOf(one) },
    ]),
  );
}
