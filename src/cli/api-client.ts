import { Fault, FAULT_CODES, type FaultCode, type Reason } from '../domain/fault.ts';

/** Asks the service over HTTP; a problem document becomes the Fault that it was. */
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

  /** Fetches something as it is. @throws Fault as the service answered */
  async download(path: string, accept: string): Promise<ReadableStream> {
    const response = await this.#fetch(path, { headers: { Accept: accept } });
    if (response.ok && response.body !== null) return response.body;
    throw await faultOf(response);
  }

  async #send(path: string, init: Sent): Promise<unknown> {
    const response = await this.#fetch(path, init);
    if (!response.ok) throw await faultOf(response);
    if (response.headers.get('content-type')?.startsWith('text/')) return response.text();
    const value = (await response.json().catch(() => ({}))) as ProblemLike;
    if (response.status === 202 && value.outcome === 'REFER')
      throw new Fault('referred', value.detail ?? 'Referred.', { reasons: value.reasons ?? [] });
    return value;
  }

  #fetch(path: string, init: Sent): Promise<Response> {
    return fetch(`${this.#baseUrl}${path}`, {
      ...init,
      headers: { ...init.headers, Authorization: `Bearer ${this.#token}` },
    }).catch((cause: unknown) => {
      throw new Fault('database-unavailable', `${this.#baseUrl} does not answer.`, { cause });
    });
  }
}

type Sent = Omit<RequestInit, 'headers'> & {
  headers: Record<string, string>;
  /** Of a body that is a stream. */
  duplex?: 'half';
};

async function faultOf(response: Response): Promise<Fault> {
  const { type, detail, errors = [] } = (await response.json().catch(() => ({}))) as ProblemLike;
  return new Fault(codeOf(type), detail ?? `The service answered ${String(response.status)}.`, {
    reasons: errors,
  });
}

interface ProblemLike {
  readonly outcome?: string;
  readonly type?: string;
  readonly detail?: string;
  readonly errors?: readonly Reason[];
  readonly reasons?: readonly Reason[];
}

function codeOf(type: string | undefined): FaultCode {
  const name = type?.replace('urn:problem:tcs:', '');
  return FAULT_CODES.find((code) => code === name) ?? 'signing-failed';
}
