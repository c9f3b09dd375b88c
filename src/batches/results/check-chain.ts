import { verify, X509Certificate } from 'node:crypto';
import { readCertificate, type CertificateFacts } from '../../x509/read-certificate.ts';

/** Says what is wrong with a certificate's way up to a root; `undefined` when nothing is. */
export type ChainCheck = (certificate: CertificateFacts) => string | undefined;

/**
 * Checks certificates against trust anchors: signed by a CA among them, whose own way up ends in a root among them.
 * Dates are not judged: a result is looked at long after it was made.
 * @param anchors  roots and issuing CAs, DER, in any order
 * @throws DerError when one of them is no certificate
 * @see RFC 5280, 6.1.3 (a)(1) and (a)(4)
 */
export function chainCheck(anchors: readonly Buffer[]): ChainCheck {
  const authorities = anchors.map((der) => {
    const { facts } = readCertificate(der);
    const certificate = new X509Certificate(der);
    return {
      subject: hex(facts.subject),
      issuer: hex(facts.issuer),
      certificate,
      key: certificate.publicKey,
    };
  });
  type Anchor = (typeof authorities)[number];
  const isRooted = (one: Anchor, below: readonly Anchor[]): boolean =>
    one.certificate.ca &&
    !below.includes(one) &&
    authorities.some(
      (above) =>
        above.subject === one.issuer &&
        one.certificate.verify(above.key) &&
        (above === one || isRooted(above, [...below, one])),
    );
  const rooted = authorities.filter((one) => isRooted(one, []));

  return ({ tbs, facts, signature }) => {
    const issuer = hex(facts.issuer);
    const above = rooted.filter((one) => one.subject === issuer);
    if (above.length === 0) return 'no trust anchor has the name of its issuer';
    return above.some(({ key }) => verify('sha256', tbs, key, signature))
      ? undefined
      : 'its signature does not verify under the key of its issuer';
  };
}

const hex = (octets: Buffer) => octets.toString('hex');
