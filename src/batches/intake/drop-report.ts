import { randomUUID } from 'node:crypto';
import { lstat, mkdir, rename, writeFile } from 'node:fs/promises';
import { Fault } from '../../domain/fault.ts';
import type { HeldFolder } from './held-folder.ts';

/**
 * The report first: a file that was moved always has one. Nothing is written through a link, nor over what is there:
 * whoever drops files may write in this folder, but not where the service may.
 */
export async function moveWithReport(
  source: { readonly folder: HeldFolder; readonly file: string },
  target: { readonly home: HeldFolder; readonly name: string },
  wanted: string,
  report: string,
): Promise<void> {
  await mkdir(await target.home.at(target.name), { recursive: true });
  const moved = await target.home.within([target.name], async (folder) => {
    const name = await writeReport(folder, shortened(wanted), report);
    await rename(await source.folder.at(source.file), await folder.at(name)).catch((error: unknown) => {
      // Another worker has moved it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
    return true;
  });
  if (moved !== true)
    throw new Fault('configuration-invalid', `${target.name}/ there is no folder of its own; remove it.`);
}

/** @returns the name to which it was written: another one where something else stands in its place */
async function writeReport(folder: HeldFolder, name: string, report: string): Promise<string> {
  const file = `${name}.txt`;
  try {
    await writeFile(await folder.at(file), report, { flag: 'wx' });
    return name;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // A file: another worker wrote it a moment ago, or one that was killed before it moved what it is about.
    return (await lstat(await folder.at(file))).isFile()
      ? name
      : writeReport(folder, `${randomUUID()}-${name}`, report);
  }
}

/** With its end, which says what it is; a file's name has at most 255 octets. */
const shortened = (name: string): string =>
  Buffer.byteLength(name) <= LONGEST_NAME
    ? name
    : Buffer.from(name)
        .subarray(-LONGEST_NAME)
        .toString('latin1')
        .replaceAll(/[^\w.-]/g, '_');

/** Why a file was refused, for whoever dropped it. */
export function refusalReport({ message, reasons }: Fault): string {
  const told = reasons.map(
    ({ reason, clause, detail, fix }) => `- ${detail}\n  ${reason} (${clause})\n  ${fix}\n`,
  );
  return `Refused; nothing was handed in.\n${message}\n${told.join('')}`;
}

const LONGEST_NAME = 200;
