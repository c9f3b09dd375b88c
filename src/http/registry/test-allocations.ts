import { formatEui64, formatEui64Range } from '../../domain/eui64.ts';
import { endTestAllocation, giveTestAllocation } from '../../registrar/test-allocations.ts';
import { route } from '../route.ts';
import { z } from '../zod.ts';
import * as fields from '../fields.ts';

const path = '/v1/participants/{signifier}/test-allocations';
/** DESIGN: enough for every User Role of a Party many times, and far from a whole block. */
const MOST_AT_ONCE = 4096;

/** Test-only allocations are the registrar's; they stand in the list of allocations with `environment: TEST`. */
export const TEST_ALLOCATION_ROUTES = [
  route({
    method: 'post',
    path,
    command: 'test-allocations give',
    summary: 'give a SEC Party User IDs, or an RDP RDP IDs, of the test block, for tests only',
    roles: ['DCC_REGISTRAR'],
    body: z.strictObject({
      count: z
        .int()
        .min(1)
        .max(MOST_AT_ONCE)
        .default(16)
        .describe(`EUI-64s, up to ${String(MOST_AT_ONCE)}; 16 unless told`),
    }),
    answer: z
      .object({
        kind: z.enum(['USER_ID', 'RDP_ID']),
        from: z.string(),
        to: z.string(),
        environment: z.literal('TEST'),
      })
      .openapi('TestAllocation'),
    status: 201,
    event: 'test-allocation.given',
    handle: async (asked, { testBlock }) => {
      const { kind, ...range } = await giveTestAllocation(asked, asked.body.count, testBlock);
      const [from, to] = [formatEui64(range.from), formatEui64(range.to)];
      return { body: { kind, from, to, environment: 'TEST' }, object: formatEui64Range(range) };
    },
  }),
  route({
    method: 'post',
    path: `${path}/end`,
    command: 'test-allocations end',
    summary: 'end a test-only allocation, and the User Roles that rest on it',
    roles: ['DCC_REGISTRAR'],
    body: z.strictObject(fields.range),
    answer: fields.done,
    event: 'test-allocation.ended',
    handle: async (asked) => {
      await endTestAllocation(asked, asked.body);
      return { body: { done: true }, object: formatEui64Range(asked.body) };
    },
  }),
];
