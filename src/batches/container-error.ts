import { Fault, type FaultCode } from '../domain/fault.ts';
import type { ContainerFinding } from './batch-item.ts';
import { explainContainer, type ItemCodes } from './item-codes.ts';

/** A finding after which the container cannot be read any further. */
export class ContainerError extends Error {
  readonly finding: ContainerFinding;

  constructor(finding: ContainerFinding, options?: { cause?: unknown }) {
    super(finding.detail, options);
    this.name = 'ContainerError';
    this.finding = finding;
  }
}

/**
 * The refusal of a whole batch: every finding with its clause, fix, error code and place.
 * `too-large` when the only thing wrong is size or number, `unsupported-media-type` for the content type, else `malformed-request`.
 */
export function refusedBatch(findings: readonly ContainerFinding[], codes: ItemCodes): Fault {
  const faultCodes = new Set(findings.map(({ reason }) => FAULT_CODES.get(reason) ?? 'malformed-request'));
  const [only = 'malformed-request'] = faultCodes;
  const code = faultCodes.size === 1 ? only : 'malformed-request';
  return new Fault(code, 'The batch is refused as a whole; nothing of it is kept.', {
    reasons: findings.map((one) => explainContainer(one, codes)),
  });
}

export const linePosition = (line: number): string => `line ${String(line)}`;

/** A name as it may stand in a message and a log: quoted, shortened, without characters that do not show. */
export function quoteName(name: string): string {
  const shown = name.slice(0, LONGEST_SHOWN).replace(/[^\p{L}\p{N}\p{P}\p{S} ]|["\\]/gu, escapeCharacter);
  return `"${shown}${name.length > LONGEST_SHOWN ? '…' : ''}"`;
}

const escapeCharacter = (character: string) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
const LONGEST_SHOWN = 100;
const FAULT_CODES = new Map<string, FaultCode>([
  ['BATCH_TOO_MANY_ITEMS', 'too-large'],
  ['BATCH_TOO_LARGE', 'too-large'],
  ['BATCH_CONTENT_TYPE', 'unsupported-media-type'],
]);
