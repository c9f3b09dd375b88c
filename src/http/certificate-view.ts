import type { IssuedCertificate } from '../domain/certificate.ts';
import { repositoryStatus } from '../domain/certificate.ts';
import { formatEui64 } from '../domain/eui64.ts';
import { formatInstant } from '../domain/instant.ts';
import type { Hierarchy } from '../ca/hierarchy.ts';
import type { DownloadAnswer } from '../eligibility/download-reasons.ts';
import type { IssuanceNeeds } from '../issuance/needs.ts';
import { readKeyUsage } from '../x509/extensions.ts';
import { formatName } from '../x509/name.ts';
import { KEY_USAGE } from '../x509/oids.ts';
import { encodePem } from '../x509/pem.ts';
import { readCertificate } from '../x509/read-certificate.ts';

/** What views of certificates are made with. */
type ViewNeeds = Pick<IssuanceNeeds, 'hierarchy' | 'db' | 'clock'>;

/** The certificate objects of the wire, in their order; issuers that this node does not know are looked up. */
export async function certificateViews(certificates: readonly IssuedCertificate[], needs: ViewNeeds) {
  const { hierarchy, db, clock } = needs;
  const view = (one: IssuedCertificate) => certificateView(one, hierarchy, clock.now());
  const views = certificates.map(view);
  if (views.every((one) => one.chain.length > 0)) return views;
  await hierarchy.chains.learn(certificates, db);
  return certificates.map(view);
}

/** The certificate object of the wire; what can be read from the certificate itself is read from it. */
function certificateView(certificate: IssuedCertificate, hierarchy: Hierarchy, now: Date) {
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
    chain: chainPems(hierarchy.chains.above(facts)),
  };
}

/** What is shown of a certificate that may no longer be handed out: everything but its octets, and why. */
export function withheldView(
  view: ReturnType<typeof certificateView>,
  { basisLapsed, reasons }: DownloadAnswer,
): object {
  const shown = Object.entries(view).filter(([name]) => name !== 'certificate' && name !== 'chain');
  return { ...Object.fromEntries(shown), basisLapsed, withheld: reasons };
}

/** The certificate and the chain it was issued under, leaf to root, DER. */
export async function fullChain(
  certificate: IssuedCertificate,
  { hierarchy, db }: Pick<ViewNeeds, 'hierarchy' | 'db'>,
): Promise<Buffer[]> {
  await hierarchy.chains.learn([certificate], db);
  return [certificate.der, ...hierarchy.chains.above(readCertificate(certificate.der).facts)];
}

/** PEM of a chain; encoded once for each. */
function chainPems(chain: readonly Buffer[]): readonly string[] {
  const known = encodedChains.get(chain) ?? chain.map((der) => encodePem('CERTIFICATE', der));
  encodedChains.set(chain, known);
  return known;
}
const encodedChains = new WeakMap<readonly Buffer[], readonly string[]>();
