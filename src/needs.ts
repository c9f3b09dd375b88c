import { lookup } from 'node:dns/promises';
import path from 'node:path';
import { DEFAULT_BATCH_LIMITS } from './batches/batch-limits.ts';
import { loadItemCodes } from './batches/item-codes.ts';
import type { BatchNeeds } from './batches/needs.ts';
import type { Config } from './config.ts';
import { authoritiesFolder, requireDataFolder, requirePassphrase } from './data-folder.ts';
import type { IssuanceNeeds } from './issuance/needs.ts';
import { openDerivation, openServiceKey } from './keys/service-key.ts';
import type { WebhookNeeds } from './webhooks/needs.ts';

/** What batches work with. @throws Fault `configuration-invalid` */
export function batchNeeds(config: Config, issuance: IssuanceNeeds): BatchNeeds {
  const folder = path.join(config.dataDir, 'batches');
  requireDataFolder({ dataDir: folder });
  const serviceKey = openServiceKey({
    folder: authoritiesFolder(config),
    passphrase: requirePassphrase(config),
  });
  const limits = { ...DEFAULT_BATCH_LIMITS, items: config.batchItems, uploadOctets: config.batchOctets };
  return {
    issuance,
    intake: { limits, codes: loadItemCodes() },
    folder,
    ...(serviceKey === undefined ? {} : { serviceKey }),
    laboratoryKeys: config.laboratoryKeys === 'on',
    chunkItems: config.batchChunk,
    leaseSeconds: LEASE_SECONDS,
    retentionDays: config.batchRetentionDays,
    ...(config.liveTimings === undefined ? {} : { timings: config.liveTimings }),
  };
}

/** What webhooks work with. @throws Fault `configuration-invalid` */
export function webhookNeeds(config: Config, { db, clock }: IssuanceNeeds): WebhookNeeds {
  const derive = openDerivation({ folder: authoritiesFolder(config), passphrase: requirePassphrase(config) });
  return {
    db,
    clock,
    targets: config.webhookTargets,
    ...(derive === undefined ? {} : { derive }),
    timeoutSeconds: 10,
    leaseSeconds: LEASE_SECONDS,
    random: Math.random,
    resolve: (name) => lookup(name, { all: true }),
  };
}

/** Longer than a chunk takes and shorter than somebody waits; a fence guards what it cannot. */
const LEASE_SECONDS = 60;
