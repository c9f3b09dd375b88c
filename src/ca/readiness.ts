import { hasExpired } from '../domain/certificate.ts';
import type { Hierarchy } from './hierarchy.ts';

/** What may stand against issuing under the test CAs, long after the start found nothing. */
export type AuthorityReadiness = 'ok' | 'retired' | 'not-valid-now' | 'key-unusable';

/**
 * Whether every test CA is valid at this instant and every issuing key signs.
 * @returns a function for one hierarchy; it tries the keys once a minute at most, since that costs signatures
 */
export function authorityReadiness(hierarchy: Hierarchy): (now: Date) => AuthorityReadiness {
  const { authorities } = hierarchy;
  const signers = authorities
    .filter(({ kind }) => kind === 'ISSUING')
    .map(({ name }) => hierarchy.issuing(name));
  let tried = { at: -Infinity, works: false };
  return (now) => {
    const at = now.getTime();
    if (authorities.some((one) => now < one.notBefore || hasExpired(one.notAfter, now)))
      return 'not-valid-now';
    if (Math.abs(at - tried.at) >= MINUTE) tried = { at, works: signers.every((one) => one.keyWorks()) };
    return tried.works ? 'ok' : 'key-unusable';
  };
}

const MINUTE = 60_000;
