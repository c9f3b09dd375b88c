import type { IssuedCertificate } from '../domain/certificate.ts';
import { repositoryStatus } from '../domain/certificate.ts';
import { formatEui64 } from '../domain/eui64.ts';
import type { Hierarchy } from '../ca/hierarchy.ts';
import { readKeyUsage } from '../x509/extensions.ts';
import { formatName } from '../x509/name.ts';
import { KEY_USAGE } from '../x509/oids.ts';
import { encodePem } from '../x509/pem.ts';
import { readCertificate } from '../x509/read-certificate.ts';

/** RFC 3339 in UTC with seconds. */
export function formatInstant(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}

/** The certificate object of the wire; what can be read from the certificate itself is read from it. */
export function certificateView(certificate: IssuedCertificate, hierarchy: Hierarchy, now: Date) {
  const { facts } = readCertificate(certificate.der);
  const usage = facts.extensions.find((one) => one.oid === KEY_USAGE);
  return {
    serialNumber: certificate.serialNumber,
    category: certificate.category,
    profile: certificate.profile,
    status: repositoryStatus(certificate, now),
    participant: certificate.participant,
    purpose: certificate.purpose,
    ...(certificate.environment === undefined ? {} : { environment: certificate.environment }),
    ...(certificate.eui64 === undefined ? {} : { eui64: formatEui64(certificate.eui64) }),
    subject: formatName(facts.subject),
    issuer: formatName(facts.issuer),
    keyUsage: usage ? readKeyUsage(usage.value) : [],
    notBefore: formatInstant(certificate.notBefore),
    notAfter: formatInstant(certificate.notAfter),
    issuedAt: formatInstant(certificate.issuedAt),
    sha256: certificate.sha256.toString('hex'),
    subjectPublicKeySha256: certificate.publicKeySha256.toString('hex'),
    decision: certificate.decision,
    certificate: encodePem('CERTIFICATE', certificate.der),
    chain: chainPems(certificate.authority, hierarchy),
  };
}

/** The certificate and its chain, leaf to root, DER. */
export function fullChain(certificate: IssuedCertificate, hierarchy: Hierarchy): Buffer[] {
  return [certificate.der, ...(hierarchy.find(certificate.authority)?.chain ?? [])];
}

/** PEM of the chain from the issuing CA to the root; encoded once for each authority. */
function chainPems(name: string, hierarchy: Hierarchy): readonly string[] {
  const authority = hierarchy.find(name);
  if (authority === undefined) return [];
  const known = encodedChains.get(authority) ?? authority.chain.map((der) => encodePem('CERTIFICATE', der));
  encodedChains.set(authority, known);
  return known;
}
const encodedChains = new WeakMap<object, readonly string[]>();
