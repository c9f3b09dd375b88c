import type { ContainerFinding } from '../batch-item.ts';
import { quoteName } from '../container-error.ts';

/** What is wrong with a name. */
export interface NameTrouble {
  /** Words that follow "the id" or "its name". */
  readonly fault: string;
  /** What to do, where that of the reason does not help. */
  readonly fix?: string;
}

/**
 * What is wrong with the id of an item, if anything. The certificate will be a file `<id>.crt`, on any system and in any
 * spreadsheet of file names, so an id is what every file system can hold.
 * @see SEC Appendix M, F (unique names) and E (an ID of at most 100 characters)
 */
export const idTrouble = (id: string): NameTrouble | undefined => ID_RULES.find(({ breaks }) => breaks(id));

/** What is wrong with the name of a file in a ZIP, if anything. */
export function fileNameTrouble(name: string): NameTrouble | undefined {
  const ending = CSR_ENDING.test(name) ? undefined : { fault: 'does not end with .csr' };
  return pathTrouble(name) ?? ending ?? idTrouble(itemIdOf(name));
}

/** What is wrong with the name of any file in a ZIP as a path, if anything. */
export const pathTrouble = (name: string): NameTrouble | undefined =>
  PATH_RULES.find(({ breaks }) => breaks(name));

/** `meter1.csr` -> `meter1`. */
export const itemIdOf = (fileName: string): string => fileName.replace(CSR_ENDING, '');

/** Two ids with the same key would become the same file on some system. */
export const idKey = (id: string): string => id.normalize('NFC').toLowerCase();

/** An id that was there before, if it was; else it is noted. @param seen  keys of the ids until now */
export function duplicateFindings(id: string, position: string, seen: Set<string>): ContainerFinding[] {
  const key = idKey(id);
  const detail = `the name ${quoteName(id)} was there before`;
  if (seen.has(key)) return [{ reason: 'BATCH_DUPLICATE_ID', position, detail }];
  seen.add(key);
  return [];
}

type NameRule = NameTrouble & { readonly breaks: (name: string) => boolean };

const LONGEST_ID = 100;
const CSR_ENDING = /\.csr$/i;
const FILE_NAME_CHARACTERS = /^[\p{L}\p{N}\p{M} !#$%&'()+,\-.;=@[\]^_`{}~]+$/u;
const DEVICE_NAMES = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;
const PLAIN_CHARACTERS = 'Use letters, digits, spaces and ._-()+=@ in it.';

const ID_RULES: readonly NameRule[] = [
  { breaks: (id) => id === '', fault: 'is empty', fix: 'Give it a name of its own.' },
  {
    breaks: (id) => Buffer.byteLength(id) > LONGEST_ID,
    fault: `has more than ${String(LONGEST_ID)} octets`,
    fix: `Shorten it to ${String(LONGEST_ID)} octets, the ending .csr not counted; other letters than a to z have two or more.`,
  },
  {
    breaks: (id) => !FILE_NAME_CHARACTERS.test(id),
    fault: 'holds a character that not every file system takes',
    fix: PLAIN_CHARACTERS,
  },
  {
    breaks: (id) => /^[. ]|[. ]$/.test(id),
    fault: 'begins or ends with a full stop or a space',
    fix: 'Take the full stop or the space away from its beginning or its end.',
  },
  {
    breaks: (id) => DEVICE_NAMES.test(id),
    fault: 'is the name of a device on Windows',
    fix: 'Give it another name: on Windows no file can be called so, whatever its ending.',
  },
];

const PATH_RULES: readonly NameRule[] = [
  { breaks: (name) => name.includes('\0'), fault: 'holds a NUL', fix: PLAIN_CHARACTERS },
  {
    breaks: (name) => /^[A-Za-z]:/.test(name),
    fault: 'begins with a drive letter',
    fix: 'Leave the colon out, and the drive if it is one.',
  },
  { breaks: (name) => /^[/\\]/.test(name), fault: 'is an absolute path' },
  { breaks: (name) => /(^|[/\\])\.\.([/\\]|$)/.test(name), fault: 'leads out of the folder' },
  { breaks: (name) => name.includes('\\'), fault: 'holds a backslash' },
  { breaks: (name) => name.includes('/'), fault: 'lies in a folder; files stand at the root' },
];
