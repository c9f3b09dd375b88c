import type { SerialNumber } from '../domain/serial-number.ts';
import { TAG } from './der.ts';
import { oid, sequence, tlv, unsignedInteger, wholeBitString } from './write-der.ts';
import { ECDSA_WITH_SHA256_OID, SHA256_WITH_RSA_OID } from './oids.ts';

/** Everything a TBSCertificate holds; Buffers are whole TLVs, written as they are. */
export interface TbsContent {
  readonly serialNumber: SerialNumber;
  /** AlgorithmIdentifier of the issuer's signature. */
  readonly signatureAlgorithm: Buffer;
  /** Name, octet for octet the issuer's subject. */
  readonly issuer: Buffer;
  readonly notBefore: Date;
  /** Inclusive: the last second counts. */
  readonly notAfter: Date;
  readonly subject: Buffer;
  readonly spki: Buffer;
  /** Extensions in their order. */
  readonly extensions: readonly Buffer[];
}

/** TBSCertificate DER, version 3. Fractions of a second are dropped: X.509 has none. @see RFC 5280, 4.1 */
export function encodeTbs(content: TbsContent): Buffer {
  return sequence(
    VERSION_3,
    unsignedInteger(Buffer.from(content.serialNumber, 'hex')),
    content.signatureAlgorithm,
    content.issuer,
    sequence(encodeTime(content.notBefore), encodeTime(content.notAfter)),
    content.subject,
    content.spki,
    tlv(EXTENSIONS, sequence(...content.extensions)),
  );
}

/** Certificate DER of the signed octets. @param signature as the algorithm gives it, ECDSA as DER */
export function assembleCertificate(tbs: Buffer, signatureAlgorithm: Buffer, signature: Buffer): Buffer {
  return sequence(tbs, signatureAlgorithm, wholeBitString(signature));
}

/** UTCTime through 2049, GeneralizedTime from 2050. @see RFC 5280, 4.1.2.5 */
function encodeTime(instant: Date): Buffer {
  const milliseconds = instant.getTime();
  const place = ENCODED_TIMES.findIndex((one) => one.milliseconds === milliseconds);
  const known = ENCODED_TIMES[place];
  if (known !== undefined) return known.encoded;
  const text = `${instant.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  const encoded =
    instant.getUTCFullYear() < 2050
      ? tlv(TAG.UTC_TIME, Buffer.from(text.slice(2), 'latin1'))
      : tlv(TAG.GENERALIZED_TIME, Buffer.from(text, 'latin1'));
  ENCODED_TIMES.unshift({ milliseconds, encoded });
  ENCODED_TIMES.length = Math.min(ENCODED_TIMES.length, 8);
  return encoded;
}

/** Without parameters. @see RFC 5758, 3.2 */
export const ECDSA_WITH_SHA256 = sequence(oid(ECDSA_WITH_SHA256_OID));
/** Parameters are NULL. @see RFC 4055, 5 */
export const SHA256_WITH_RSA = sequence(oid(SHA256_WITH_RSA_OID), tlv(TAG.NULL));

const VERSION_3 = tlv(0xa0, tlv(TAG.INTEGER, Buffer.from([2])));
const EXTENSIONS = 0xa3;
/** The latest few: all certificates of a second share their times. */
const ENCODED_TIMES: { readonly milliseconds: number; readonly encoded: Buffer }[] = [];
