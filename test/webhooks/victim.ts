// A process that delivers webhooks until it is killed; its lease is a second, so that another soon takes over.
import { openDatabase } from '../../src/db/open-database.ts';
import { openDerivation } from '../../src/keys/service-key.ts';
import { startDeliveries } from '../../src/webhooks/deliver.ts';
import { TEST_PASSPHRASE } from '../support/authorities.ts';
import { fixedClock } from '../support/dates.ts';

async function main(orders: { readonly url: string; readonly authorities: string; readonly now: number }) {
  const database = await openDatabase({ url: orders.url });
  const derive = openDerivation({ folder: orders.authorities, passphrase: TEST_PASSPHRASE });
  const deliverer = startDeliveries(
    {
      db: database.pool,
      clock: fixedClock(new Date(orders.now)),
      targets: 'any',
      ...(derive === undefined ? {} : { derive }),
      timeoutSeconds: 30,
      leaseSeconds: 1,
      random: () => 0.5,
      resolve: () => Promise.reject(new Error('no names here')),
    },
    (error) => process.stderr.write(`${String(error)}\n`),
  );
  process.once('SIGTERM', () => void deliverer.stop().then(() => database.close()));
}

void main(JSON.parse(process.argv[2] ?? '{}') as Parameters<typeof main>[0]);
