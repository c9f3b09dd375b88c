import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';

/** An event as the chain has it: everything that is on record of it, instants with microseconds. */
export interface ChainedEvent {
  readonly id: string;
  readonly at: string;
  readonly event: string;
  readonly participantId: string | null;
  readonly credentialId: string | null;
  readonly requestId: string | null;
  readonly object: string | null;
  readonly facts: unknown;
}

/** One line of an exported audit. */
export interface ChainLine {
  /** From 1, without a gap. */
  readonly position: number;
  /** Hex. */
  readonly sha256: string;
  readonly event: ChainedEvent;
}

/** SHA-256 over the hash before (32 octets, zeros before the first event) and the event as canonical JSON in UTF-8. */
export function linkHash(before: Buffer, event: ChainedEvent): Buffer {
  return createHash('sha256').update(before).update(canonicalJson(event)).digest();
}

/** The hash before the first event. */
export const BEGINNING: Buffer = Buffer.alloc(32);

/** What a chain of lines says of itself. */
export interface ChainVerdict {
  readonly events: number;
  /** Hash of the last event, hex; who notes it knows later that nothing before it was changed or taken away. */
  readonly head: string;
  /** Whether the hash that was noted is that of one of the events; absent: none was given. */
  readonly holdsNoted?: boolean;
  /** The first thing that is wrong; absent: nothing is. */
  readonly fault?: string;
}

/**
 * Follows a chain, line by line, without any other source.
 * @param noted  hash of an event that somebody wrote down earlier, hex
 */
export async function verifyChain(lines: AsyncIterable<string>, noted?: string): Promise<ChainVerdict> {
  let before: Buffer = BEGINNING;
  let events = 0;
  let holdsNoted = false;
  const verdict = (fault?: string): ChainVerdict => ({
    events,
    head: before.toString('hex'),
    ...(noted === undefined ? {} : { holdsNoted }),
    ...(fault === undefined ? {} : { fault }),
  });
  for await (const text of lines) {
    if (text === '') continue;
    const place = `line ${String(events + 1)}`;
    const line = parseLine(text);
    if (line === undefined) return verdict(`${place} is no line of an exported audit`);
    if (line.position !== events + 1)
      return verdict(
        `${place} has position ${String(line.position)}: events are missing, or in another order`,
      );
    const hash = linkHash(before, line.event);
    if (hash.toString('hex') !== line.sha256)
      return verdict(`${place} (event ${line.event.id}, ${line.event.event}) is not what was linked`);
    before = hash;
    events += 1;
    holdsNoted ||= line.sha256 === noted?.toLowerCase();
  }
  return verdict();
}

function parseLine(text: string): ChainLine | undefined {
  try {
    const { position, sha256, event } = JSON.parse(text) as Partial<ChainLine>;
    const whole = typeof position === 'number' && typeof sha256 === 'string' && typeof event === 'object';
    return whole ? { position, sha256, event } : undefined;
  } catch {
    return undefined;
  }
}
