import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { eui64Octets, parseEui64 } from '../../src/domain/eui64.ts';
import { TAG } from '../../src/x509/der.ts';
import { oid, sequence, tlv, wholeBitString } from '../../src/x509/write-der.ts';
import { dnsNamesValue, hardwareModuleNameValue } from '../../src/x509/subject-alt-name.ts';
import { encodeExtension, extendedKeyUsageValue, keyUsageValue } from '../../src/x509/extensions.ts';
import { encodeName, type RelativeName } from '../../src/x509/name.ts';
import { encodePem } from '../../src/x509/pem.ts';
import * as oids from '../../src/x509/oids.ts';
import { encodeInfo } from '../../src/x509/write-csr.ts';
import type { KeyUsage } from '../../src/domain/certificate-request.ts';

/** One thing of a good CSR that a test breaks or changes. */
export interface CsrChange {
  readonly key?: KeyObject;
  readonly version?: number;
  readonly subject?: Buffer;
  readonly extensions?: readonly Buffer[];
  /** AlgorithmIdentifier DER that is written. */
  readonly algorithm?: Buffer;
  /** Hash that is really used. */
  readonly hash?: string;
  /** Signs with another key: no proof of possession. */
  readonly signWith?: KeyObject;
  /** Changes the finished octets. */
  readonly octets?: (der: Buffer) => Buffer;
}

export interface BuiltCsr {
  readonly der: Buffer;
  readonly pem: string;
  readonly key: KeyObject;
}

export const newKey = (curve = 'P-256') => generateKeyPairSync('ec', { namedCurve: curve }).privateKey;
export const newRsaKey = (bits = 2048) => generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;

/** A Device CSR as SEC Appendix M, F has it. */
export function deviceCsr(
  eui64: string,
  keyUsage: KeyUsage | readonly KeyUsage[] = 'digitalSignature',
  change: CsrChange = {},
): BuiltCsr {
  return build(encodeName([]), [keyUsageExtension(keyUsage), deviceSan(eui64)], change);
}

/** An Organisation CSR; `role` is the text of the OU. */
export function organisationCsr(
  eui64: string,
  role = '02',
  keyUsage: KeyUsage | readonly KeyUsage[] = 'digitalSignature',
  change: CsrChange & { readonly commonName?: string } = {},
): BuiltCsr {
  const names: RelativeName[] = [
    ...(change.commonName === undefined
      ? []
      : [{ type: oids.COMMON_NAME, as: 'utf8', value: change.commonName } as const]),
    { type: oids.ORGANIZATIONAL_UNIT_NAME, as: 'utf8', value: role },
    { type: oids.UNIQUE_IDENTIFIER, as: 'bit-string', value: octets(eui64) },
  ];
  return build(encodeName(names), [keyUsageExtension(keyUsage)], change);
}

/** A DCCKI CSR: CN is the Signifier; P-256 unless a key is given. */
export function dcckiCsr(
  signifier: string,
  dnsNames: readonly string[] = [],
  change: CsrChange = {},
): BuiltCsr {
  const extensions = [
    encodeExtension(
      oids.EXTENDED_KEY_USAGE,
      false,
      extendedKeyUsageValue([oids.SERVER_AUTH, oids.CLIENT_AUTH]),
    ),
    ...(dnsNames.length > 0 ? [encodeExtension(oids.SUBJECT_ALT_NAME, false, dnsNamesValue(dnsNames))] : []),
  ];
  return build(encodeName([{ type: oids.COMMON_NAME, as: 'utf8', value: signifier }]), extensions, change);
}

export const keyUsageExtension = (usage: KeyUsage | readonly KeyUsage[]) =>
  encodeExtension(oids.KEY_USAGE, true, keyUsageValue(typeof usage === 'string' ? [usage] : usage));

export const deviceSan = (eui64: string, hwType = '1.2.826.0.1.8641679.1.2.2.1') =>
  encodeExtension(oids.SUBJECT_ALT_NAME, true, hardwareModuleNameValue(hwType, octets(eui64)));

export const ECDSA_WITH_SHA384 = sequence(oid('1.2.840.10045.4.3.3'));

/** EUI-64 octets of any of the three written forms. */
export function octets(eui64: string): Buffer {
  const value = parseEui64(eui64);
  if (value === undefined) throw new TypeError(`${eui64} is no EUI-64`);
  return eui64Octets(value);
}

function build(subject: Buffer, extensions: readonly Buffer[], change: CsrChange): BuiltCsr {
  const key = change.key ?? newKey();
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const info = encodeInfo(change.subject ?? subject, spki, change.extensions ?? extensions, change.version);
  const algorithm =
    change.algorithm ??
    (key.asymmetricKeyType === 'rsa'
      ? sequence(oid(oids.SHA256_WITH_RSA_OID), tlv(TAG.NULL))
      : sequence(oid(oids.ECDSA_WITH_SHA256_OID)));
  const signature = sign(change.hash ?? 'sha256', info, change.signWith ?? key);
  const good = sequence(info, algorithm, wholeBitString(signature));
  const der = change.octets?.(good) ?? good;
  return { der, pem: encodePem('CERTIFICATE REQUEST', der), key };
}
