import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../src/domain/clock.ts';
import { importFeed, type FeedReport } from '../../src/registrar/import-feed.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { readSignerCertificate } from '../../src/x509/detached-signature.ts';
import type { SigningDesk } from './signed-files.ts';
import type { World } from './world.ts';

/** The feed of the demo world, version 1. */
export const DEMO_FEED = readFileSync(
  path.join(__dirname, '..', '..', 'src', 'cli', 'demo', 'secas-feed.csv'),
  'utf8',
);

/** Takes a feed by the clock of the world, or another. @param text  a feed of version 1, sent as this version */
export async function takeFeed(
  here: World,
  desk: SigningDesk,
  version: number,
  text: string,
  { dryRun = false, clock = here.clock }: { readonly dryRun?: boolean; readonly clock?: Clock } = {},
): Promise<FeedReport> {
  const octets = Buffer.from(text.replace('FEED,1,', `FEED,${String(version)},`));
  const arriving = { octets, fileName: 'feed.csv', signature: desk.cms(octets), dryRun };
  const signer = readSignerCertificate(desk.certificate);
  const token = await here.token('ASSESS', 'SECAS_FEED');
  const [caller] = await findCallers([hashToken(token)], here.clock.now(), here.database.pool);
  return importFeed(arriving, signer, caller!, clock, here.database.pool);
}
