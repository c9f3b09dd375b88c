import { createHash, randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { BatchState } from '../../domain/batch.ts';
import { Fault } from '../../domain/fault.ts';
import type { Caller } from '../../domain/participant.ts';
import { recordEvents } from '../../audit/audit-log.ts';
import { query } from '../../db/query.ts';
import { withTransaction } from '../../db/transaction.ts';
import { findValidByPrefix } from '../../registry/callers.ts';
import type { BatchNeeds } from '../needs.ts';
import { moveWithReport, refusalReport } from './drop-report.ts';
import { noFile, readPlace } from './drop-place.ts';
import { findDrops, type Drop } from './find-drops.ts';
import { withFolder, type HeldFolder } from './held-folder.ts';
import { receiveUpload, type ReceivedUpload } from './receive-upload.ts';
import { submitBatch, SUBMITTERS } from './submit-batch.ts';

/** A folder that is watched, and as whom what lies in it is handed in. */
export interface DropFolder {
  readonly folder: string;
  /** Prefixes of tokens (`tcs token list`), one for each participant: no secret, and taken back like any token. */
  readonly credentials: readonly string[];
  /** In which a file must not have changed. */
  readonly settleMilliseconds?: number;
}

/**
 * Hands in what lies in `<folder>/<SIGNIFIER>/<CATEGORY>/<PURPOSE>/`, and moves it to `done/` or `refused/` of the participant
 * with a report beside it; what lies elsewhere in `<folder>/<SIGNIFIER>/` is refused. Names that begin with a full stop or end
 * with `.part` or `.tmp` are not looked at, nor what changed within the last seconds, whatever its date says: files are best
 * written under such a name and then given their own.
 * @param onTrouble  told of what is left where it is, and where: it is looked at again
 * @returns how many files were moved
 */
export async function takeDrops(
  { folder, credentials, settleMilliseconds = SETTLED }: DropFolder,
  needs: BatchNeeds,
  onTrouble: (error: unknown, place: string) => void,
): Promise<number> {
  let moved = 0;
  for (const prefix of credentials)
    try {
      const caller = await findValidByPrefix(prefix, needs.issuance.clock.now(), needs.issuance.db);
      if (caller === undefined || !mayHandIn(caller))
        throw new Error(
          `credential ${prefix} of TCS_DROP_CREDENTIALS is unknown, over, or may hand nothing in`,
        );
      const home = path.join(folder, caller.signifier);
      await withFolder(home, async (held) => {
        for (const drop of await findDrops(held, (error) => onTrouble(error, home)))
          try {
            if (await takeDrop(held, drop, settleMilliseconds, caller, needs)) moved += 1;
          } catch (error) {
            onTrouble(error, path.join(home, ...drop.place, drop.file));
          }
      });
    } catch (error) {
      onTrouble(error, prefix);
    }
  return moved;
}

/** @returns whether it was taken; else it is not complete yet, or somebody else was faster */
async function takeDrop(
  home: HeldFolder,
  drop: Drop,
  settleMilliseconds: number,
  caller: Caller,
  needs: BatchNeeds,
): Promise<boolean> {
  const taken = await home.within(drop.place, (folder) =>
    takeFrom(folder, home, drop, settleMilliseconds, caller, needs),
  );
  return taken ?? false;
}

async function takeFrom(
  folder: HeldFolder,
  home: HeldFolder,
  drop: Drop,
  settleMilliseconds: number,
  caller: Caller,
  needs: BatchNeeds,
): Promise<boolean> {
  const found = await lstat(await folder.at(drop.file)).catch(() => undefined);
  if (found === undefined || Date.now() - found.ctimeMs < settleMilliseconds) return false;
  try {
    if (!found.isFile()) throw noFile();
    const handed = await handIn(folder, found.ctimeMs, drop, caller, needs);
    if (handed === undefined) return false;
    const { id, isNew } = handed;
    const words = isNew ? 'Handed in as' : 'The same octets were handed in before; they are';
    const waits = handed.state === 'PREPARED' ? howItIsApproved(id) : '';
    await moveWithReport(
      { folder, file: drop.file },
      { home, name: 'done' },
      `${id}-${drop.file}`,
      `${words} batch ${id}.\n${waits}${howItStands(id, caller)}`,
    );
  } catch (error) {
    // Only what the file itself is at fault for: all else is tried again.
    if (!(error instanceof Fault) || !REFUSALS.has(error.code)) throw error;
    await moveWithReport(
      { folder, file: drop.file },
      { home, name: 'refused' },
      `${markOf(found)}-${drop.file}`,
      refusalReport(error),
    );
  }
  return true;
}

/**
 * One batch for the same octets, category and purpose of a participant, whoever hands them in how often.
 * @returns nothing when the file changed while it was read, or another worker was faster
 */
async function handIn(
  folder: HeldFolder,
  changedAt: number,
  drop: Drop,
  caller: Caller,
  needs: BatchNeeds,
): Promise<{ readonly id: string; readonly state: BatchState; readonly isNew: boolean } | undefined> {
  const { db, clock } = needs.issuance;
  const { category, purpose, contentType } = readPlace(drop);
  const { name } = path.parse(drop.file);
  const copy = path.join(needs.folder, `upload-${randomUUID()}`);
  const handle = await openDropped(folder, drop.file);
  if (handle === undefined) return undefined;
  const upload = await receiveUpload(
    handle.createReadStream({ autoClose: false }),
    copy,
    needs.intake,
  ).finally(() => handle.close());
  try {
    if ((await lstat(await folder.at(drop.file)).catch(movedMeanwhile))?.ctimeMs !== changedAt)
      return undefined;
    const at = clock.now();
    return await withTransaction(db, async (transaction) => {
      const id = randomUUID();
      // What was refused as a whole may come again, perhaps under the name that it should have had, and so may what was
      // cancelled before it was read: nothing of it can be retried.
      const key = [caller.participantId, category, purpose, upload.sha256];
      const { rowCount } = await query(
        transaction,
        `insert into batch_drop as earlier (participant_id, category, purpose, upload_sha256, batch_id)
         values ($1, $2, $3, $4, $5)
         on conflict (participant_id, category, purpose, upload_sha256) do update set batch_id = excluded.batch_id
          where exists (select from batch b where b.id = earlier.batch_id
            and (b.state in ('REJECTED', 'TAMPERED') or (b.state = 'CANCELLED' and b.items is null)))`,
        [...key, id],
      );
      if (rowCount !== 1) {
        const { rows } = await query<{ id: string; state: BatchState }>(
          transaction,
          `select b.id, b.state from batch_drop d join batch b on b.id = d.batch_id
            where d.participant_id = $1 and d.category = $2 and d.purpose = $3 and d.upload_sha256 = $4`,
          key,
        );
        const [earlier] = rows;
        if (earlier === undefined) throw new TypeError('a drop that is on record has no batch');
        return { ...earlier, isNew: false };
      }
      // The folder names for whom it is.
      const asked = { category, purpose, channel: 'INTERNET', onBehalfOf: caller.signifier } as const;
      const batch = await submitBatch(
        { upload, contentType, name: nameOf(name), request: asked },
        caller,
        at,
        transaction,
        id,
      );
      const { credentialId, person: by, role } = caller;
      const facts = { by, role, receipt: receiptOf(upload), state: batch.state, drop: drop.file };
      const event = { at, event: 'batch.submitted', participantId: batch.participantId, credentialId };
      await recordEvents([{ ...event, object: id, facts }], transaction);
      return { id, state: batch.state, isNew: true };
    });
  } finally {
    await rm(copy, { force: true });
  }
}

/**
 * Opens what was a file a moment ago: a link that has taken its place is not followed, and the writer of a pipe not waited for.
 * @returns nothing when it is gone
 * @throws Fault `malformed-request` when it is no file
 */
async function openDropped(folder: HeldFolder, file: string): Promise<FileHandle | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(await folder.at(file), flags).catch(movedMeanwhile);
  if (handle === undefined || (await handle.stat()).isFile()) return handle;
  await handle.close();
  throw noFile();
}

