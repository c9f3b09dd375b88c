import path from 'node:path';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import type { ReasonCode } from '../eligibility/rule-set.ts';
import { readYamlFile, yamlReasons } from '../yaml/read-yaml.ts';

/** A reason that is not of the rules, in the form of theirs. */
export type OutsideReason = Omit<ReasonCode, 'gate'> & { readonly gate: 'HTTP' | 'OPERATOR' };

const text = z.string().min(1);
const table = z.record(
  z.string().regex(/^[A-Z_]{3,64}$/, 'a reason code in UPPER_SNAKE'),
  z.strictObject({ authority: z.enum(['LEGAL_TEXT', 'DESIGN']), clause: text, says: text, fix: text }),
);
const schema = z.strictObject({ HTTP: table, OPERATOR: table });

/** Every row of `reasons.yaml`. @throws Fault `configuration-invalid` with file, line and field */
export function loadReasons(file: string = path.join(__dirname, 'reasons.yaml')): readonly OutsideReason[] {
  const { value, faults } = readYamlFile(file, schema);
  if (value === undefined)
    throw new Fault('configuration-invalid', 'The table of reasons has faults.', {
      reasons: yamlReasons(faults, 'REASON_TABLE', 'reasons'),
    });
  return GATES.flatMap((gate) =>
    Object.entries(value[gate]).map(([reason, row]) => ({
      reason,
      gate,
      outcome: 'REFUSE' as const,
      ...row,
    })),
  );
}

const GATES = ['HTTP', 'OPERATOR'] as const;
/** Read once: whoever answers a request needs them. */
export const OUTSIDE_REASONS = loadReasons();
