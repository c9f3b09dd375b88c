import request from 'supertest';
import { batchWorld, deviceLines, type BatchBody, type BatchWorld } from '../support/batch-world.ts';

describe('the parts of a result', () => {
  let here: BatchWorld;
  let result: string;
  let tag: string;
  let size: number;
  beforeAll(async () => {
    here = await batchWorld();
    const { id } = (await here.submit(deviceLines(1))).body as BatchBody;
    await here.work();
    result = `/v1/batches/${id}/result`;
    const whole = await ask('head');
    tag = String(whole.headers['etag']);
    size = Number(whole.headers['content-length']);
  });
  afterAll(async () => here.close());

  const ask = async (method: 'get' | 'head', headers: Record<string, string> = {}) => {
    const agent = request(here.http);
    const asked = agent[method](result);
    return asked.set({
      Authorization: await here.bearer('METERWORKS'),
      Accept: 'application/zip',
      ...headers,
    });
  };
  const partOf = (first: number) => `bytes ${String(first)}-${String(size - 1)}/${String(size)}`;

  test('more of its last octets than there are is the whole; as many are those', async () => {
    for (const [range, first] of [
      ['bytes=-99999999', 0],
      ['bytes=-10', size - 10],
    ] as const) {
      const { status, headers } = await ask('get', { Range: range });
      expect([range, status, headers['content-range']]).toEqual([range, 206, partOf(first)]);
    }
    expect((await ask('get', { Range: 'bytes=-0' })).status).toBe(416);
  });

  test('a weak If-Range names no octets: the whole is sent; the strong one has its part', async () => {
    const statusFor = async (ifRange: string) =>
      (await ask('get', { Range: 'bytes=0-9', 'If-Range': ifRange })).status;
    expect(await statusFor(`W/${tag}`)).toBe(200);
    expect(await statusFor(tag)).toBe(206);
  });

  test('HEAD has no Range', async () => {
    const { status, headers } = await ask('head', { Range: 'bytes=0-9' });
    expect([status, headers['content-length'], headers['content-range']]).toEqual([
      200,
      String(size),
      undefined,
    ]);
  });
});
