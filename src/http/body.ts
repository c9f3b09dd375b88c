import type { Request, RequestHandler } from 'express';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { Fault } from '../domain/fault.ts';
import { malformed } from './guard.ts';
import { parseJson } from './json.ts';

/** Reads a JSON body of at most `most` octets into `request.body`; other types are left to who wants them. */
export function jsonBody(most: number): RequestHandler {
  return async (request, _response, next) => {
    await readJsonBody(request, most);
    next();
  };
}

/** The same, for who has the request in hand. @throws Fault `malformed-request`, `too-large`, `unsupported-media-type` */
export async function readJsonBody(request: Request, most: number): Promise<void> {
  if (request.body !== undefined || !hasBody(request) || request.is('application/json') === false) return;
  requireUtf8(request);
  const octets = await readBody(request, most);
  request.body = octets.length === 0 ? {} : parseJson(octets);
}

/** Reads a body of one of these types as octets, at most `most` of them. */
export function octetsBody(types: readonly string[], most: number): RequestHandler {
  return async (request, _response, next) => {
    if (request.body === undefined && hasBody(request) && request.is([...types]) !== false)
      request.body = await readBody(request, most);
    next();
  };
}

/**
 * The octets of a body as they come; nobody holds them all.
 * @throws Fault `malformed-request` when the sender breaks off
 */
export async function* arrivingBody(request: Request): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of request) yield piece as Uint8Array;
  } catch {
    throw brokenOff();
  }
}

/** @throws Fault `too-large` as soon as that is known: what is still on its way is not waited for */
async function readBody(request: Request, most: number): Promise<Buffer> {
  if (Number(request.get('Content-Length') ?? 0) > most) throw tooLarge(most);
  const expand = decoderOf(request);
  const octets = await collect(request, most);
  if (expand === undefined) return octets;
  try {
    return await expand(octets, { maxOutputLength: most });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(most);
    throw malformed('The body is not encoded as Content-Encoding says.', 'Send it without an encoding.');
  }
}

function collect(request: Request, most: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (settle: () => void) => {
      request.off('data', take).off('end', finish).off('close', broken).off('error', broken);
      settle();
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size > most) end(() => reject(tooLarge(most)));
      else chunks.push(chunk);
    };
    const finish = () => end(() => resolve(Buffer.concat(chunks)));
    const broken = () => end(() => reject(brokenOff()));
    request.on('data', take).on('end', finish).on('close', broken).on('error', broken);
  });
}

/** The content coding of a body, in lower case: `identity` where none is named. */
export const contentEncodingOf = (request: Request): string =>
  (request.get('Content-Encoding') ?? 'identity').toLowerCase();

function decoderOf(request: Request) {
  const encoding = contentEncodingOf(request);
  if (encoding === 'identity') return undefined;
  const expand = DECODERS.get(encoding);
  if (expand === undefined)
    throw unsupported(`The content encoding is not one of ${[...DECODERS.keys()].join(', ')}.`);
  return expand;
}

function requireUtf8(request: Request): void {
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(request.get('Content-Type') ?? '')?.[1];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') throw unsupported('JSON is sent in UTF-8.');
}

const hasBody = (request: Request) =>
  request.get('Transfer-Encoding') !== undefined || request.get('Content-Length') !== undefined;

const brokenOff = () => malformed('The request was broken off.', 'Send it again, whole.');
const tooLarge = (most: number) =>
  new Fault('too-large', `The body is larger than ${String(Math.floor(most / 1024))} KiB.`);
const unsupported = (detail: string) => new Fault('unsupported-media-type', detail);

const DECODERS = new Map([
  ['gzip', promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate)],
  ['br', promisify<Buffer, { maxOutputLength: number }, Buffer>(brotliDecompress)],
]);
