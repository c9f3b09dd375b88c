import 'reflect-metadata';
import { createHash } from 'node:crypto';
import {
  AsnBitStringConverter,
  AsnConvert,
  AsnProp,
  AsnPropTypes,
  AsnType,
  AsnTypeTypes,
  OctetString,
} from '@peculiar/asn1-schema';
import * as asn1 from '@peculiar/asn1-x509';
import type { CertificateSubject } from '../../src/domain/certificate-request.ts';

/** What a certificate says, in words that no encoder of ours has touched. */
export interface OracleFacts {
  readonly serialNumber: string;
  /** `ecdsa` has no parameters, `rsa` has NULL. */
  readonly signedWith: 'ecdsa' | 'rsa';
  readonly issuer: readonly OracleName[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly subject: readonly OracleName[];
  readonly spki: Buffer;
  readonly extensions: readonly (readonly [oid: string, critical: boolean, value: unknown])[];
}

/** One RDN of one attribute. */
export type OracleName = readonly [type: string, as: 'utf8' | 'printable' | 'bits', value: string | Buffer];

/** The TBSCertificate DER that the objects of asn1-x509 give: other code than the one that writes our certificates. */
export function tbs(facts: OracleFacts): Buffer {
  const certificate = new asn1.TBSCertificate({
    version: asn1.Version.v3,
    serialNumber: bytes(Buffer.from(facts.serialNumber, 'hex')),
    signature: new asn1.AlgorithmIdentifier(
      facts.signedWith === 'rsa'
        ? { algorithm: '1.2.840.113549.1.1.11', parameters: null }
        : { algorithm: '1.2.840.10045.4.3.2' },
    ),
    issuer: nameOf(facts.issuer),
    validity: new asn1.Validity({ notBefore: facts.notBefore, notAfter: facts.notAfter }),
    subject: nameOf(facts.subject),
    subjectPublicKeyInfo: AsnConvert.parse(facts.spki, asn1.SubjectPublicKeyInfo),
    extensions: new asn1.Extensions(
      facts.extensions.map(
        ([extnID, critical, value]) =>
          new asn1.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) }),
      ),
    ),
  });
  return Buffer.from(AsnConvert.serialize(certificate));
}

/** keyUsage of these bits. */
export const keyUsage = (...bits: readonly (keyof typeof asn1.KeyUsageFlags)[]) =>
  [
    '2.5.29.15',
    true,
    new asn1.KeyUsage(bits.reduce((sum, bit) => sum | asn1.KeyUsageFlags[bit], 0)),
  ] as const;

/** serverAuth and clientAuth (RFC 5280, 4.2.1.12). */
export const tlsAtBothEnds = () =>
  ['2.5.29.37', false, new asn1.ExtendedKeyUsage(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])] as const;

export const policy = (policyIdentifier: string) =>
  [
    '2.5.29.32',
    true,
    new asn1.CertificatePolicies([new asn1.PolicyInformation({ policyIdentifier })]),
  ] as const;

export const basicConstraints = (pathLenConstraint?: number) =>
  [
    '2.5.29.19',
    true,
    new asn1.BasicConstraints(
      pathLenConstraint === undefined ? { cA: true } : { cA: true, pathLenConstraint },
    ),
  ] as const;

export const subjectKey = (spki: Buffer) =>
  ['2.5.29.14', false, new asn1.SubjectKeyIdentifier(bytes(method2(spki)))] as const;

export const authorityKey = (issuerSpki: Buffer) =>
  [
    '2.5.29.35',
    false,
    new asn1.AuthorityKeyIdentifier({ keyIdentifier: new asn1.KeyIdentifier(bytes(method2(issuerSpki))) }),
  ] as const;

/** hardwareModuleName (RFC 4108, 5) of a device, host names of an infrastructure; none of an organisation. */
export function alternativeName(subject: CertificateSubject) {
  const extension = (critical: boolean, names: asn1.GeneralName[]) =>
    [['2.5.29.17', critical, new asn1.SubjectAlternativeName(names)] as const] as const;
  if (subject.category === 'ORGANISATION') return [];
  if (subject.category === 'DCCKI')
    return subject.dnsNames.length === 0
      ? []
      : extension(
          false,
          subject.dnsNames.map((dNSName) => new asn1.GeneralName({ dNSName })),
        );
  const moduleName = Buffer.from(
    AsnConvert.serialize(new HardwareModuleName(subject.hwType, Buffer.from(subject.eui64, 'hex'))),
  );
  const otherName = new asn1.OtherName({ typeId: '1.3.6.1.5.5.7.8.4', value: bytes(moduleName) });
  return extension(true, [new asn1.GeneralName({ otherName })]);
}

/** HardwareModuleName ::= SEQUENCE { hwType OBJECT IDENTIFIER, hwSerialNum OCTET STRING } (RFC 4108, 5) */
export class HardwareModuleName {
  readonly hwType: string;
  readonly hwSerialNum: ArrayBuffer;

  constructor(hwType = '', hwSerialNum: Buffer = Buffer.alloc(0)) {
    this.hwType = hwType;
    this.hwSerialNum = bytes(hwSerialNum);
  }
}
AsnProp({ type: AsnPropTypes.ObjectIdentifier })(HardwareModuleName.prototype, 'hwType');
AsnProp({ type: AsnPropTypes.OctetString })(HardwareModuleName.prototype, 'hwSerialNum');
AsnType({ type: AsnTypeTypes.Sequence })(HardwareModuleName);

function nameOf(names: readonly OracleName[]): asn1.Name {
  return new asn1.Name(
    names.map(
      ([type, as, value]) =>
        new asn1.RelativeDistinguishedName([
          new asn1.AttributeTypeAndValue({ type, value: new asn1.AttributeValue(valueOf(as, value)) }),
        ]),
    ),
  );
}

function valueOf(as: OracleName[1], value: string | Buffer): Partial<asn1.AttributeValue> {
  if (typeof value !== 'string') return { anyValue: AsnBitStringConverter.toASN(bytes(value)).toBER() };
  return as === 'utf8' ? { utf8String: value } : { printableString: value };
}

/** RFC 5280, 4.2.1.2 (2), told over the numbers: 0100 and the 60 low bits of SHA-1 of the key's bits. */
function method2(spki: Buffer): Buffer {
  const { subjectPublicKey } = AsnConvert.parse(spki, asn1.SubjectPublicKeyInfo);
  const sha1 = createHash('sha1').update(Buffer.from(subjectPublicKey)).digest('hex');
  const identifier = (0x4n << 60n) | (BigInt(`0x${sha1}`) & ((1n << 60n) - 1n));
  return Buffer.from(identifier.toString(16), 'hex');
}

const bytes = (octets: Buffer): ArrayBuffer => new Uint8Array(octets).buffer;