/** Another worker has taken it. */
function movedMeanwhile(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

/** As over HTTP: a locked officer hands nothing in (SEC Appendix P, 3.1). */
const mayHandIn = ({ role, officer }: Caller) =>
  SUBMITTERS.includes(role) && (officer === undefined || officer.state === 'ACTIVE');
/** The command, with words in the place of what the service does not know: where it is reached, and where the token lies. */
const howItStands = (id: string, { signifier }: Caller) =>
  `How it stands: tcs batch show ${id} --url URL --token-file FILE
URL is the address of the service, FILE a file that holds a token of ${signifier}.
`;
const howItIsApproved = (id: string) =>
  `It waits until another person of the DCC approves it: tcs batch approve ${id} --url URL --token-file FILE\n`;
/**
 * When a file came, and which it is: every worker that looks at it calls it the same, also one that goes on where another was killed,
 * so it has one report.
 */
const markOf = ({ ctime, ctimeMs, dev, ino }: Stats): string =>
  `${ctime.toISOString().slice(0, 19).replaceAll(':', '-')}-${createHash('sha256')
    .update(`${String(dev)} ${String(ino)} ${String(ctimeMs)}`)
    .digest('hex')
    .slice(0, 8)}`;
const receiptOf = ({ sha256, octets }: ReceivedUpload) => ({ sha256: sha256.toString('hex'), octets });

/** As a batch may be called. */
const nameOf = (stem: string): string =>
  stem
    .replace(/[^A-Za-z0-9._ -]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 100) || 'batch';

const REFUSALS: ReadonlySet<string> = new Set(['malformed-request', 'too-large', 'unsupported-media-type']);
/** Milliseconds. */
const SETTLED = 3000;
