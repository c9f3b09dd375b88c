import { readName } from '../x509/name.ts';
import { COMMON_NAME } from '../x509/oids.ts';

/** The first commonName of a name that is on the list of refused ones, and why. @param name DER */
export function refusedNameIn(
  name: Buffer,
  refused: ReadonlyMap<string, string>,
): { readonly commonName: string; readonly why: string } | undefined {
  for (const { type, value } of readName(name)) {
    const commonName = value.toString('latin1');
    const why = type === COMMON_NAME ? refused.get(commonName) : undefined;
    if (why !== undefined) return { commonName, why };
  }
  return undefined;
}
