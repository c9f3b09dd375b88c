import { hash } from 'node:crypto';
import type { BatchPlace } from '../domain/batch.ts';
import {
  subjectKey,
  type CertificateRequest,
  type CertificateSubject,
} from '../domain/certificate-request.ts';
import type { IssuedCertificate } from '../domain/certificate.ts';
import type { PassedDecision } from '../domain/decision.ts';
import type { Caller, TestingParticipant } from '../domain/participant.ts';
import { newSerialNumber, type FillRandom } from '../domain/serial-number.ts';
import { lint } from '../lint/lint.ts';
import { compileProfile, fillProfile, type CompiledProfile } from '../profiles/fill-profile.ts';
import type { Profile } from '../profiles/profile.ts';
import { encodeTbs } from '../x509/certificate.ts';
import type { IssuingAuthority } from './authority.ts';
import type { Intent } from './intent-store.ts';
import { expectedCertificate, templateExpectation } from './expectation.ts';
import type { Hierarchy } from './hierarchy.ts';

/** A request that may be issued: only a decision that passed can stand in it. */
export interface EligibleRequest {
  readonly decision: PassedDecision;
  readonly decisionId: string;
  readonly participant: Pick<TestingParticipant, 'id' | 'signifier'>;
  readonly caller: Caller;
  readonly request: Omit<CertificateRequest, 'csr'>;
  readonly idempotencyId?: string;
  readonly place?: BatchPlace;
  readonly profile: Profile;
  readonly subject: CertificateSubject;
  readonly key: { readonly spki: Buffer; readonly sha256: Buffer };
}

/** Linted and ready: what will be signed, by whom, and what is written down before. */
export interface PreparedCertificate extends Intent {
  readonly signedBy: IssuingAuthority;
  readonly eligible: EligibleRequest;
}

/** Fills the profile, encodes the octets, and lints them. No I/O. @throws Fault `lint-failed` */
export function prepare(
  eligible: EligibleRequest,
  needs: { readonly hierarchy: Hierarchy; readonly fillRandom: FillRandom },
  now: Date,
): PreparedCertificate {
  const { profile, subject, key, request, participant, caller } = eligible;
  const signedBy = needs.hierarchy.issuing(profile.authority);
  const template = templateOf(profile, signedBy);
  const facts = { serialNumber: newSerialNumber(needs.fillRandom), notBefore: now, subject, spki: key.spki };

  const content = fillProfile(template.compiled, facts);
  const expected = expectedCertificate(template.expected, signedBy.facts, facts);
  const tbs = lint(encodeTbs(content), END_ENTITY[profile.category], expected);
  return {
    serialNumber: facts.serialNumber,
    authority: signedBy.name,
    authoritySha256: signedBy.sha256,
    profile: profile.profile,
    category: profile.category,
    participantId: participant.id,
    credentialId: caller.credentialId,
    decisionId: eligible.decisionId,
    ...(eligible.idempotencyId === undefined ? {} : { idempotencyId: eligible.idempotencyId }),
    ...(eligible.place === undefined ? {} : { place: eligible.place }),
    purpose: request.purpose,
    ...(request.environment === undefined ? {} : { environment: request.environment }),
    subject: subjectKey(subject),
    ...(subject.category === 'DCCKI' ? {} : { eui64: subject.eui64 }),
    publicKeySha256: key.sha256,
    notBefore: content.notBefore,
    notAfter: content.notAfter,
    tbs,
    signedBy,
    eligible,
  };
}

/**
 * Signs exactly the linted octets, once their intent is on record. Nothing is recorded as issued before OpenSSL has
 * given its second opinion of what comes out.
 */
export function sign(prepared: PreparedCertificate, issuedAt: Date): IssuedCertificate {
  const { signedBy, eligible, serialNumber, environment, eui64 } = prepared;
  const der = signedBy.sign(prepared.tbs);
  return {
    serialNumber,
    category: prepared.category,
    profile: prepared.profile,
    authority: prepared.authority,
    participant: eligible.participant.signifier,
    purpose: prepared.purpose,
    ...(environment === undefined ? {} : { environment }),
    ...(eui64 === undefined ? {} : { eui64 }),
    notBefore: prepared.notBefore,
    notAfter: prepared.notAfter,
    issuedAt,
    der,
    sha256: hash('sha256', der, 'buffer'),
    publicKeySha256: prepared.publicKeySha256,
    decision: {
      id: prepared.decisionId,
      basis: eligible.decision.basis,
      ruleSet: eligible.decision.ruleSet,
      simulatedRole: eligible.decision.simulatedRole,
    },
  };
}

interface CompiledTemplate {
  readonly compiled: CompiledProfile;
  readonly expected: ReturnType<typeof templateExpectation>;
}

/** What is the same in every certificate of a profile is encoded once for each authority. */
function templateOf(profile: Profile, authority: IssuingAuthority): CompiledTemplate {
  let byProfile = compiledTemplates.get(authority);
  if (byProfile === undefined)
    compiledTemplates.set(authority, (byProfile = new Map<Profile, CompiledTemplate>()));
  let template = byProfile.get(profile);
  if (template === undefined) {
    template = { compiled: compileProfile(profile, authority.facts), expected: templateExpectation(profile) };
    byProfile.set(profile, template);
  }
  return template;
}

const compiledTemplates = new WeakMap<IssuingAuthority, Map<Profile, CompiledTemplate>>();
const END_ENTITY = {
  ORGANISATION: { category: 'ORGANISATION', kind: 'END_ENTITY' },
  DEVICE: { category: 'DEVICE', kind: 'END_ENTITY' },
  DCCKI: { category: 'DCCKI', kind: 'END_ENTITY' },
} as const;
