import type { ApiClient } from './api-client.ts';
import { writeNew } from './write-new.ts';

/**
 * Puts what stands at a path into a file, piece by piece: it appears whole, or not at all.
 * @throws Fault `conflict` when the file is there already, `output-unwritable`; else as the service answered
 */
export async function saveAnswer(
  path: string,
  out: string,
  client: ApiClient,
): Promise<{ readonly file: string; readonly octets: number }> {
  return writeNew({ out }, async (file) => {
    const { body } = await client.download(path, 'application/json, text/csv');
    let octets = 0;
    for await (const piece of body) {
      await file.writeFile(piece);
      octets += piece.length;
    }
    return { file: out, octets };
  });
}
