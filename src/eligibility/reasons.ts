import { ADMISSION_RULES } from './admission-rules.ts';
import { AGREEMENT_STANDINGS } from './agreement.ts';
import { AGREEMENT_RULES } from './agreement-rules.ts';
import { ASKER_RULES } from './asker-rules.ts';
import { NO_BASIS } from './basis.ts';
import { CSR_REASONS } from './csr-rules.ts';
import { IDENTIFIER_RULES } from './identifier-rules.ts';
import { KEY_RULES } from './key-rules.ts';
import { PURPOSE_RULES } from './purpose-rules.ts';
import { TABLE_B_REASONS } from './table-b.ts';

/** Every reason code that a rule in code can find; the tables of the rule set name further ones. */
export const REASONS_OF_RULES: ReadonlySet<string> = new Set([
  ...[
    ...ASKER_RULES,
    ...PURPOSE_RULES,
    ...ADMISSION_RULES,
    ...AGREEMENT_RULES,
    ...IDENTIFIER_RULES,
    ...KEY_RULES,
  ].map(({ reason }) => reason),
  NO_BASIS,
  ...AGREEMENT_STANDINGS,
  ...TABLE_B_REASONS,
  ...CSR_REASONS,
]);
