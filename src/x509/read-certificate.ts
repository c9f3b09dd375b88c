import type { CsrExtension, PublicKeyFacts } from '../domain/certificate-request.ts';
import { DerError, type DerReader, readWhole, TAG } from './der.ts';
import { readExtensions } from './extensions.ts';
import { readNameFrom } from './name.ts';
import { readPublicKey } from './public-key.ts';

/** What the octets of a TBSCertificate say; Buffers are views of whole TLVs unless told otherwise. */
export interface TbsFacts {
  readonly version: number;
  /** Content octets of the INTEGER, minimal. */
  readonly serialNumber: Buffer;
  readonly signatureAlgorithm: Buffer;
  readonly issuer: Buffer;
  readonly validity: {
    readonly notBefore: Date;
    readonly notBeforeTag: number;
    readonly notAfter: Date;
    readonly notAfterTag: number;
  };
  readonly subject: Buffer;
  readonly spki: Buffer;
  readonly publicKey: PublicKeyFacts;
  /** issuerUniqueID or subjectUniqueID is there. */
  readonly hasUniqueIds: boolean;
  readonly extensions: readonly CsrExtension[];
}

export interface CertificateFacts {
  readonly tbs: Buffer;
  readonly facts: TbsFacts;
  readonly signatureAlgorithm: Buffer;
  /** Octets of the signature. */
  readonly signature: Buffer;
}

/** Reads a whole certificate strictly. @throws DerError @see RFC 5280, 4.1 */
export function readCertificate(der: Buffer): CertificateFacts {
  return readWhole(der, 'the certificate', (reader) => {
    const certificate = reader.enter(TAG.SEQUENCE, 'the certificate');
    const tbs = certificate.takeTlv('the TBSCertificate');
    const signatureAlgorithm = certificate.takeTlv('the signature algorithm');
    const signature = certificate.wholeBits('the signature');
    certificate.finish('the signature');
    return { tbs, facts: readTbs(tbs), signatureAlgorithm, signature };
  });
}

/** Reads a TBSCertificate strictly. @throws DerError */
export function readTbs(tbs: Buffer): TbsFacts {
  return readWhole(tbs, 'the TBSCertificate', (reader) => {
    const inner = reader.enter(TAG.SEQUENCE, 'the TBSCertificate');
    const version = inner.peek() === VERSION ? readVersion(inner) : 1;
    const serialNumber = inner.integer('the serial number');
    const signatureAlgorithm = readAlgorithm(inner);
    const issuer = readNameTlv(inner, 'the issuer');
    const validity = readValidity(inner);
    const subject = readNameTlv(inner, 'the subject');
    const { spki, publicKey } = readPublicKey(inner);
    const hasUniqueIds = UNIQUE_IDS.includes(inner.peek());
    while (UNIQUE_IDS.includes(inner.peek())) inner.takeTlv('a unique identifier');
    const extensions = inner.peek() === EXTENSIONS ? readTaggedExtensions(inner) : [];
    inner.finish('the extensions');
    const names = { issuer, subject };
    return {
      version,
      serialNumber,
      signatureAlgorithm,
      ...names,
      validity,
      spki,
      publicKey,
      hasUniqueIds,
      extensions,
    };
  });
}

function readVersion(reader: DerReader): number {
  const tagged = reader.enter(VERSION, 'the version');
  const start = tagged.position;
  const version = tagged.smallInteger('the version');
  tagged.finish('the version');
  if (version === 0) throw new DerError(start, 'version 1 is the default and is not written in DER');
  return version + 1;
}

function readAlgorithm(reader: DerReader): Buffer {
  const start = reader.position;
  reader.enter(TAG.SEQUENCE, 'the signature algorithm').oid('the signature algorithm');
  return reader.octets.subarray(start, reader.position);
}

function readNameTlv(reader: DerReader, what: string): Buffer {
  const start = reader.position;
  readNameFrom(reader, what);
  return reader.octets.subarray(start, reader.position);
}

function readTaggedExtensions(reader: DerReader): CsrExtension[] {
  const tagged = reader.enter(EXTENSIONS, 'the extensions');
  const extensions = readExtensions(tagged);
  tagged.finish('the extensions');
  return extensions;
}

function readValidity(reader: DerReader): TbsFacts['validity'] {
  const validity = reader.enter(TAG.SEQUENCE, 'the validity');
  const notBeforeTag = validity.peek();
  const notBefore = readTime(validity, 'notBefore');
  const notAfterTag = validity.peek();
  const notAfter = readTime(validity, 'notAfter');
  validity.finish('notAfter');
  return { notBefore, notBeforeTag, notAfter, notAfterTag };
}

function readTime(reader: DerReader, what: string): Date {
  const start = reader.position;
  const tag = reader.peek() === TAG.GENERALIZED_TIME ? TAG.GENERALIZED_TIME : TAG.UTC_TIME;
  const text = reader.take(tag, what);
  const digits = tag === TAG.GENERALIZED_TIME ? 14 : 12;
  if (text.length !== digits + 1 || text[digits] !== ZULU)
    throw new DerError(start, `${what} is not written as RFC 5280 wants it`);
  const pair = (place: number) => {
    const tens = (text[place] ?? 0) - 0x30;
    const ones = (text[place + 1] ?? 0) - 0x30;
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9)
      throw new DerError(start, `${what} holds something else than digits`);
    return tens * 10 + ones;
  };
  const short = pair(digits - 12);
  const year = digits === 14 ? pair(0) * 100 + short : short + (short < 50 ? 2000 : 1900);
  const [month, day, hour] = [pair(digits - 10), pair(digits - 8), pair(digits - 6)];
  const instant = new Date(Date.UTC(year, month - 1, day, hour, pair(digits - 4), pair(digits - 2)));
  // Date.UTC takes years below 100 for 1900 and later, and carries the 31st of a short month over: neither is our instant.
  const kept =
    instant.getUTCFullYear() === year &&
    instant.getUTCMonth() === month - 1 &&
    instant.getUTCDate() === day &&
    instant.getUTCHours() === hour;
  if (!kept || pair(digits - 4) > 59 || pair(digits - 2) > 59)
    throw new DerError(start, `${what} is not an instant of the calendar`);
  return instant;
}

const ZULU = 0x5a;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const UNIQUE_IDS = [0x81, 0x82];
