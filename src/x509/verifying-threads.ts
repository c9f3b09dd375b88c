import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { KeyObject } from 'node:crypto';
import { Piscina } from 'piscina';
import { verifyingHere, type Verifier } from './verifier.ts';
import type { Question } from './verifying-thread.ts';

/**
 * Verifies in other threads, so that the thread that answers requests does not wait for it and a second core has work.
 * With one core, or from sources that are not compiled, the thread that asks does it; small sets, too, of which handing
 * over is too large a part: on two cores the other one is busy with PostgreSQL.
 *
 * @param smallest  number of items from which on a set is handed over
 */
export function openVerifier(
  threads = Math.min(MOST_THREADS, availableParallelism() - 1),
  smallest = threads > 1 ? 2 : 16,
): Verifier {
  const filename = path.join(__dirname, 'verifying-thread.js');
  if (threads < 1 || !existsSync(filename)) return verifyingHere;
  const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads });
  const ask = <Answer>(question: Question) => pool.run(question) as Promise<Answer>;
  return {
    proofsOfPossession: (csrs) =>
      csrs.length < smallest
        ? verifyingHere.proofsOfPossession(csrs)
        : ask({ ask: 'proofsOfPossession', csrs: csrs.map((csr) => Uint8Array.from(csr.der)) }),
    secondOpinions: (certificates) =>
      certificates.length < smallest
        ? verifyingHere.secondOpinions(certificates)
        : ask({
            ask: 'secondOpinions',
            certificates: certificates.map(({ der, issuerKey }) => ({
              der: Uint8Array.from(der),
              issuer: spkiOf(issuerKey),
            })),
          }),
    close: () => pool.destroy(),
  };
}

/** Exported once for each key: it is the same few again and again. */
function spkiOf(key: KeyObject): string {
  let spki = exported.get(key);
  if (spki === undefined) exported.set(key, (spki = key.export({ type: 'spki', format: 'pem' }).toString()));
  return spki;
}
const exported = new WeakMap<KeyObject, string>();
const MOST_THREADS = 4;
