/** A document that clauses cite, and how its text was at hand. */
export interface CitedDocument {
  /** What a clause begins with that cites it. */
  readonly cite: string;
  readonly title: string;
  readonly status: string;
}

/** The document of each part of a clause, such as `SEC Appendix B; ETAD`; `undefined` for a part that cites none of these. */
export function citedDocuments(
  clause: string,
  documents: readonly CitedDocument[],
): { readonly part: string; readonly document: CitedDocument | undefined }[] {
  return clause.split('; ').map((part) => ({
    part,
    document: documents.find(
      ({ cite }) => part.startsWith(cite) && /^($|[.,]| \()/.test(part.slice(cite.length)),
    ),
  }));
}
