import pg from 'pg';
import { batchWorld, deviceLines, type BatchWorld } from '../support/batch-world.ts';

describe('a dry run', () => {
  let here: BatchWorld;
  beforeEach(async () => {
    here = await batchWorld();
    // What the routes work with is what was opened.
    Object.assign(here.app.batches, { chunkItems: 2 });
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
});
