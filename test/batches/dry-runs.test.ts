import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { rehearseBatch } from '../../src/batches/engine/rehearse-batch.ts';
import type { BatchNeeds } from '../../src/batches/needs.ts';
import { writeReport } from '../../src/http/dry-run.ts';
import { temporaryFolder } from '../support/batch-intake.ts';
import {
  batchWorld,
  deviceLines,
  ndjson,
  PURPOSE,
  type BatchWorld,
  type Line,
  varyAgreement,
} from '../support/batch-world.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { callerOf } from '../support/device-requests.ts';

const folder = temporaryFolder();
const elsewhere = temporaryFolder();

describe('a dry run', () => {
  let here: BatchWorld;
  beforeEach(async () => {
    here = await batchWorld();
    // What the routes work with is what was opened.
    Object.assign(here.app.batches, { chunkItems: 2, folder });
  });
  afterEach(() => here.close());

  const rehearse = async (...[lines, options]: Parameters<BatchWorld['submit']>) =>
    here.submit(lines, { ...options, query: '&dryRun=true' });
  /** Statements that look for public keys, from now on. */
  const keyLookUps = () => {
    const sent = jest.spyOn(pg.Client.prototype, 'query');
    const isLookUp = ({ text = '' }: { readonly text?: string }) => text.includes('from public_key where');
    return {
      count: () =>
        sent.mock.calls.filter(([statement]: unknown[]) => isLookUp(Object(statement) as object)).length,
      end: () => sent.mockRestore(),
    };
  };

  test('looks the keys of each part up once, those that have a certificate as well', async () => {
    const lines = deviceLines(5);
    await here.submit(lines.slice(0, 3));
    await here.work();
    const lookUps = keyLookUps();
    const { body } = await rehearse([...lines, { id: 'bad', csr: 'none' }]);
    expect(lookUps.count()).toBe(3);
    lookUps.end();
    expect(body).toMatchObject({ counts: { SUCCESS: 5, CSR_ERROR: 1 }, again: 3 });
  });

  /** CSRs for Device IDs that METERWORKS does not have. */
  const foreignLines = (count: number): Line[] =>
    Array.from({ length: count }, (_, n) => {
      const eui64 = `00db12ffffffff${n.toString(16).padStart(2, '0')}`;
      return { id: `foreign-${String(n)}`, csr: deviceCsr(eui64).pem };
    });
  const uploaded = (lines: readonly Line[]) => {
    const file = path.join(elsewhere, 'upload');
    writeFileSync(file, ndjson(lines));
    const upload = { file, octets: 1, sha256: Buffer.alloc(32) };
    const request = { category: 'DEVICE', purpose: PURPOSE, channel: 'INTERNET' } as const;
    return { upload, contentType: 'application/x-ndjson', name: 'here', request } as const;
  };
  /** What the route does, without it. */
  const rehearseHere = async (
    lines: readonly Line[],
    needs: BatchNeeds,
    tell: Parameters<typeof rehearseBatch>[3],
  ) => rehearseBatch(uploaded(lines), await callerOf('METERWORKS', here), needs, tell);

  test('lets the failures of each part go before it decides the next', async () => {
    const told: number[][] = [];
    const lookUps = keyLookUps();
    const { counts } = await rehearseHere(
      foreignLines(5),
      { ...here.batches, chunkItems: 2 },
      async ({ position }) => {
        await Promise.resolve();
        told.push([position, lookUps.count()]);
      },
    );
    lookUps.end();
    expect(counts).toMatchObject({ SUCCESS: 0, INELIGIBLE: 5 });
    // While the failures of a part are told, no later part was looked at.
    expect(told).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 2],
      [5, 3],
    ]);
  });

  test('tells every failure in its place, through a file that is gone with the answer', async () => {
    Object.assign(here.app.batches, { chunkItems: 500 });
    const lines = Array.from({ length: 2_000 }, (_, n) => ({ id: `bad-${String(n)}`, csr: 'none' }));
    const { text, headers } = await rehearse([...lines, ...deviceLines(1)]);
    const { failures, ...rest } = JSON.parse(text) as { failures: { position: number; id: string }[] };
    expect(rest).toMatchObject({ items: 2_001, counts: { SUCCESS: 1, CSR_ERROR: 2_000 } });
    expect(failures.map(({ position, id }) => [position, id])).toEqual(lines.map(({ id }, n) => [n + 1, id]));
    expect(text).toBe(JSON.stringify({ ...rest, failures }));
    expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    while (readdirSync(folder).length > 0) await setTimeout(5);
  });

  test('holds its failures in a file without a name, of which nothing is left whenever the process dies', async () => {
    const caller = await callerOf('METERWORKS', here);
    const { failures, close } = await writeReport(uploaded(foreignLines(3)), caller, {
      ...here.batches,
      folder,
    });
    expect(failures.size).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual([]);
    await close();
  });

  test('is decided as at one instant, however long it takes: what ends meanwhile had not ended', async () => {
    const begun = here.clock.now().getTime();
    const ends = { effectiveTo: new Date(begun + 1_000) };
    await varyAgreement(ends, here.database);
    // Of all clocks the one that goes on most: at the second look the agreement is over.
    let looks = 0;
    const clock = { now: () => new Date(begun + 1_000 * looks++) };
    const issuance = { ...here.batches.issuance, clock };
    const lines = deviceLines(3);
    const said = await rehearseHere(
      [...lines, { ...lines[0]!, id: 'twice' }],
      { ...here.batches, issuance, chunkItems: 1 },
      () => Promise.resolve(),
    );
    expect(said.counts).toMatchObject({ SUCCESS: 3, CSR_ERROR: 1, INELIGIBLE: 0 });
    const later = await rehearseHere(lines, { ...here.batches, issuance }, () => Promise.resolve());
    expect(later.counts).toMatchObject({ SUCCESS: 0, INELIGIBLE: 3 });
  });
});
