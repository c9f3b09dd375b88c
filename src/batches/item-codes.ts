import path from 'node:path';
import { z } from 'zod';
import { FAILED_STATUSES, type FailedStatus } from '../domain/batch.ts';
import { FAULT_CODES, Fault, type Reason } from '../domain/fault.ts';
import { readYamlFile, yamlReasons } from '../yaml/read-yaml.ts';
import type { ContainerFinding, ContainerReason } from './batch-item.ts';

/** Why an item has no certificate. */
export interface ItemFailure {
  readonly status: FailedStatus;
  readonly errorCode: string;
  readonly reasons: readonly Reason[];
}

export type ItemCodes = z.infer<typeof schema>;

/**
 * Reads the table of codes once, at start.
 * @throws Fault `configuration-invalid` with file, line and field
 */
export function loadItemCodes(file: string = path.join(__dirname, 'item-codes.yaml')): ItemCodes {
  const { value, faults } = readYamlFile(file, schema);
  if (value === undefined)
    throw new Fault('configuration-invalid', 'The codes of batches have faults.', {
      reasons: yamlReasons(faults, 'ITEM_CODES', 'item-codes'),
    });
  return value;
}

/** Every reason that only batches have, as `GET /v1/reason-codes` shows them. */
export function batchReasons({ container, workflow }: ItemCodes) {
  const row = (says: string) => {
    return ([reason, { errorCode, source, fix }]: [
      string,
      { errorCode: string; source: string; fix: string },
    ]) => ({
      reason,
      gate: 'BATCH',
      outcome: 'REFUSE' as const,
      authority: source.includes('DESIGN') ? ('DESIGN' as const) : ('LEGAL_TEXT' as const),
      clause: source,
      says: `${says} (${errorCode}).`,
      fix,
    });
  };
  return [
    ...[...container].map(row('The batch is refused as a whole')),
    ...[...workflow].map(row('The item never came to a decision')),
  ];
}

/** The status and error code of an item that was refused or failed, with every reason that the fault tells. */
export function itemFailure(fault: Fault, codes: ItemCodes): ItemFailure {
  const found = fault.reasons
    .map(({ reason }) => codes.reasons.get(reason))
    .filter((row) => row !== undefined)
    .sort((left, right) => rank(left.status) - rank(right.status));
  const { status, errorCode } = found[0] ?? codes.faults.get(fault.code) ?? codes.otherwise;
  return { status, errorCode, reasons: fault.reasons.length > 0 ? fault.reasons : [bareReason(fault)] };
}

/** Whether an item has no verdict yet, because a quota is used up for now. */
export const waitsForQuota = (result: unknown): result is Fault =>
  result instanceof Fault && result.code === 'too-many-requests';

/** A finding about the container with its code, clause and fix. @throws TypeError for a reason that the table does not have */
export function explainContainer(finding: ContainerFinding, codes: ItemCodes): ContainerReason {
  const row = codes.container.get(finding.reason);
  if (row === undefined) throw new TypeError(`${finding.reason} is not in item-codes.yaml`);
  const { errorCode, source } = row;
  const { reason, position, detail, fix = row.fix } = finding;
  const place = position === undefined ? '' : `${position}: `;
  return {
    reason,
    clause: source,
    detail: `${place}${detail}`,
    fix,
    errorCode,
    ...(position === undefined ? {} : { position }),
  };
}

/** A reason for which no keys are made, with its clause and fix. @throws TypeError for a reason that the table does not have */
export function explainGeneration({ reason, detail }: ContainerFinding, { container }: ItemCodes): Reason {
  const row = container.get(reason);
  if (row === undefined) throw new TypeError(`${reason} is not in item-codes.yaml`);
  return {
    reason,
    clause: row.source,
    detail: `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`,
    fix: row.fix,
  };
}

/** The verdict of an item that never came to a decision. @throws TypeError for a reason that the table does not have */
export function workflowFailure(reason: string, detail: string, codes: ItemCodes): ItemFailure {
  const row = codes.workflow.get(reason);
  if (row === undefined) throw new TypeError(`${reason} is not in item-codes.yaml`);
  const { errorCode, source, fix } = row;
  return { status: 'WORKFLOW_ERROR', errorCode, reasons: [{ reason, clause: source, detail, fix }] };
}

/** A batch is answered item by item; what failed on our side is told without its text. */
function bareReason(fault: Fault): Reason {
  const ours = fault.code !== 'malformed-request';
  return {
    reason: ours ? 'CERTIFICATE_NOT_MADE' : 'REQUEST_MALFORMED',
    clause: 'DESIGN',
    detail: ours ? 'The service could not make this certificate.' : fault.message,
    fix: ours
      ? 'Send the CSR again in a new batch; nothing is wrong with it.'
      : 'Name a profile that fits the CSR, or none.',
  };
}

const isFaultCode = (name: string) => FAULT_CODES.some((code) => code === name);
const rank = (status: FailedStatus) => FAILED_STATUSES.indexOf(status);

const errorCode = z.string().regex(/^[A-Z]{2}:[A-Za-z0-9]{1,7}$/, 'an error code, as CR:PARSE');
const text = z.string().min(1);
const reason = z.string().regex(/^[A-Z0-9_]{3,64}$/, 'a reason code in UPPER_SNAKE');
const verdict = z
  .tuple([z.enum(FAILED_STATUSES), errorCode, text])
  .transform(([status, code, source]) => ({ status, errorCode: code, source }));

const explained = z.strictObject({ errorCode, source: text, fix: text });
const schema = z.strictObject({
  container: mapOf(reason, explained),
  reasons: mapOf(reason, verdict),
  faults: mapOf(z.string().refine(isFaultCode, 'is no code of a Fault'), verdict),
  otherwise: verdict,
  workflow: mapOf(reason, explained),
});

/** A table by name; no two rows have the same error code. */
function mapOf<Row extends { readonly errorCode: string }>(
  name: z.ZodType<string, string>,
  row: z.ZodType<Row>,
) {
  return z.record(name, row).transform((table, context) => {
    const codes = new Set<string>();
    for (const [key, one] of Object.entries(table)) {
      if (codes.has(one.errorCode))
        context.addIssue({ code: 'custom', message: 'the error code is there twice', path: [key] });
      codes.add(one.errorCode);
    }
    return new Map(Object.entries(table));
  });
}
