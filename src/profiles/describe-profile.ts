import type { KeyRequirement, Profile, Validity } from './profile.ts';

/** What people want to know of a profile. */
export interface ProfileDescription {
  readonly profile: string;
  readonly keyUsage: string;
  readonly chosen: string;
  readonly roles?: readonly string[];
  readonly key: string;
  readonly validity: string;
  readonly source: string;
}

/** A profile in words. */
export function describeProfile({ profile, keyUsage, chosen, roles, ...rest }: Profile): ProfileDescription {
  return {
    profile,
    keyUsage,
    chosen,
    ...(roles === undefined ? {} : { roles }),
    key: describeKey(rest.subjectPublicKeyInfo),
    validity: describeValidity(rest.validity),
    source: rest.source,
  };
}

export function describeKey(key: KeyRequirement): string {
  return key.algorithm === 'EC' ? key.curve : `RSA of at least ${String(key.bits)} bits`;
}

export function describeValidity(validity: Validity): string {
  return 'years' in validity
    ? `${String(validity.years)} years`
    : `until ${validity.notAfter.toISOString().slice(0, 19)}Z`;
}
