import { setImmediate } from 'node:timers/promises';
import { Fault, type Reason } from '../../domain/fault.ts';
import { readZip, type ZipArchive } from '../../archive/read-zip.ts';
import { windowedOctets } from '../../archive/windowed-file.ts';
import { ZipError, type ZipTrouble } from '../../archive/zip-trouble.ts';
import { decodeCertificate, type CertificateVerdict } from '../../lint/check-certificate.ts';
import { quoteName } from '../container-error.ts';
import { idKey, idTrouble, pathTrouble } from './item-names.ts';

/** How much a ZIP of certificates to be checked may be; DESIGN: what one answer can tell and one request may cost. */
export const CHECK_LIMITS = {
  /** Files, one certificate each. */
  entries: 1000,
  /** Octets of one file, unpacked: several times a certificate with RSA 4096 as PEM. */
  entrySize: 16 * 1024,
  /** Octets of the ZIP. */
  uploadOctets: 4 * 1024 * 1024,
} as const;

/** What was said of one file of the ZIP; NONE: it holds no certificate. */
export type CheckedFile = { readonly name: string } & (
  CertificateVerdict | { readonly verdict: 'NONE'; readonly reasons: readonly Reason[] }
);

/**
 * Checks every certificate of a ZIP (requirements, F11), in its order. A file that holds none has a verdict of its own; whatever is wrong
 * with the ZIP as a container refuses the whole. Other requests are served between two certificates.
 * @param check  the verdict over one certificate in DER. @throws Fault `certificate-unreadable`
 * @throws Fault `too-large` for too many files, or one that is too large; `malformed-request` for every other trouble, each with
 *         its file: no ZIP, encrypted, folders and links, paths, names that are there twice, contents that overlap or unpack to more than is told
 */
export async function checkZip(
  octets: Buffer,
  check: (der: Buffer) => CertificateVerdict,
): Promise<CheckedFile[]> {
  try {
    const archive = await readZip(windowedOctets(octets), CHECK_LIMITS);
    const troubles = [...archive.troubles, ...nameTroubles(archive)];
    if (troubles.length > 0) throw refusedZip(troubles.slice(0, MOST_TOLD));
    const checked: CheckedFile[] = [];
    for (const entry of archive.entries) {
      checked.push({ name: entry.name, ...checkFile(await archive.read(entry), check) });
      await setImmediate();
    }
    return checked;
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw refusedZip([error.trouble]);
  }
}

function checkFile(octets: Buffer, check: (der: Buffer) => CertificateVerdict) {
  try {
    return check(decodeCertificate(octets));
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'certificate-unreadable') throw error;
    return { verdict: 'NONE' as const, reasons: error.reasons };
  }
}

function nameTroubles({ entries }: ZipArchive): Trouble[] {
  const seen = new Set<string>();
  const troubles = entries.flatMap(({ name }): Trouble[] => {
    const trouble = pathTrouble(name) ?? idTrouble(name);
    if (trouble !== undefined) return [{ entry: name, detail: `its name ${trouble.fault}` }];
    const twice = seen.has(idKey(name));
    seen.add(idKey(name));
    return twice ? [{ entry: name, detail: 'its name is there twice' }] : [];
  });
  return entries.length === 0 ? [{ detail: 'the ZIP holds no file' }] : troubles;
}

function refusedZip(troubles: readonly Trouble[]): Fault {
  const tooLarge = troubles.every(({ kind }) => kind === 'TOO_MANY_ENTRIES' || kind === 'ENTRY_TOO_LARGE');
  return new Fault(
    tooLarge ? 'too-large' : 'malformed-request',
    'The ZIP is refused as a whole; nothing of it was checked.',
    {
      reasons: troubles.map(({ entry, detail }) => ({
        reason: 'CERTIFICATE_ZIP_REFUSED',
        clause: 'APPNOTE.TXT of the ZIP format, 4.3; DESIGN',
        detail: entry === undefined ? detail : `file ${quoteName(entry)}: ${detail}`,
        fix: `Pack up to ${String(CHECK_LIMITS.entries)} certificates and nothing else, at the root: zip -j -X certificates.zip *.crt`,
      })),
    },
  );
}

type Trouble = Pick<ZipTrouble, 'entry' | 'detail'> & { readonly kind?: ZipTrouble['kind'] };
/** More than these help nobody. */
const MOST_TOLD = 20;
