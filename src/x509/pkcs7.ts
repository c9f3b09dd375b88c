import { TAG } from './der.ts';
import { CMS_DATA, CMS_SIGNED_DATA } from './oids.ts';
import { oid, tlv } from './write-der.ts';

/**
 * A PKCS#7 bundle (certs-only SignedData) of certificates in DER, in their order. Where nobody signs, the content is left out:
 * an empty one would be another thing. @see RFC 5652, 5.2
 */
export function encodePkcs7(certificates: readonly Buffer[]): Buffer {
  const { before, after } = pkcs7Frame(certificates.reduce((length, der) => length + der.length, 0));
  return Buffer.concat([before, ...certificates, after]);
}

/**
 * What stands before and after the certificates of a PKCS#7 bundle (certs-only SignedData, signed by nobody), for a
 * bundle that is too large to be built in memory.
 * @param length  octets of all certificates together
 * @see RFC 5652, 5.1; RFC 8551, 3.8
 */
export function pkcs7Frame(length: number): { readonly before: Buffer; readonly after: Buffer } {
  const version = tlv(TAG.INTEGER, Buffer.from([1]));
  const content = tlv(TAG.SEQUENCE, oid(CMS_DATA));
  const after = NOTHING;
  const certificates = header(0xa0, length);
  const facts = Buffer.concat([version, NOTHING, content, certificates]);
  const signedData = header(TAG.SEQUENCE, facts.length + length + after.length);
  const tagged = header(0xa0, signedData.length + facts.length + length + after.length);
  const type = oid(CMS_SIGNED_DATA);
  const inner = type.length + tagged.length + signedData.length + facts.length + length + after.length;
  return { before: Buffer.concat([header(TAG.SEQUENCE, inner), type, tagged, signedData, facts]), after };
}

/** Tag and length of a TLV, the length in the fewest octets; up to 4 GiB. */
function header(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.from([tag, length]);
  const octets = length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  const out = Buffer.alloc(2 + octets);
  out[0] = tag;
  out[1] = 0x80 + octets;
  out.writeUIntBE(length, 2, octets);
  return out;
}

/** An empty SET: no digest algorithms, no signers. */
const NOTHING = tlv(TAG.SET);
