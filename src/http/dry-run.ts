import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Response } from 'express';
import type { Caller } from '../domain/participant.ts';
import { roomFault } from '../batches/disk-room.ts';
import { rehearseBatch } from '../batches/engine/rehearse-batch.ts';
import type { SubmittedBatch } from '../batches/intake/submit-batch.ts';
import type { BatchNeeds } from '../batches/needs.ts';
import { openSpool, type Spool } from '../batches/results/spool.ts';
import { rehearsalView } from './rehearsal-view.ts';
import { openPieces, sendPieces } from './pieces.ts';

/** What a dry run found out; its failures rest in a file of ours, so that memory stays flat however many there are. */
export interface DryRunReport {
  /** JSON of all but the failures: their list, its last member, is empty. */
  readonly frame: string;
  /** What stands in that list. */
  readonly failures: Spool;
  /** The file goes with it. */
  readonly close: () => Promise<void>;
}

/** Rehearses a batch. @throws Fault as `rehearseBatch`; `storage-full` */
export async function writeReport(
  submitted: SubmittedBatch,
  caller: Caller,
  needs: BatchNeeds,
): Promise<DryRunReport> {
  const file = path.join(needs.folder, `failures-${randomUUID()}`);
  let failures: Spool | undefined;
  try {
    const opened = (failures = await openSpool(file));
    // Without a name it goes with this process, whatever ends that.
    await rm(file);
    const rehearsal = await rehearseBatch(submitted, caller, needs, (failure) =>
      opened.append(`${opened.size === 0 ? '' : ','}${JSON.stringify(failure)}`),
    );
    // A disk without room is told before anything is answered.
    await opened.sync();
    return { frame: JSON.stringify(rehearsalView(rehearsal)), failures, close: () => opened.close() };
  } catch (error) {
    await failures?.close();
    throw roomFault(error);
  }
}

/**
 * Answers with a report, and removes it. Whoever takes nothing of it for long is cut off: its place is wanted.
 * @param patience  milliseconds
 */
export async function sendReport(
  report: DryRunReport,
  response: Response,
  patience: number = MINUTE,
): Promise<void> {
  const { frame, failures, close } = report;
  try {
    response.setTimeout(patience);
    response.type('json').set('Content-Length', String(Buffer.byteLength(frame) + failures.size));
    await sendPieces(await openPieces(piecesOf(report)), response);
  } finally {
    await close();
  }
}

async function* piecesOf({ frame, failures }: DryRunReport) {
  yield frame.slice(0, -LIST_END.length);
  // A piece of the file holds until the next; one on its way to the caller has to hold longer.
  for await (const piece of failures.read()) yield Buffer.from(piece);
  yield LIST_END;
}

const MINUTE = 60_000;
const LIST_END = ']}';
