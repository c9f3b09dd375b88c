import type { CsrExtension, CsrFacts } from '../domain/certificate-request.ts';
import { DerError, type DerReader, readWhole, TAG } from './der.ts';
import { readExtensions } from './extensions.ts';
import { readNameFrom } from './name.ts';
import { ECDSA_WITH_SHA256_OID, EXTENSION_REQUEST, SHA256_WITH_RSA_OID } from './oids.ts';
import { readPublicKey } from './public-key.ts';

/** The largest CSR that is read, in octets: several times what the largest RSA key needs. */
export const LARGEST_CSR = 16 * 1024;

/**
 * Reads a PKCS#10 CertificationRequest in one strict walk. It judges the octets only: what a CSR may ask for is the
 * business of `eligibility/csr-rules.ts`, and whether its signature verifies that of `proofOfPossession`.
 *
 * @param der  the whole request; at most 16 KiB
 * @throws DerError for anything that is not DER: BER, octets too many, SETs out of order, texts invalid for their tag,
 *         two extensionRequest attributes or one with several values
 * @see RFC 2986, 4
 */
export function readCsr(der: Buffer): CsrFacts {
  if (der.length > LARGEST_CSR)
    throw new DerError(
      LARGEST_CSR,
      `a CSR has at most ${String(LARGEST_CSR)} octets, not ${String(der.length)}`,
    );
  return readWhole(der, 'the CSR', (reader) => {
    const request = reader.enter(TAG.SEQUENCE, 'the CSR');
    const start = request.position;
    const contents = readInfo(request.enter(TAG.SEQUENCE, 'the CertificationRequestInfo'));
    const info = request.octets.subarray(start, request.position);
    const algorithm = readSignatureAlgorithm(request);
    const signature = request.wholeBits('the signature');
    request.finish('the signature');
    return { der, info, ...contents, ...algorithm, signature };
  });
}

type InfoFacts = Pick<CsrFacts, 'version' | 'subject' | 'spki' | 'publicKey' | 'attributes' | 'extensions'>;

function readInfo(info: DerReader): InfoFacts {
  const version = info.smallInteger('the version');
  const subject = readNameFrom(info, 'the subject');
  const key = readPublicKey(info);
  const attributes = readAttributes(info.enter(ATTRIBUTES, 'the attributes'));
  info.finish('the attributes');
  return { version, subject, ...key, ...attributes };
}

function readAttributes(list: DerReader): Pick<CsrFacts, 'attributes' | 'extensions'> {
  const attributes: string[] = [];
  let extensions: CsrExtension[] = [];
  let before: Buffer | undefined;
  while (!list.done) {
    const start = list.position;
    const attribute = list.enter(TAG.SEQUENCE, 'an attribute');
    const type = attribute.oid('an attribute type');
    const values = attribute.enter(TAG.SET, 'the values of an attribute');
    attribute.finish('the values of an attribute');
    const encoded = list.octets.subarray(start, list.position);
    if (before && Buffer.compare(before, encoded) > 0)
      throw new DerError(start, 'the attributes are not in DER order');
    if (attributes.includes(type)) throw new DerError(start, `the attribute ${type} is there twice`);
    before = encoded;
    attributes.push(type);
    if (type === EXTENSION_REQUEST) extensions = readExtensions(values);
    else values.takeTlv('the value of an attribute');
    values.finish('the only value of an attribute');
  }
  return { attributes, extensions };
}

function readSignatureAlgorithm(request: DerReader) {
  const algorithm = request.enter(TAG.SEQUENCE, 'the signature algorithm');
  const signatureAlgorithm = algorithm.oid('the signature algorithm');
  const parameters = algorithm.done
    ? undefined
    : algorithm.takeTlv('the parameters of the signature algorithm');
  algorithm.finish('the signature algorithm');
  const isNull = parameters?.length === 2 && parameters[0] === TAG.NULL;
  const signatureAlgorithmWellFormed =
    signatureAlgorithm === ECDSA_WITH_SHA256_OID
      ? parameters === undefined
      : signatureAlgorithm === SHA256_WITH_RSA_OID
        ? isNull
        : true;
  return { signatureAlgorithm, signatureAlgorithmWellFormed };
}

const ATTRIBUTES = 0xa0;
