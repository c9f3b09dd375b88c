import { createWriteStream, existsSync } from 'node:fs';
import { link, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Fault } from '../domain/fault.ts';
import type { ApiClient } from './api-client.ts';

/**
 * Puts what stands at a path into a file, piece by piece: it appears whole, or not at all.
 * @throws Fault `conflict` when the file is there already, `output-unwritable`; else as the service answered
 */
export async function saveAnswer(
  path: string,
  out: string,
  client: ApiClient,
): Promise<{ readonly file: string; readonly octets: number }> {
  const isThere = () => new Fault('conflict', `${out} is there already; nothing was written.`);
  if (existsSync(out)) throw isThere();
  const draft = `${out}.${String(process.pid)}.new`;
  try {
    const { body } = await client.download(path, 'application/json, text/csv');
    await pipeline(body, createWriteStream(draft, { flags: 'wx', mode: 0o600 }));
    const { size } = await stat(draft);
    // Unlike a rename this does not take the place of a file that came meanwhile.
    await link(draft, out).catch((cause: unknown) => {
      throw (cause as NodeJS.ErrnoException).code === 'EEXIST' ? isThere() : cause;
    });
    return { file: out, octets: size };
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault('output-unwritable', `${out} cannot be written: ${(cause as Error).message}.`, { cause });
  } finally {
    await rm(draft, { force: true });
  }
}
