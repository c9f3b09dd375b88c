import { Fault, FAULT_CODES, type FaultCode, type Reason } from '../domain/fault.ts';
import { MOST, readText } from './read-file.ts';

/**
 * Asks the service over HTTP; a problem document becomes the Fault that it was. Where nothing answers it is
 * `service-unreachable`, where something answers in words that are none of the service's, `answer-unknown`.
 */
export class ApiClient {
  readonly #baseUrl: string;
  readonly #token: string;

  constructor(baseUrl: string, token: string) {
    this.#baseUrl = baseUrl.replace(/\/$/, '');
    this.#token = token;
  }

  /** @throws Fault as the service answered; `referred` for 202 */
  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
    return this.#send(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...headers },
    });
  }

  /** @returns JSON as its value, a text such as CSV as it is. @throws Fault as the service answered */
  async get(path: string): Promise<unknown> {
    return this.#send(path, { headers: { Accept: 'application/json' } });
  }

  /** Sends a stream. @throws Fault as the service answered */
  async upload(
    path: string,
    body: ReadableStream,
    headers: Readonly<Record<string, string>>,
  ): Promise<unknown> {
    return this.#send(path, { method: 'POST', body, duplex: 'half', headers });
  }

  /**
   * Fetches something as it is, piece by piece.
   * @throws Fault as the service answered; `service-unreachable`, also from the pieces, when the line breaks
   */
  async download(
    path: string,
    accept: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Pick<Response, 'status' | 'headers'> & { readonly body: AsyncIterable<Uint8Array> }> {
    const response = await this.#fetch(path, { headers: { Accept: accept, ...headers } });
    if (!response.ok || response.body === null) throw await faultOf(response);
    const pieces = response.body as unknown as AsyncIterable<Uint8Array>;
    return { status: response.status, headers: response.headers, body: this.#whole(pieces) };
  }

  async *#whole(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* pieces;
    } catch (cause) {
      throw this.#broken(cause);
    }
  }

  #broken(cause: unknown): Fault {
    return new Fault('service-unreachable', `The answer of ${this.#baseUrl} broke off.`, { cause });
  }

  async #send(path: string, init: Sent): Promise<unknown> {
    const response = await this.#fetch(path, init);
    if (!response.ok) throw await faultOf(response);
    if (response.headers.get('content-type')?.startsWith('text/')) return response.text();
    const value = (await response.json().catch((cause: unknown) => {
      throw this.#broken(cause);
    })) as ProblemLike;
    if (response.status === 202 && value.outcome === 'REFER')
      throw new Fault('referred', value.detail ?? 'Referred.', { reasons: value.reasons ?? [] });
    return value;
  }

  #fetch(path: string, init: Sent): Promise<Response> {
    return fetch(`${this.#baseUrl}${path}`, {
      ...init,
      headers: { ...init.headers, Authorization: `Bearer ${this.#token}` },
    }).catch((cause: unknown) => {
      throw new Fault('service-unreachable', `${this.#baseUrl} does not answer.`, {
        fix: 'Start the service, or correct --url.',
        cause,
      });
    });
  }
}

/** Where a command finds the service, and as whom. */
export interface ApiOptions {
  readonly url: string;
  readonly tokenFile: string;
}

/**
 * @throws Fault `malformed-request` for what is no address, `not-found` when the file of the token cannot be read or holds
 *         none
 */
export function clientOf({ url, tokenFile }: ApiOptions): ApiClient {
  requireAddress(url);
  const token = readText(tokenFile, MOST.one).trim();
  if (!IS_TOKEN.test(token))
    throw new Fault('not-found', `${tokenFile} holds no token.`, {
      fix:
        'Write the token into it, on one line and with nothing else, as tcs token create shows it ' +
        '(npm run adds lines of its own, npm run --silent none).',
    });
  return new ApiClient(url, token);
}

/** What stands before an @ is a secret, and is not shown. @throws Fault `malformed-request` */
export function requireAddress(url: string): void {
  const shown = url.includes('@') ? '' : `: ${JSON.stringify(url)}`;
  const wrong = hasUser(url)
    ? '--url holds a name or a password; the service takes tokens only.'
    : isAddress(url)
      ? undefined
      : `--url names no service${shown}.`;
  if (wrong !== undefined)
    throw new Fault('malformed-request', wrong, {
      fix: 'Give the address at which the service listens, as http://127.0.0.1:8080.',
    });
}

/** `localhost:8080` is a URL too, of a scheme that nobody knows. */
const isAddress = (url: string) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);

function hasUser(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}

/** What fits into a header after `Bearer` (RFC 9110, 5.5), without spaces. */
const IS_TOKEN = /^[\x21-\x7e]+$/;

/** Whether the same request may go through when it is sent again in a while. */
export const isPassing = ({ code }: Fault): boolean => PASSING.has(code);
const PASSING: ReadonlySet<FaultCode> = new Set([
  'database-unavailable',
  'service-unreachable',
  'request-timeout',
  'too-many-requests',
  'request-in-progress',
]);

type Sent = Omit<RequestInit, 'headers'> & {
  headers: Record<string, string>;
  /** Of a body that is a stream. */
  duplex?: 'half';
};

async function faultOf(response: Response): Promise<Fault> {
  const { type, detail, errors = [] } = (await response.json().catch(() => ({}))) as ProblemLike;
  const known = FAULT_CODES.find((code) => `urn:problem:tcs:${code}` === type);
  const said = detail ?? `The service answered ${String(response.status)}.`;
  if (known !== undefined) return new Fault(known, said, { reasons: errors });
  // A proxy in front, whose service is away, answers in words of its own.
  if (AWAY.has(response.status)) return new Fault('service-unreachable', said, { reasons: errors });
  const what = type === undefined ? 'without a problem of ours' : `with the unknown problem ${type}`;
  const unknown = {
    reason: 'ANSWER_UNKNOWN',
    clause: 'DESIGN',
    detail: `${response.url} answered ${String(response.status)} ${what}.`,
    fix: 'Check --url: does it name the Test Certificate Service itself? Else use the tcs of its version.',
  };
  return new Fault('answer-unknown', said, { reasons: [unknown, ...errors] });
}

interface ProblemLike {
  readonly outcome?: string;
  readonly type?: string;
  readonly detail?: string;
  readonly errors?: readonly Reason[];
  readonly reasons?: readonly Reason[];
}

const AWAY: ReadonlySet<number> = new Set([502, 503, 504]);
