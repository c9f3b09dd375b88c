import { hash, verify, type X509Certificate } from 'node:crypto';
import { CMSVersion, ContentInfo, SignedData, type Attribute, type SignerInfo } from '@peculiar/asn1-cms';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { Certificate, SubjectKeyIdentifier, type AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { TAG } from './der.ts';
import { tlv } from './write-der.ts';
import * as oids from './oids.ts';

/** The digests that a signature may use. */
export type SignatureDigest = 'sha256' | 'sha384' | 'sha512';

/**
 * Verifies a CMS SignedData that carries a signature and not the content. It must be DER to the last octet, name one
 * signer, who is the certificate's, and hold nothing that the signature does not cover but copies of certificates.
 * @returns why it is refused, in words; `undefined` when the signature is good
 * @see RFC 5652, 5
 */
export function refusalOfCms(
  cms: Buffer,
  content: Uint8Array,
  certificate: X509Certificate,
): string | undefined {
  const signed = readSignedData(cms);
  if (typeof signed === 'string') return signed;
  const { encapContentInfo, signerInfos, digestAlgorithms, certificates, crls } = signed;
  const [signer, ...others] = signerInfos;
  if (signer === undefined || others.length > 0) return 'the CMS has not exactly one signer';
  if (encapContentInfo.eContent !== undefined) return 'the CMS holds a copy of the file: it is not detached';
  if (encapContentInfo.eContentType !== oids.CMS_DATA) return 'the CMS signs something else than data';
  if (crls !== undefined || signer.unsignedAttrs !== undefined)
    return 'the CMS holds revocation lists or attributes that are not signed';
  const copies = certificates?.map(({ certificate: copy }) => copy && serialized(copy)) ?? [];
  if (copies.length > 0 && !copies.some((one) => one?.equals(certificate.raw)))
    return 'the CMS carries certificates, and the configured one is not among them';
  const bySki = signer.sid.subjectKeyIdentifier !== undefined;
  if (!namesSigner(signer, certificate))
    return 'the CMS names another signer than the configured certificate';
  const version = bySki ? CMSVersion.v3 : CMSVersion.v1;
  if (signer.version !== version || signed.version !== version)
    return 'the version of the CMS does not fit it';
  const digest = digestOf(signer.digestAlgorithm);
  if (digest === undefined) return 'the digest is not SHA-256, SHA-384 or SHA-512';
  if (digestAlgorithms.length !== 1 || digestAlgorithms.some((one) => digestOf(one) !== digest))
    return 'the CMS announces other digests than its signer uses';
  if (!fitsAlgorithm(signer.signatureAlgorithm, digest, certificate))
    return `the signature algorithm ${signer.signatureAlgorithm.algorithm} does not fit the key and the digest`;
  return refusalOfSigner(signer, content, digest, certificate);
}

/** The digest of the file, then the signature over the attributes that hold it; without attributes over the file. */
function refusalOfSigner(
  signer: SignerInfo,
  content: Uint8Array,
  digest: SignatureDigest,
  { publicKey }: X509Certificate,
): string | undefined {
  const { signedAttrs } = signer;
  const signature = Buffer.from(signer.signature.buffer);
  if (signedAttrs === undefined) return verify(digest, content, publicKey, signature) ? undefined : FORGED;
  const contentType = onlyValue(signedAttrs, oids.CONTENT_TYPE);
  if (contentType?.toString('hex') !== DATA_DER)
    return 'the signed attributes do not say that data was signed';
  const messageDigest = onlyValue(signedAttrs, oids.MESSAGE_DIGEST);
  const wanted = serialized(new OctetString(hash(digest, content, 'buffer')));
  if (messageDigest === undefined) return 'the signed attributes hold no digest';
  if (!messageDigest.equals(wanted)) return 'the file is not the one that was signed: its digest differs';
  // Carried under the tag [0], signed as a SET OF (RFC 5652, 5.4): the same octets within, because all of it is DER.
  const attributes = tlv(TAG.SET, ...signedAttrs.map(serialized));
  return verify(digest, attributes, publicKey, signature) ? undefined : FORGED;
}

/** The SignedData of a ContentInfo, both in DER: written again they are the same octets. */
function readSignedData(cms: Buffer): SignedData | string {
  try {
    const info = AsnConvert.parse(cms, ContentInfo);
    if (info.contentType !== oids.CMS_SIGNED_DATA) return 'the CMS is no SignedData';
    const signed = AsnConvert.parse(info.content, SignedData);
    const again = new ContentInfo({
      contentType: info.contentType,
      content: AsnConvert.serialize(signed),
    });
    return serialized(again).equals(cms) ? signed : 'the CMS is not written in DER';
  } catch {
    return 'the CMS cannot be read';
  }
}

function namesSigner({ sid }: SignerInfo, { raw }: X509Certificate): boolean {
  const { tbsCertificate } = AsnConvert.parse(raw, Certificate);
  const { issuerAndSerialNumber: named, subjectKeyIdentifier } = sid;
  if (named !== undefined)
    return (
      serialized(named.issuer).equals(serialized(tbsCertificate.issuer)) &&
      Buffer.from(named.serialNumber).equals(Buffer.from(tbsCertificate.serialNumber))
    );
  const extension = tbsCertificate.extensions?.find(({ extnID }) => extnID === oids.SUBJECT_KEY_IDENTIFIER);
  if (extension === undefined || subjectKeyIdentifier === undefined) return false;
  const own = AsnConvert.parse(extension.extnValue, SubjectKeyIdentifier);
  return Buffer.from(own.buffer).equals(Buffer.from(subjectKeyIdentifier.buffer));
}

/** The value of an attribute that is there once, with one value. */
function onlyValue(attributes: readonly Attribute[], type: string): Buffer | undefined {
  const found = attributes.filter(({ attrType }) => attrType === type);
  const [value, ...more] = found.flatMap(({ attrValues }) => attrValues);
  return value === undefined || more.length > 0 || found.length > 1 ? undefined : Buffer.from(value);
}

/** @see RFC 5754, 2: the parameters are absent, and NULL is read as absent */
function digestOf({ algorithm, parameters }: AlgorithmIdentifier): SignatureDigest | undefined {
  return isAbsentOrNull(parameters) ? DIGESTS.get(algorithm) : undefined;
}

function fitsAlgorithm(
  { algorithm, parameters }: AlgorithmIdentifier,
  digest: SignatureDigest,
  { publicKey }: X509Certificate,
): boolean {
  const { ec, rsa } = SIGNATURES[digest];
  if (publicKey.asymmetricKeyType === 'ec') return algorithm === ec && parameters == null;
  return [rsa, oids.RSA_ENCRYPTION].includes(algorithm) && isAbsentOrNull(parameters);
}

const isAbsentOrNull = (parameters: ArrayBuffer | null | undefined) =>
  parameters == null || Buffer.from(parameters).toString('hex') === '0500';
const serialized = (value: object): Buffer => Buffer.from(AsnConvert.serialize(value));

const FORGED = 'the signature does not verify under the key of the configured certificate';
/** The OBJECT IDENTIFIER id-data. */
const DATA_DER = '06092a864886f70d010701';
const DIGESTS = new Map<string, SignatureDigest>([
  [oids.SHA256, 'sha256'],
  [oids.SHA384, 'sha384'],
  [oids.SHA512, 'sha512'],
]);
const SIGNATURES = {
  sha256: { ec: oids.ECDSA_WITH_SHA256_OID, rsa: oids.SHA256_WITH_RSA_OID },
  sha384: { ec: oids.ECDSA_WITH_SHA384_OID, rsa: oids.SHA384_WITH_RSA_OID },
  sha512: { ec: oids.ECDSA_WITH_SHA512_OID, rsa: oids.SHA512_WITH_RSA_OID },
} as const;
