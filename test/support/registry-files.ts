import { Fault } from '../../src/domain/fault.ts';
import { loadRegistry, type LoadReport } from '../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../src/registry/registry-file.ts';
import { findWholeParticipant } from '../../src/registry/participants.ts';
import type { TestingParticipant } from '../../src/domain/participant.ts';
import type { Pool } from '../../src/db/pool.ts';
import { fixedClock, TEST_NOW } from './dates.ts';

/** Checks a registry file's text and loads it, without an audit. */
export async function load(text: string, pool: Pool): Promise<LoadReport> {
  return loadRegistry(parseRegistryFile(text, 'file.yaml'), fixedClock(), pool, () => Promise.resolve());
}

/** Whole participants as at the tests' now, by signifier; who is unknown is absent. */
export async function findWhole(
  signifiers: readonly string[],
  pool: Pool,
): Promise<Map<string, TestingParticipant>> {
  const found = await Promise.all(signifiers.map((one) => findWholeParticipant(one, TEST_NOW, pool)));
  return new Map(found.filter((one) => one !== undefined).map((one) => [one.signifier, one]));
}

/** What a Fault says, reasons included; `undefined` when nothing was refused. */
export async function refusalOf(work: () => unknown): Promise<{ code: string; text: string } | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return {
      code: error.code,
      text: [error.message, ...error.reasons.map((one) => one.detail)].join('\n'),
    };
  }
}

/** A SEC Party with a User ID block and a device range of its own; `more` is added to it, line by line. */
export const partyText = (signifier: string, block: number, more: readonly string[] = []) =>
  [
    `  - signifier: ${signifier}`,
    '    type: SEC_PARTY',
    `    legalName: ${signifier} (fictional)`,
    '    partyCategory: LARGE_SUPPLIER',
    '    membership: { state: ACTIVE, since: 2020-01-01 }',
    `    allocations: [{ kind: USER_ID, from: 90B3D51F3${hex(block)}0000, to: 90B3D51F3${hex(block)}FFFF }]`,
    `    deviceRanges: [{ from: 00DB1234${hex(block)}00000, to: 00DB1234${hex(block)}FFFFF }]`,
    ...more.map((line) => `    ${line}`),
    '',
  ].join('\n');

/** A Senior and an Authorised Responsible Officer, for `partyText`. */
export const OFFICERS =
  'officers: [{ id: sro, kind: SRO, name: S. Senior }, { id: aro, kind: ARO, name: A. Authorised }]';

const hex = (block: number) => block.toString(16).toUpperCase().padStart(3, '0');
