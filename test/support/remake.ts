import { encodeTbs, type TbsContent } from '../../src/x509/certificate.ts';
import { DerReader, TAG } from '../../src/x509/der.ts';
import { encodeExtension } from '../../src/x509/extensions.ts';
import { encodeName, type RelativeName } from '../../src/x509/name.ts';
import { sequence, tlv } from '../../src/x509/write-der.ts';
import { parseTree, replaceAt, writeTree, type DerNode } from './der-tree.ts';
import { makeSpecimens, specimenOf, type Specimen } from './specimens.ts';

/** A specimen and one change of it. */
export type Change = (specimen: Specimen) => Buffer;

/** The finished TBS as it is. */
export const unchanged: Change = ({ tbs }) => tbs;

/** Other members of the content. */
export const withContent =
  (members: Partial<TbsContent>): Change =>
  ({ content }) =>
    encodeTbs({ ...content, ...members });

/** Another value, or criticality, in the place of an extension; at the end when there is none. */
export const withExtension =
  (oid: string, critical: boolean, value: Buffer): Change =>
  ({ content }) => {
    const extension = encodeExtension(oid, critical, value);
    const place = content.extensions.findIndex((one) => oidOf(one) === oid);
    const extensions =
      place < 0 ? [...content.extensions, extension] : content.extensions.with(place, extension);
    return encodeTbs({ ...content, extensions });
  };

/** Without one extension. */
export const without =
  (oid: string): Change =>
  ({ content }) =>
    encodeTbs({ ...content, extensions: content.extensions.filter((one) => oidOf(one) !== oid) });

/** One extension twice. */
export const doubled =
  (oid: string): Change =>
  ({ content }) =>
    encodeTbs({
      ...content,
      extensions: content.extensions.flatMap((one) => (oidOf(one) === oid ? [one, one] : [one])),
    });

/** Other nodes in the place of one, counted from the TBSCertificate's fields (RFC 5280, 4.1: version 0 ... extensions 7). */
export const withNodes =
  (at: readonly number[], nodes: readonly DerNode[]): Change =>
  ({ tbs }) =>
    writeTree(replaceAt(parseTree(tbs), at, nodes));

/** A Name whose RelativeDistinguishedNames may hold more than one attribute, each list in the order of DER. */
export function nameOfSets(...sets: readonly (readonly RelativeName[])[]): Buffer {
  const attributeOf = (name: RelativeName) => encodeName([name]).subarray(4);
  return sequence(...sets.map((names) => tlv(TAG.SET, ...names.map(attributeOf))));
}

/** The specimen of this name, changed. */
export function remade(name: string, change: Change): { readonly specimen: Specimen; readonly tbs: Buffer } {
  const specimen = specimenOf(SPECIMENS, name);
  return { specimen, tbs: change(specimen) };
}

function oidOf(extension: Buffer): string {
  return new DerReader(extension).enter(TAG.SEQUENCE, 'an extension').oid('an extension identifier');
}

const SPECIMENS = makeSpecimens();
