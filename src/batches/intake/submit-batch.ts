import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Fault } from '../../domain/fault.ts';
import type { Caller, CallerRole } from '../../domain/participant.ts';
import { query, type Db, type Transaction } from '../../db/query.ts';
import { findParticipantRef } from '../../registry/participants.ts';
import type { BatchContentType } from '../batch-item.ts';
import { insertBatch, requireBatch, type Batch, type BatchRequest } from '../batch-store.ts';
import type { ReceivedUpload } from './receive-upload.ts';

/** Who hands batches in: those who may ask for a certificate (gate A3). */
export const SUBMITTERS: readonly CallerRole[] = ['PARTICIPANT_ARO', 'DCC_TEST_OPERATOR'];
/** Who lets them rest, go on, or end. */
export const CONTROLLERS: readonly CallerRole[] = [...SUBMITTERS, 'PARTICIPANT_SRO'];

/** A batch as it is handed in. */
export interface SubmittedBatch {
  readonly upload: ReceivedUpload;
  readonly contentType: BatchContentType;
  /** As the sender calls it; names the result. */
  readonly name: string;
  readonly request: BatchRequest;
}

/**
 * Puts a batch on record with its upload, piece by piece: any node can parse it, and what was answered is there after
 * any crash. What the DCC begins waits for a second person.
 * @throws Fault `not-found` when nobody has the Signifier it is on behalf of
 */
export async function submitBatch(
  { upload, contentType, name, request }: SubmittedBatch,
  caller: Caller,
  at: Date,
  db: Transaction,
  id: string = randomUUID(),
): Promise<Batch> {
  await insertBatch(
    {
      id,
      ...beginning(caller),
      participantId: (await participantOf(request, caller, db)).id,
      by: caller,
      name,
      request,
      contentType,
      uploadSha256: upload.sha256,
      uploadOctets: upload.octets,
      retryOf: null,
      items: null,
    },
    at,
    db,
  );
  await storeUpload(id, upload, db);
  return requireBatch(id, caller, db);
}

/** How a batch begins, by who begins it: the DCC's wait for a second person and then have twice as many turns. */
export const beginning = ({ participantType }: Pick<Caller, 'participantType'>) =>
  participantType === 'DCC'
    ? ({ state: 'PREPARED', turnCost: 1 } as const)
    : ({ state: 'PENDING', turnCost: 2 } as const);

/**
 * For whom a batch is: who is to have its certificates, and whose eligibility decides.
 * @throws Fault `malformed-request` as `requireNamed`; `not-found` when nobody has the Signifier it is on behalf of, or the caller may not know
 */
export async function participantOf(
  { onBehalfOf }: { readonly onBehalfOf?: string | undefined },
  caller: Caller,
  db: Db,
): Promise<{ readonly id: string; readonly signifier: string }> {
  requireNamed({ onBehalfOf }, caller);
  if (onBehalfOf === undefined || onBehalfOf === caller.signifier)
    return { id: caller.participantId, signifier: caller.signifier };
  // Who may ask for another is for the decision; here the other has to exist for those who may know.
  const found = caller.participantType === 'DCC' ? await findParticipantRef(onBehalfOf, db) : undefined;
  if (found === undefined) throw new Fault('not-found', 'You know of no participant with this Signifier.');
  return found;
}

/**
 * What the DCC begins names for whom it is: left out, the DCC's own eligibility, which covers nearly everything, would decide for
 * certificates that somebody else is to have.
 * @throws Fault `malformed-request` for a batch of the DCC that names nobody; itself it may name
 */
export function requireNamed(
  { onBehalfOf }: { readonly onBehalfOf?: string | undefined },
  { participantType, signifier }: Caller,
): void {
  if (participantType !== 'DCC' || onBehalfOf !== undefined) return;
  throw new Fault('malformed-request', 'A batch of the DCC names the participant for whom it is.', {
    reasons: [
      {
        reason: 'BATCH_FOR_NOBODY',
        clause: 'DESIGN',
        detail: 'The batch names nobody whose eligibility could decide.',
        fix: `Name the participant in onBehalfOf (--on-behalf-of); ${signifier} when it is for the DCC itself.`,
      },
    ],
  });
}

async function storeUpload(id: string, { file, octets }: ReceivedUpload, db: Transaction): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const piece = Buffer.allocUnsafe(PIECE);
    for (let place = 0, number = 0; place < octets; number += 1) {
      const { bytesRead } = await handle.read(piece, 0, PIECE, place);
      if (bytesRead === 0) throw new RangeError('the upload became shorter while it was read');
      await query(db, `insert into batch_upload (batch_id, piece, octets) values ($1, $2, $3)`, [
        id,
        number,
        piece.subarray(0, bytesRead),
      ]);
      place += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

const PIECE = 1024 * 1024;
