import request from 'supertest';
import { world } from '../support/world.ts';

test('a mistyped Device ID of an order of keys is told where it stands; a sound one is not', async () => {
  const here = await world();
  const answer = await request(here.http)
    .post('/v1/batches/generations')
    .set('Authorization', `Bearer ${await here.token('METERWORKS')}`)
    .send({
      purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
      devices: 1,
      from: '00-DB-12-34-20-00-00-0',
      to: '00-DB-12-34-20-00-FF-FF',
      recipient: 'x',
    });
  expect(answer.status).toBe(400);
  const { errors } = answer.body as { errors: { detail: string }[] };
  expect(errors.map((one) => one.detail)).toEqual(['/from: is not an EUI-64 of 16 hex digits']);
  await here.close();
});
