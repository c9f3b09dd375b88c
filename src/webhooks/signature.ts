import { createHmac, hash } from 'node:crypto';
import { Fault } from '../domain/fault.ts';
import type { DeriveSecret } from '../keys/service-key.ts';

/** Of which endpoint, and which of its secrets. */
export interface SecretOf {
  readonly id: string;
  readonly version: number;
}

/**
 * The secret of an endpoint as its owner is given it: `whsec_` and 32 octets in base64url. It is made again each time it
 * is needed (decision 12).
 * @throws Fault `configuration-invalid` without a service key
 */
export function secretOf({ id, version }: SecretOf, derive: DeriveSecret | undefined): string {
  if (derive === undefined)
    throw new Fault(
      'configuration-invalid',
      'There is no service key, which webhooks need; run tcs ca init.',
    );
  return `whsec_${derive(`webhook ${id} ${String(version)}`).toString('base64url')}`;
}

/** What is kept of a secret: enough to see that the service key made another one. */
export const secretSha256 = (secret: string): Buffer => hash('sha256', secret, 'buffer');

/**
 * The header `Webhook-Signature`: `t=<seconds since 1970>,v1=<hex>`, a `v1` for each secret that holds. Each is the
 * HMAC-SHA256 over the time, a full stop and the body, under the secret as it is written.
 */
export function signatureHeader(body: string, secrets: readonly string[], at: Date): string {
  const seconds = String(Math.floor(at.getTime() / 1000));
  const sign = (secret: string) => createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return [`t=${seconds}`, ...secrets.map((secret) => `v1=${sign(secret)}`)].join(',');
}
