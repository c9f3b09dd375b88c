import type { LookupAddress } from 'node:dns';
import type { Clock } from '../domain/clock.ts';
import type { WebhookTargets } from '../domain/webhook.ts';
import type { Pool } from '../db/pool.ts';
import type { DeriveSecret } from '../keys/service-key.ts';

/** What webhooks work with; opened once at start. */
export interface WebhookNeeds {
  readonly db: Pool;
  readonly clock: Clock;
  readonly targets: WebhookTargets;
  /** Makes the secrets; absent where there is no service key (`tcs ca init` makes one). */
  readonly derive?: DeriveSecret;
  /** How long a receiver has for its whole answer. */
  readonly timeoutSeconds: number;
  /** How long a delivery is one worker's, by the clock of the database; longer than the receiver has. */
  readonly leaseSeconds: number;
  /** From 0 to 1: spreads what would otherwise be tried again all at once. */
  readonly random: () => number;
  /** Every address of a name. */
  readonly resolve: (name: string) => Promise<readonly LookupAddress[]>;
  /** Certificates in PEM that are trusted beside those of Node. */
  readonly trusted?: readonly string[];
}
