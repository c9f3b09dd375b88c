import type { Rule } from './rule.ts';

/** Exactly these extensions and no other, in any order. */
export function onlyExtensions(expected: readonly string[], optional: readonly string[] = []): Rule['check'] {
  return ({ extensions }) => {
    const found = extensions.map((one) => one.oid);
    const extra = found.find((oid) => !expected.includes(oid) && !optional.includes(oid));
    if (extra !== undefined) return `the extension ${extra} does not belong here`;
    const missing = expected.find((oid) => !found.includes(oid));
    return missing === undefined ? undefined : `the extension ${missing} is missing`;
  };
}
