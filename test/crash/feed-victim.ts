// A process that takes a signed SECAS feed and kills itself at the n-th step.
import { importFeed } from '../../src/registrar/import-feed.ts';
import { readSignerCertificate } from '../../src/x509/detached-signature.ts';
import { runVictim, type VictimOrders } from './run-victim.ts';

export interface FeedOrders extends VictimOrders {
  /** CSV. */
  readonly feed: string;
  /** Base64. */
  readonly signature: string;
  /** DER, in Base64. */
  readonly signer: string;
  /** When it is taken. */
  readonly at: string;
}

const orders = JSON.parse(process.argv[2] ?? '{}') as FeedOrders;
void runVictim(orders, async ({ needs, caller }) => {
  const arriving = {
    octets: Buffer.from(orders.feed),
    fileName: 'secas-feed.csv',
    signature: Buffer.from(orders.signature, 'base64'),
    dryRun: false,
  };
  const signer = readSignerCertificate(Buffer.from(orders.signer, 'base64'));
  await importFeed(arriving, signer, caller, { now: () => new Date(orders.at) }, needs.db);
});
