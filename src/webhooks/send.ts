import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import type { WebhookNeeds } from './needs.ts';
import { parseEndpoint, requirePermitted } from './target.ts';

/** What came of one attempt to deliver. */
export interface Attempt {
  readonly at: Date;
  readonly delivered: boolean;
  /** Absent: there was no answer. */
  readonly status?: number;
  /** In words, without anything of the answer: a history is no window into somebody's network. */
  readonly detail: string;
  readonly milliseconds: number;
}

/**
 * Sends a body to an endpoint and waits for the head of the answer; only 200 to 299 is a yes. Redirects are not
 * followed; a proxy is not asked.
 */
export async function send(
  endpoint: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  needs: WebhookNeeds,
): Promise<Attempt> {
  const at = needs.clock.now();
  const begun = performance.now();
  const told = (delivered: boolean, detail: string, status?: number): Attempt => ({
    at,
    delivered,
    ...(status === undefined ? {} : { status }),
    detail,
    milliseconds: Math.round(performance.now() - begun),
  });
  const signal = AbortSignal.timeout(needs.timeoutSeconds * 1000);
  try {
    const status = await post(endpoint, body, headers, signal, needs);
    if (status >= 200 && status < 300) return told(true, 'delivered', status);
    const redirect = status >= 300 && status < 400 ? '; redirects are not followed' : '';
    return told(false, `answered ${String(status)}${redirect}`, status);
  } catch (error) {
    if (signal.aborted) return told(false, `no answer within ${String(needs.timeoutSeconds)} s`);
    return told(false, wordsOf(error));
  }
}

async function post(
  endpoint: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  { targets, resolve, trusted }: WebhookNeeds,
): Promise<number> {
  // The setting may have become stricter since.
  const url = parseEndpoint(endpoint, targets);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = await within(signal, requirePermitted(host, targets, resolve));
  // The very addresses that were checked: a name is not asked a second time, when it might stand for another.
  const lookup: LookupFunction = (_name, { all }, callback) => {
    const [first = { address: '', family: 4 }] = addresses;
    if (all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
  const octets = Buffer.from(body);
  const options = {
    method: 'POST',
    agent: false,
    lookup,
    signal,
    ...(trusted === undefined ? {} : { ca: [...rootCertificates, ...trusted] }),
    headers: { ...headers, 'Content-Length': octets.length, Connection: 'close' },
  } as const;
  return new Promise<number>((answered, failed) => {
    const take = (response: IncomingMessage) => {
      answered(response.statusCode ?? 0);
      // What it says is of no interest, however much it is.
      response.destroy();
    };
    const sent =
      url.protocol === 'https:' ? httpsRequest(url, options, take) : httpRequest(url, options, take);
    sent.on('error', failed);
    sent.end(octets);
  });
}

function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((done, failed) => {
    signal.addEventListener('abort', () => failed(new Error('too late')), { once: true });
    work.then(done, failed);
  });
}

/** What a receiver's owner can do something about; addresses and texts of systems stay out of it. */
function wordsOf(error: unknown): string {
  const { code, message = 'failed' } = error as Partial<NodeJS.ErrnoException>;
  return code === undefined ? message : (WORDS.get(code) ?? `failed: ${code}`);
}

const WORDS = new Map([
  ['ENOTFOUND', 'its name cannot be found'],
  ['EAI_AGAIN', 'its name could not be asked for'],
  ['ECONNREFUSED', 'nothing listens there'],
  ['ECONNRESET', 'the connection broke'],
  ['EHOSTUNREACH', 'it cannot be reached'],
  ['ENETUNREACH', 'it cannot be reached'],
  ['CERT_HAS_EXPIRED', 'its TLS certificate has expired'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its TLS certificate is for another name'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its TLS certificate is not from a trusted CA'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its TLS certificate is not from a trusted CA'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its TLS certificate is not from a trusted CA'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'its TLS certificate is not from a trusted CA'],
]);
