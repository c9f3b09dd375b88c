import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RULE_SETS } from '../../src/eligibility/rule-sets.ts';

/** The version that a test's operator adds, in effect before the tests' now. */
export const OWN_VERSION = '2026-11-24.1';

/** The rule sets of the service, and one of an operator beside them: the newest, with lines added to the quotas of DEVICE. */
export function ruleSetFolder(ofDevice: string): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-rule-sets-'));
  cpSync(RULE_SETS, folder, { recursive: true });
  const own = path.join(folder, OWN_VERSION);
  cpSync(path.join(folder, '2026-11-29'), own, { recursive: true });
  const change = (file: string, text: string, instead: string) => {
    const before = readFileSync(path.join(own, file), 'utf8');
    if (!before.includes(text)) throw new Error(`${file} has no ${text}`);
    writeFileSync(path.join(own, file), before.replace(text, instead));
  };
  change('rule-set.yaml', "version: '2026-11-29'", `version: '${OWN_VERSION}'`);
  change('rule-set.yaml', '2026-11-24T01:00:00Z', '2026-11-24T02:00:00Z');
  change('quotas.yaml', '\nDCCKI:', `\n  ${ofDevice}\nDCCKI:`);
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
