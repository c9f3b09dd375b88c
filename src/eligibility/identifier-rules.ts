import type { CertificateSubject } from '../domain/certificate-request.ts';
import type { EligibilityQuestion, Finding, Standing } from '../domain/eligibility-question.ts';
import { formatEui64, isUsableEui64, rangeContains, type Eui64 } from '../domain/eui64.ts';
import type { Agreement, TestingParticipant } from '../domain/participant.ts';
import type { RuleSet } from './rule-set.ts';

/** Whether the identifier in the CSR is one that this participant may use, in this category (requirements 3.4). */
export function identifierFindings(
  question: EligibilityQuestion,
  participant: TestingParticipant,
  agreement: Agreement | undefined,
  ruleSet: RuleSet,
): Finding[] {
  const subject = question.csr?.subject;
  if (subject === undefined) return [];
  if (subject.category === 'DCCKI') return signifierFindings(subject.signifier, participant);
  if (!isUsableEui64(subject.eui64))
    return [{ reason: 'IDENTIFIER_MALFORMED', detail: `${formatEui64(subject.eui64)} identifies nothing.` }];
  const { standing } = question;
  return subject.category === 'ORGANISATION'
    ? organisationFindings(subject, participant, standing, ruleSet)
    : deviceFindings(subject.eui64, question, participant, agreement, ruleSet);
}

function organisationFindings(
  { eui64 }: Extract<CertificateSubject, { category: 'ORGANISATION' }>,
  participant: TestingParticipant,
  standing: Standing | undefined,
  ruleSet: RuleSet,
): Finding[] {
  const findings: Finding[] = [];
  const shown = formatEui64(eui64);
  const allocated = participant.allocations.some(
    (one) => one.state === 'ACTIVE' && rangeContains(one, eui64),
  );
  if (!allocated)
    findings.push({
      reason: 'IDENTIFIER_NOT_IN_ALLOCATED_RANGE',
      detail: `${shown} is in no active allocation of ${participant.signifier}.`,
    });
  if (standing?.identifierOwnedByOther)
    findings.push({
      reason: 'IDENTIFIER_OWNED_BY_OTHER',
      detail: `${shown} is not ${participant.signifier}'s.`,
    });
  const roles = participant.roleAssignments.filter((one) => one.eui64 === eui64).map((one) => one.userRole);
  for (const [one, other] of ruleSet.userIdRoleConflicts)
    if (roles.includes(one) && roles.includes(other))
      findings.push({
        reason: 'USER_ID_ROLE_CONFLICT',
        detail: `${shown} is assigned to ${one} and to ${other}.`,
      });
  return findings;
}

function deviceFindings(
  eui64: Eui64,
  { standing, request }: EligibilityQuestion,
  participant: TestingParticipant,
  agreement: Agreement | undefined,
  { settings }: RuleSet,
): Finding[] {
  const findings: Finding[] = [];
  const shown = formatEui64(eui64);
  const { deviceType } = request;
  const ranges = participant.deviceRanges.filter((range) => rangeContains(range, eui64));
  const typed = ranges.filter(
    ({ deviceTypes }) =>
      deviceType === undefined || deviceTypes.length === 0 || deviceTypes.includes(deviceType),
  );
  const agreed =
    agreement === undefined ||
    agreement.deviceRanges.length === 0 ||
    agreement.deviceRanges.some((range) => rangeContains(range, eui64));
  const ownByAgreement = agreement?.deviceRanges.some((range) => rangeContains(range, eui64)) ?? false;
  if (standing?.identifierInCentralRegistry)
    findings.push({
      reason: 'DEVICE_ID_IN_USER_REGISTRY',
      detail: `${shown} lies in a Registry Entry of the SEC Panel.`,
    });
  if (!agreed)
    findings.push({
      reason: 'DEVICE_ID_NOT_IN_RANGE',
      detail: `${shown} is in no device range of the agreement.`,
    });
  else if (ranges.length === 0 && !ownByAgreement)
    findings.push({
      reason: 'DEVICE_ID_NOT_IN_RANGE',
      detail: `${shown} is in no device range of ${participant.signifier}.`,
    });
  else if (typed.length === 0 && ranges.length > 0)
    findings.push({
      reason: 'DEVICE_ID_NOT_IN_RANGE',
      detail: `The range of ${shown} is registered for other device types than ${deviceType ?? 'this'}.`,
    });
  // A range that its owner delegated is the owner's still.
  if (standing?.identifierOwnedByOther && !ranges.some((range) => range.delegatedBy !== undefined))
    findings.push({
      reason: 'IDENTIFIER_OWNED_BY_OTHER',
      detail: `${shown} is not ${participant.signifier}'s.`,
    });
  const limit = settings.deviceCertificateLimit;
  if (standing !== undefined && standing.certificatesForDevice >= limit)
    findings.push({
      reason: 'DEVICE_CERTIFICATE_LIMIT',
      detail: `${shown} has ${String(standing.certificatesForDevice)} certificates; the limit is ${String(limit)}.`,
    });
  return findings;
}

function signifierFindings(signifier: string, participant: TestingParticipant): Finding[] {
  return signifier === participant.signifier
    ? []
    : [
        {
          reason: 'SIGNIFIER_MISMATCH',
          detail: `The commonName is ${signifier}; the participant is ${participant.signifier}.`,
        },
      ];
}

/** Whether the key is fit for this subject. */
export function keyFindings({ standing }: EligibilityQuestion): Finding[] {
  const findings: Finding[] = [];
  if (standing?.keyUsedForAnotherSubject)
    findings.push({
      reason: 'PUBLIC_KEY_REUSED',
      detail: 'A certificate of another subject holds this public key.',
    });
  if (standing?.keyKnownCompromised)
    findings.push({
      reason: 'PUBLIC_KEY_KNOWN_COMPROMISED',
      detail: 'The public key is on the deny-list of published test keys.',
    });
  return findings;
}
