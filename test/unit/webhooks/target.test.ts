import { Fault } from '../../../src/domain/fault.ts';
import type { WebhookTargets } from '../../../src/domain/webhook.ts';
import {
  AddressRefused,
  isPermitted,
  parseEndpoint,
  requirePermitted,
} from '../../../src/webhooks/target.ts';

/** Of each: whether webhooks go there when only public ones, also private ones, and any targets are allowed. */
const ADDRESSES: [string, string, boolean, boolean][] = [
  ['a public one', '93.184.215.14', true, true],
  ['a public one of IPv6', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', true, true],
  ['loopback', '127.0.0.1', false, false],
  ['all of loopback', '127.8.9.10', false, false],
  ['this host', '0.0.0.0', false, false],
  ['link-local: the metadata of clouds', '169.254.169.254', false, false],
  ['private, 10/8', '10.1.2.3', false, true],
  ['private, 172.16/12', '172.31.255.255', false, true],
  ['just beyond 172.16/12', '172.32.0.1', true, true],
  ['private, 192.168/16', '192.168.0.1', false, true],
  ['carrier-grade NAT', '100.64.0.1', false, true],
  ['benchmarks', '198.18.0.1', false, false],
  ['documentation', '203.0.113.7', false, false],
  ['multicast', '224.0.0.1', false, false],
  ['broadcast', '255.255.255.255', false, false],
  ['loopback of IPv6', '::1', false, false],
  ['no address of IPv6', '::', false, false],
  ['loopback mapped into IPv6', '::ffff:127.0.0.1', false, false],
  ['a private one mapped into IPv6', '::ffff:10.0.0.1', false, true],
  ['link-local of IPv6', 'fe80::1', false, false],
  ['unique local', 'fd00::1', false, true],
  ['multicast of IPv6', 'ff02::1', false, false],
  ['NAT64 of a private one', '64:ff9b::a00:1', false, false],
  ['6to4 of a private one', '2002:a00:1::1', false, false],
  ['Teredo', '2001::1', false, false],
  ['documentation of IPv6', '2001:db8::1', false, false],
];

test.each(ADDRESSES)('%s: %s', (_, address, isPublic, isPrivate) => {
  const verdicts = (['public', 'private', 'any'] as const).map((one) => isPermitted(address, one));
  expect(verdicts).toEqual([isPublic, isPrivate, true]);
});

test.each([
  ['https://example.com/hook', 'public', undefined],
  ['https://example.com:8443/hook?a=b', 'public', undefined],
  ['https://93.184.215.14/', 'public', undefined],
  ['http://example.com/hook', 'public', 'does not begin with https://'],
  ['http://example.com/hook', 'private', 'does not begin with https://'],
  ['http://example.com/hook', 'any', undefined],
  ['ftp://example.com/', 'any', 'does not begin with https://'],
  ['file:///etc/passwd', 'any', 'does not begin with https://'],
  ['example.com', 'public', 'is not an address'],
  ['https://user:word@example.com/', 'public', 'a user or a password'],
  ['https://user@example.com/', 'public', 'a user or a password'],
  ['https://:word@example.com/', 'public', 'a user or a password'],
  ['https://example.com/#part', 'public', 'holds a #'],
  ['https://127.0.0.1/', 'public', 'is at 127.0.0.1'],
  ['https://2130706433/', 'public', 'is at 127.0.0.1'],
  ['https://0x7f.1/', 'public', 'is at 127.0.0.1'],
  ['https://[::1]/', 'public', 'is at ::1'],
  ['https://[::ffff:127.0.0.1]/', 'public', 'is at ::ffff:7f00:1'],
  ['https://10.0.0.1/', 'private', undefined],
] as const)('the endpoint %s where %s targets are allowed: %s', (endpoint, targets, says) => {
  expect(wordsOf(endpoint, targets)).toEqual(says === undefined ? undefined : expect.stringContaining(says));
});

test.each([
  ['example.com', 'Name it as https://'],
  ['http://example.com/hook', 'answers over https'],
  ['https://user:word@example.com/', 'Leave them out'],
  ['https://example.com/#part', 'Leave out the #'],
  ['https://127.0.0.1/', 'ask the operator'],
])('the refusal of the endpoint %s says what to do', (endpoint, fix) => {
  let refusal: unknown;
  try {
    parseEndpoint(endpoint, 'public');
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({ fix: expect.stringContaining(fix) as string });
});

test('a name that stands for a refused address, alone or beside others, is refused', async () => {
  const ask = (...addresses: string[]) =>
    requirePermitted('hook.example', 'public', () =>
      Promise.resolve(addresses.map((address) => ({ address, family: 4 }))),
    );
  await expect(ask('127.0.0.1')).rejects.toThrow(AddressRefused);
  await expect(ask('93.184.215.14', '10.0.0.1')).rejects.toThrow(AddressRefused);
  expect(await ask('93.184.215.14')).toHaveLength(1);
});

function wordsOf(endpoint: string, targets: WebhookTargets): string | undefined {
  try {
    parseEndpoint(endpoint, targets);
    return undefined;
  } catch (error) {
    return error instanceof Fault ? error.message : String(error);
  }
}
