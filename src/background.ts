import type { Logger } from 'pino';
import { watchDrops } from './batches/intake/watch-drops.ts';
import type { BatchNeeds } from './batches/needs.ts';
import { sweepResults } from './batches/results/sweep-results.ts';
import { startWorker } from './batches/engine/worker.ts';
import type { Config } from './config.ts';
import type { Looking } from './db/keep-looking.ts';
import { findFeedTrouble } from './registrar/feeds.ts';
import { startDeliveries } from './webhooks/deliver.ts';
import { sweepDeliveries } from './webhooks/delivery-store.ts';
import type { WebhookNeeds } from './webhooks/needs.ts';

interface BackgroundNeeds {
  readonly batches: BatchNeeds;
  readonly webhooks: WebhookNeeds;
  readonly logger: Logger;
}

/**
 * Begins what goes on without a request: batches, webhooks, the drop folder, and what is looked at every hour. Who leaves batches to
 * workers (`batchLanes` is 0) leaves webhooks and the drop folder to them, too.
 */
export function startBackground(config: Config, needs: BackgroundNeeds): Looking {
  const { batchLanes, dropFolder: folder, dropCredentials: credentials = [] } = config;
  const { batches, webhooks, logger } = needs;
  const worker = startWorker(batches, batchLanes, (err) => logger.error({ err }, 'a batch had to wait'));
  const deliverer =
    batchLanes === 0
      ? undefined
      : startDeliveries(webhooks, (err) => logger.error({ err }, 'a webhook had to wait'));
  const drops =
    batchLanes === 0 || folder === undefined
      ? undefined
      : watchDrops({ folder, credentials }, batches, {
          onTaken: () => worker.wake(),
          onTrouble: (err, place) => logger.error({ err, place }, 'the drop folder was not taken whole'),
        });
  let sweeping = sweep(needs);
  const sweeper = setInterval(() => {
    sweeping = sweep(needs);
    tellStaleFeed(config, needs);
  }, HOUR);
  return {
    wake: () => {
      worker.wake();
      deliverer?.wake();
    },
    stop: async () => {
      clearInterval(sweeper);
      await sweeping;
      await drops?.stop();
      await worker.stop();
      await deliverer?.stop();
    },
  };
}

/** Removes what is kept no longer, and says so. */
async function sweep({ batches, webhooks, logger }: BackgroundNeeds): Promise<void> {
  const { db, clock } = webhooks;
  const days = batches.retentionDays;
  await sweepDeliveries(new Date(clock.now().getTime() - days * DAY), db).catch((err: unknown) =>
    logger.warn({ err }, 'deliveries of webhooks could not be swept'),
  );
  await sweepResults(batches).then(
    (swept) => swept.forEach((one) => logger.info(one, 'the result of a batch was removed')),
    (err: unknown) => logger.warn({ err }, 'results of batches could not be swept'),
  );
}

/** The start tells it by itself. */
function tellStaleFeed(
  { feedStaleDays }: Config,
  { webhooks: { db, clock }, logger }: BackgroundNeeds,
): void {
  findFeedTrouble(clock.now(), feedStaleDays, db).then(
    (trouble) => {
      if (trouble !== undefined) logger.warn(trouble);
    },
    (err: unknown) => logger.warn({ err }, 'the age of the SECAS feed could not be told'),
  );
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
