import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BatchContentType, BatchItem, ContainerReason } from '../../src/batches/batch-item.ts';
import { DEFAULT_BATCH_LIMITS, type BatchLimits } from '../../src/batches/batch-limits.ts';
import { loadItemCodes } from '../../src/batches/item-codes.ts';
import { readItems } from '../../src/batches/containers/read-items.ts';
import type { IntakeNeeds } from '../../src/batches/needs.ts';
import { Fault, type FaultCode } from '../../src/domain/fault.ts';

/** What an upload came to: its items, or why it was refused as a whole. */
export type Intake =
  | { readonly items: readonly BatchItem[] }
  | { readonly fault: FaultCode; readonly reasons: readonly ContainerReason[]; readonly before: number };

export const CODES = loadItemCodes();

export function intakeNeeds(limits: Partial<BatchLimits> = {}): IntakeNeeds {
  return { limits: { ...DEFAULT_BATCH_LIMITS, ...limits }, codes: CODES };
}

/** A folder that goes when the tests of a file are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'batches-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Reads all of an upload. Anything but a Fault is a mistake of ours and goes through. */
export async function take(
  folder: string,
  contentType: BatchContentType,
  octets: Buffer | string,
  limits: Partial<BatchLimits> = {},
): Promise<Intake> {
  const file = path.join(folder, 'upload');
  writeFileSync(file, octets);
  const items: BatchItem[] = [];
  try {
    for await (const item of readItems({ file, contentType }, intakeNeeds(limits))) items.push(item);
    return { items };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { fault: error.code, reasons: error.reasons as ContainerReason[], before: items.length };
  }
}
