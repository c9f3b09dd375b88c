import { openZip, type ZipArchive } from '../../archive/read-zip.ts';
import { ZipError, type ZipTrouble } from '../../archive/zip-trouble.ts';
import type { ContainerFinding, FoundItem } from '../batch-item.ts';
import type { BatchLimits } from '../batch-limits.ts';
import { ContainerError, quoteName } from '../container-error.ts';
import { duplicateFindings, fileNameTrouble, itemIdOf } from './item-names.ts';

/**
 * Items of a ZIP: a file `<id>.csr` each, at the root. Names and headers are judged before the first content is read.
 * What a file holds is the item's own matter: a file that is no text, or DER, is a CSR that cannot be read.
 * @throws ContainerError
 * @see SEC Appendix M, F
 */
export async function* readZipItems(
  file: string,
  limits: BatchLimits,
): AsyncGenerator<FoundItem, void, undefined> {
  const archive = await open(file, limits);
  try {
    const findings = [...archive.troubles.map(findingOf), ...nameFindings(archive)];
    if (findings.length > 0) {
      for (const finding of findings) yield { finding };
      return;
    }
    for (const entry of archive.entries) {
      const { name } = entry;
      const csr = (await archive.read(entry)).toString('utf8');
      yield { item: { id: itemIdOf(name), fileName: name, csr }, place: placeOf(name) };
    }
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw new ContainerError(findingOf(error.trouble), { cause: error });
  } finally {
    await archive.close();
  }
}

async function open(file: string, limits: BatchLimits): Promise<ZipArchive> {
  try {
    return await openZip(file, { entries: limits.items, entrySize: limits.csrOctets });
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw new ContainerError(findingOf(error.trouble), { cause: error });
  }
}

function nameFindings({ entries }: ZipArchive): ContainerFinding[] {
  const seen = new Set<string>();
  return entries.flatMap(({ name }): ContainerFinding[] => {
    const position = placeOf(name);
    const trouble = fileNameTrouble(name);
    if (trouble === undefined) return duplicateFindings(itemIdOf(name), position, seen);
    const { fault, fix } = trouble;
    const own = fix === undefined ? {} : { fix };
    return [{ reason: 'BATCH_ZIP_FILE_NAME', position, detail: `its name ${fault}`, ...own }];
  });
}

function findingOf({ kind, entry, detail }: ZipTrouble): ContainerFinding {
  const place = entry === undefined ? {} : { position: placeOf(entry) };
  return { reason: REASONS[kind], ...place, detail };
}

const placeOf = (name: string) => `file ${quoteName(name)}`;
const REASONS: Readonly<Record<ZipTrouble['kind'], string>> = {
  NOT_A_ZIP: 'BATCH_ZIP_MALFORMED',
  TOO_MANY_ENTRIES: 'BATCH_TOO_MANY_ITEMS',
  ENCRYPTED: 'BATCH_ZIP_ENCRYPTED',
  COMPRESSION_METHOD: 'BATCH_ZIP_METHOD',
  NOT_A_REGULAR_FILE: 'BATCH_ZIP_FILE_KIND',
  NAME_ENCODING: 'BATCH_ENCODING',
  OVERLAPPING: 'BATCH_ZIP_OVERLAP',
  HEADERS_DIFFER: 'BATCH_ZIP_MALFORMED',
  ENTRY_TOO_LARGE: 'BATCH_CSR_TOO_LARGE',
  CONTENT_DAMAGED: 'BATCH_ZIP_MALFORMED',
};
