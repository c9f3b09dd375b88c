import type { LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { Fault } from '../domain/fault.ts';
import type { WebhookTargets } from '../domain/webhook.ts';

/** An address that webhooks do not go to. */
export class AddressRefused extends Error {
  /** Without the address: what a name stands for inside is nobody's business. */
  constructor() {
    super('it stands for an address to which webhooks do not go here (TCS_WEBHOOK_TARGETS)');
    this.name = 'AddressRefused';
  }
}

/**
 * Reads the address of an endpoint. What a name stands for is asked each time something is sent.
 * @throws Fault `malformed-request`: not https, with a user or password, or an address that is refused
 */
export function parseEndpoint(text: string, targets: WebhookTargets): URL {
  if (!URL.canParse(text))
    throw malformed('The endpoint is not an address.', 'Name it as https://ci.example.com/hooks/tcs.');
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && targets === 'any'))
    throw malformed(
      'The endpoint does not begin with https://; webhooks go nowhere else, unless the operator of the service allows it (TCS_WEBHOOK_TARGETS).',
      'Name an endpoint that answers over https.',
    );
  if (url.username !== '' || url.password !== '')
    throw malformed(
      'The endpoint holds a user or a password; the signature says who sends.',
      'Leave them out, and have the receiver check Webhook-Signature.',
    );
  if (url.hash !== '')
    throw malformed(
      'The endpoint holds a #; what follows it is never sent.',
      'Leave out the # and what follows it.',
    );
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(literal) !== 0 && !isPermitted(literal, targets))
    throw malformed(
      `The endpoint is at ${literal}, an address to which webhooks do not go here; the operator of the service may allow it (TCS_WEBHOOK_TARGETS).`,
      'Name an endpoint on the public internet, or ask the operator.',
    );
  return url;
}

/**
 * The addresses of a host, checked: it is these that are connected to, whatever the name stands for a moment later.
 * @throws AddressRefused when one of them is refused: a name that stands for both sides of a wall is refused as a whole
 */
export async function requirePermitted(
  host: string,
  targets: WebhookTargets,
  resolve: (name: string) => Promise<readonly LookupAddress[]>,
): Promise<readonly LookupAddress[]> {
  const family = isIP(host);
  const found = family === 0 ? await resolve(host) : [{ address: host, family }];
  for (const { address } of found) if (!isPermitted(address, targets)) throw new AddressRefused();
  return found;
}

/** Whether webhooks go to an address in its usual form. */
export function isPermitted(address: string, targets: WebhookTargets): boolean {
  if (targets === 'any') return true;
  const family = isIP(address);
  if (family === 0) return false;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  if (targets === 'private' && PRIVATE.check(address, kind)) return true;
  return family === 4
    ? !SPECIAL.check(address, kind)
    : GLOBAL.check(address, kind) && !SPECIAL.check(address, kind);
}

const malformed = (detail: string, fix: string) => new Fault('malformed-request', detail, { fix });

function blockList(...networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** RFC 1918; RFC 6598 (between a customer and its provider); RFC 4193. */
const PRIVATE = blockList('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7');
/** What is not of the public internet. @see IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890) */
const SPECIAL = blockList(
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
);
/** Everything else of IPv6 is loopback, link-local, mapped IPv4, multicast or not given out. @see RFC 4291, 2.4 */
const GLOBAL = blockList('2000::/3');
