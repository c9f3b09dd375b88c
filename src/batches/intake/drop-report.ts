import { randomUUID } from 'node:crypto';
import { lstat, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../../domain/fault.ts';

/**
 * The report first: a file that was moved always has one. Nothing is written through a link, nor over what is there:
 * whoever drops files may write in this folder, but not where the service may.
 */
export async function moveWithReport(
  source: string,
  folder: string,
  wanted: string,
  report: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (!(await lstat(folder)).isDirectory())
    throw new Fault('configuration-invalid', `${folder} is no folder of its own; remove it.`);
  const name = await writeReport(folder, shortened(wanted), report);
  await rename(source, path.join(folder, name)).catch((error: unknown) => {
    // Another worker has moved it.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  });
}

/** @returns the name to which it was written: another one where something else stands in its place */
async function writeReport(folder: string, name: string, report: string): Promise<string> {
  const file = path.join(folder, `${name}.txt`);
  try {
    await writeFile(file, report, { flag: 'wx' });
    return name;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // A file: another worker wrote it a moment ago, or one that was killed before it moved what it is about.
    return (await lstat(file)).isFile() ? name : writeReport(folder, `${randomUUID()}-${name}`, report);
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
