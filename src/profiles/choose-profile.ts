import type { Category } from '../domain/category.ts';
import type { CertificateSubject, PublicKeyFacts } from '../domain/certificate-request.ts';
import { Fault } from '../domain/fault.ts';
import type { ProfileSet } from './load-profiles.ts';
import type { Profile } from './profile.ts';

/** What decides which profile fits. */
export interface ProfileQuestion {
  readonly subject: CertificateSubject;
  readonly keyUsage: 'digitalSignature' | 'keyAgreement';
  readonly publicKey: PublicKeyFacts;
}

/**
 * The profile that was asked for by name, or the one that fits category, role, key usage and key.
 * @throws Fault `malformed-request` when the named one does not exist or does not fit, or none fits
 */
export function chooseProfile(
  { profiles }: ProfileSet,
  question: ProfileQuestion,
  requested?: string,
): Profile {
  const fitting = [...profiles.values()].filter((profile) => fits(profile, question));
  const chosen =
    requested === undefined
      ? fitting.find((profile) => profile.chosen === 'automatically')
      : fitting.find((profile) => profile.profile === requested);
  if (chosen !== undefined) return chosen;
  const wish = requested === undefined ? 'No profile' : `The profile ${requested} does not exist or`;
  throw new Fault('malformed-request', `${wish} does not fit this CSR.`, {
    reasons: [
      {
        reason: 'PROFILE_NOT_APPLICABLE',
        clause: 'DESIGN',
        detail: `${wish} does not fit a CSR of the category ${question.subject.category} with keyUsage ${question.keyUsage}${roleText(question.subject)}.`,
        fix: `Profiles that fit: ${fitting.map((profile) => profile.profile).join(', ') || 'none'}. GET /v1/categories lists them all.`,
      },
    ],
  });
}

/** Where no CSR is at hand yet: what is wrong when the category has no profile of the name at all. */
export function unknownProfile(
  { profiles }: ProfileSet,
  category: Category,
  requested: string | undefined,
): Fault | undefined {
  const ofCategory = [...profiles.values()].filter((one) => one.category === category);
  if (requested === undefined || ofCategory.some((one) => one.profile === requested)) return undefined;
  const detail = `There is no profile ${requested} of the category ${category}.`;
  const fix = `Profiles of ${category}: ${ofCategory.map((one) => one.profile).join(', ')}.`;
  const reasons = [{ reason: 'PROFILE_NOT_APPLICABLE', clause: 'DESIGN', detail, fix }];
  return new Fault('malformed-request', detail, { reasons });
}

function fits(
  { category, keyUsage, roles, subjectPublicKeyInfo: key }: Profile,
  question: ProfileQuestion,
): boolean {
  const { subject, publicKey } = question;
  const sameKey =
    key.algorithm === 'EC'
      ? publicKey.kind === 'EC_P256'
      : publicKey.kind === 'RSA' && publicKey.bits >= key.bits;
  const sameRole = subject.category !== 'ORGANISATION' || (roles ?? [subject.role]).includes(subject.role);
  return category === subject.category && keyUsage === question.keyUsage && sameKey && sameRole;
}

const roleText = (subject: CertificateSubject) =>
  subject.category === 'ORGANISATION' ? ` and the role ${subject.role}` : '';
