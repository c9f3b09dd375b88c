import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import {
  CATEGORIES,
  formatRoleCode,
  parseRoleCode,
  REMOTE_PARTY_ROLES,
  type Category,
  type RemotePartyRole,
} from '../domain/category.ts';
import { eui64Octets, parseEui64 } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import { encodeExtension, extendedKeyUsageValue, keyUsageValue } from '../x509/extensions.ts';
import { encodeName } from '../x509/name.ts';
import * as oids from '../x509/oids.ts';
import { encodePem } from '../x509/pem.ts';
import { dnsNamesValue, hardwareModuleNameValue } from '../x509/subject-alt-name.ts';
import { writeCsr, type CsrContent } from '../x509/write-csr.ts';
import { print, type OutputOptions } from './output.ts';
import { makeFolder, requireNew, writeNew } from './write-new.ts';

/** What a tester's CSR asks for. */
export interface CsrWish {
  readonly category: Category;
  readonly eui64?: string;
  readonly role?: string;
  readonly commonName?: string;
  readonly signifier?: string;
  readonly keyUsage: 'digitalSignature' | 'keyAgreement';
  readonly dnsNames: readonly string[];
}

/** csr: a key pair and a CSR, made here and sent nowhere. */
export function csrCommand(tcs: Command): void {
  tcs
    .command('csr')
    .description('make a key pair and a CSR on this machine, to try the service without another tool')
    .requiredOption('--category <category>', CATEGORIES.join(', '))
    .option('--eui64 <eui64>', 'User ID (Organisation) or Device ID (Device)')
    .option('--role <code>', 'RemotePartyRole of an Organisation, two hex digits', '02')
    .option('--common-name <name>', 'trading name of an Organisation')
    .option('--signifier <signifier>', 'subject of a DCCKI certificate')
    .option('--dns-name <name...>', 'host names of a DCCKI certificate', [])
    .option('--key-usage <usage>', 'digitalSignature or keyAgreement', 'digitalSignature')
    .option('--rsa', 'an RSA key of 2048 bits (DCCKI only); P-256 without it')
    .option('--out <stem>', 'files <stem>.csr and <stem>.key', 'request')
    .option('--json', 'one JSON value: the names of the files')
    .addHelpText(
      'after',
      `
Examples:
  $ tcs csr --category DEVICE --eui64 00-DB-12-34-20-00-00-01 --out meter1
  $ tcs csr --category ORGANISATION --eui64 90-B3-D5-1F-30-01-00-00 --role 02 --out supplier
  $ tcs csr --category DCCKI --signifier NORTHGATE --rsa --out gateway`,
    )
    .action(async (options: CsrOptions) => {
      const key = options.rsa ? newRsaKey() : newP256Key();
      const der = writeCsr(csrContent(parseWish(options)), key);
      const written = { csr: `${options.out}.csr`, key: `${options.out}.key` };
      await writeBoth(written, encodePem('CERTIFICATE REQUEST', der), key);
      print(
        options,
        written,
        () => `wrote ${written.csr} and its private key ${written.key} (keep that one)`,
      );
    });
}

/** The content of the CSR that SEC Appendix M, F describes for the category. @throws Fault `malformed-request` */
export function csrContent(wish: CsrWish): CsrContent {
  const keyUsage = encodeExtension(oids.KEY_USAGE, true, keyUsageValue([wish.keyUsage]));
  switch (wish.category) {
    case 'DEVICE':
      return {
        subject: encodeName([]),
        extensions: [
          keyUsage,
          encodeExtension(
            oids.SUBJECT_ALT_NAME,
            true,
            hardwareModuleNameValue(oids.TEST_DEVICES, requireEui64(wish)),
          ),
        ],
      };
    case 'ORGANISATION':
      return {
        subject: encodeName([
          ...(wish.commonName === undefined
            ? []
            : [{ type: oids.COMMON_NAME, as: 'utf8', value: wish.commonName } as const]),
          { type: oids.ORGANIZATIONAL_UNIT_NAME, as: 'utf8', value: wish.role ?? '02' },
          { type: oids.UNIQUE_IDENTIFIER, as: 'bit-string', value: requireEui64(wish) },
        ]),
        extensions: [keyUsage],
      };
    case 'DCCKI': {
      if (wish.signifier === undefined)
        throw new Fault('malformed-request', 'A DCCKI CSR needs --signifier.');
      const purposes = encodeExtension(
        oids.EXTENDED_KEY_USAGE,
        false,
        extendedKeyUsageValue([oids.SERVER_AUTH, oids.CLIENT_AUTH]),
      );
      const hosts =
        wish.dnsNames.length > 0
          ? [encodeExtension(oids.SUBJECT_ALT_NAME, false, dnsNamesValue(wish.dnsNames))]
          : [];
      return {
        subject: encodeName([{ type: oids.COMMON_NAME, as: 'utf8', value: wish.signifier }]),
        extensions: [purposes, ...hosts],
      };
    }
  }
}

/** Neither is left without the other. @throws Fault `conflict` before the first is written, `output-unwritable` */
async function writeBoth(files: { csr: string; key: string }, csr: string, key: KeyObject): Promise<void> {
  requireNew([files.csr, files.key]);
  makeFolder(path.dirname(files.csr));
  await writeNew({ out: files.key }, (file) => file.writeFile(key.export({ type: 'pkcs8', format: 'pem' })));
  try {
    await writeNew({ out: files.csr, mode: 0o644 }, (file) => file.writeFile(csr));
  } catch (error) {
    rmSync(files.key, { force: true });
    throw error;
  }
}

export const newP256Key = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
export const newRsaKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

interface CsrOptions extends OutputOptions {
  readonly category: string;
  readonly eui64?: string;
  readonly role: string;
  readonly commonName?: string;
  readonly signifier?: string;
  readonly dnsName: readonly string[];
  readonly keyUsage: string;
  readonly rsa?: true;
  readonly out: string;
}

function parseWish({ category, keyUsage, dnsName, ...rest }: CsrOptions): CsrWish {
  const known = CATEGORIES.find((one) => one === category.toUpperCase());
  if (known === undefined)
    throw new Fault('malformed-request', `--category is one of ${CATEGORIES.join(', ')}.`);
  if (keyUsage !== 'digitalSignature' && keyUsage !== 'keyAgreement')
    throw new Fault('malformed-request', '--key-usage is digitalSignature or keyAgreement.');
  if (rest.rsa && known !== 'DCCKI')
    throw new Fault('malformed-request', 'Only DCCKI certificates may have RSA keys.');
  if (parseRoleCode(rest.role) === undefined)
    throw new Fault(
      'malformed-request',
      `--role is one of ${Object.entries(REMOTE_PARTY_ROLES)
        .map(([role]) => `${formatRoleCode(role as RemotePartyRole)} ${role}`)
        .join(', ')}.`,
    );
  return { ...rest, category: known, keyUsage, dnsNames: dnsName };
}

function requireEui64({ eui64 }: CsrWish): Buffer {
  const value = eui64 === undefined ? undefined : parseEui64(eui64);
  if (value === undefined)
    throw new Fault('malformed-request', '--eui64 is wanted: 16 hex digits, in pairs if you like.');
  return eui64Octets(value);
}
