/**
 * What is wrong with the id of an item, if anything. The certificate will be a file `<id>.crt`, on any system and in any
 * spreadsheet of file names, so an id is what every file system can hold.
 * @returns words that follow "the id"; `undefined` when it is good
 * @see SEC Appendix M, F (unique names); xs:ID allows 100 characters
 */
export function idFault(id: string): string | undefined {
  if (id === '') return 'is empty';
  if (Buffer.byteLength(id) > LONGEST_ID) return `has more than ${String(LONGEST_ID)} octets`;
  if (!FILE_NAME_CHARACTERS.test(id)) return 'holds a character that not every file system takes';
  if (/^[. ]|[. ]$/.test(id)) return 'begins or ends with a full stop or a space';
  if (DEVICE_NAMES.test(id)) return 'is the name of a device on Windows';
  return undefined;
}

/** What is wrong with the name of a file in a ZIP, if anything. @returns words that follow "its name" */
export function fileNameFault(name: string): string | undefined {
  return pathFault(name) ?? (CSR_ENDING.test(name) ? idFault(itemIdOf(name)) : 'does not end with .csr');
}

/** What is wrong with the name of any file in a ZIP as a path, if anything. @returns words that follow "its name" */
export function pathFault(name: string): string | undefined {
  if (name.includes('\0')) return 'holds a NUL';
  if (/^[A-Za-z]:/.test(name)) return 'begins with a drive letter';
  if (/^[/\\]/.test(name)) return 'is an absolute path';
  if (/(^|[/\\])\.\.([/\\]|$)/.test(name)) return 'leads out of the folder';
  if (name.includes('\\')) return 'holds a backslash';
  if (name.includes('/')) return 'lies in a folder; files stand at the root';
  return undefined;
}

/** `meter1.csr` -> `meter1`. */
export const itemIdOf = (fileName: string): string => fileName.replace(CSR_ENDING, '');

/** Two ids with the same key would become the same file on some system. */
export const idKey = (id: string): string => id.normalize('NFC').toLowerCase();

const LONGEST_ID = 100;
const CSR_ENDING = /\.csr$/i;
const FILE_NAME_CHARACTERS = /^[\p{L}\p{N}\p{M} !#$%&'()+,\-.;=@[\]^_`{}~]+$/u;
const DEVICE_NAMES = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;
