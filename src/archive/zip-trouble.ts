/** What can be wrong with a ZIP as a container, whatever its files say. */
export type ZipTroubleKind =
  | 'NOT_A_ZIP'
  | 'TOO_MANY_ENTRIES'
  | 'ENCRYPTED'
  | 'COMPRESSION_METHOD'
  | 'NOT_A_REGULAR_FILE'
  | 'NAME_ENCODING'
  | 'OVERLAPPING'
  | 'HEADERS_DIFFER'
  | 'ENTRY_TOO_LARGE'
  | 'CONTENT_DAMAGED';

/** One trouble, and the entry that has it; without one the archive as a whole. */
export interface ZipTrouble {
  readonly kind: ZipTroubleKind;
  readonly entry?: string;
  readonly detail: string;
}

/** A trouble that ends the reading. */
export class ZipError extends Error {
  readonly trouble: ZipTrouble;

  constructor(trouble: ZipTrouble, options?: { cause?: unknown }) {
    super(trouble.detail, options);
    this.name = 'ZipError';
    this.trouble = trouble;
  }
}
