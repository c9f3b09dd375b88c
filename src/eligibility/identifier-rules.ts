import type { CertificateSubject } from '../domain/certificate-request.ts';
import { formatEui64, isUsableEui64, rangeContains, type Eui64 } from '../domain/eui64.ts';
import type { DeviceRange, UserRole } from '../domain/participant.ts';
import type { Case, Rule } from './rule.ts';
import { cellOf, deviceRow } from './table-b.ts';

/** Whether the identifier in the CSR is one that this participant may use, in this category (requirements 3.4). */
export const IDENTIFIER_RULES: readonly Rule[] = [
  {
    reason: 'IDENTIFIER_MALFORMED',
    check: withEui64((eui64) => (isUsableEui64(eui64) ? [] : [`${formatEui64(eui64)} identifies nothing.`])),
  },
  {
    reason: 'IDENTIFIER_NOT_IN_ALLOCATED_RANGE',
    check: organisation(checkAllocation),
  },
  {
    reason: 'IDENTIFIER_OWNED_BY_OTHER',
    check: withEui64((eui64, { question, participant }) => {
      // A device range that its owner delegated is the owner's still.
      const delegated =
        question.csr?.subject?.category === 'DEVICE' &&
        participant.deviceRanges.some((one) => one.delegatedBy !== undefined && rangeContains(one, eui64));
      return question.standing?.identifierOwnedByOther && !delegated
        ? [`${formatEui64(eui64)} does not belong to ${participant.signifier}.`]
        : [];
    }),
  },
  { reason: 'USER_ID_ROLE_NOT_ASSIGNED', check: organisation(checkAssignment) },
  {
    reason: 'USER_ID_ROLE_CONFLICT',
    check: organisation(({ eui64 }, one) => {
      const held = userRolesOf(eui64, one);
      const { userIdRoleConflicts, supplierUserIdSharing } = one.ruleSet;
      return userIdRoleConflicts[supplierUserIdSharing]
        .filter((pair) => pair.every((role) => held.includes(role)))
        .map((pair) => `The User ID ${formatEui64(eui64)} is assigned to ${pair.join(' and to ')}.`);
    }),
  },
  {
    reason: 'DEVICE_ID_IN_USER_REGISTRY',
    check: device((eui64, { question }) =>
      question.standing?.identifierInCentralRegistry
        ? [`${formatEui64(eui64)} lies in a Registry Entry of the SEC Panel.`]
        : [],
    ),
  },
  { reason: 'DEVICE_ID_NOT_IN_RANGE', check: device(checkDeviceRange) },
  {
    reason: 'DEVICE_CERTIFICATE_LIMIT',
    check: device((eui64, { question, ruleSet: { settings } }) => {
      const issued = question.standing?.certificatesForDevice ?? 0;
      const limit = question.standing?.deviceCeiling ?? settings.deviceCertificateLimit;
      return issued < limit
        ? []
        : [`${formatEui64(eui64)} has ${String(issued)} certificates; the limit is ${String(limit)}.`];
    }),
  },
  {
    // Of the replacement route only (SEC Appendix M, 2.4): whoever asks without it may ask for the first or the next. Whether a
    // device of another has certificates is not told.
    reason: 'UNKNOWN_DEVICE',
    check: device((eui64, asked) => {
      const { request, standing } = asked.question;
      const isUnknown = request.replacement && (standing?.certificatesForDevice ?? 0) === 0;
      return isUnknown && checkDeviceRange(eui64, asked).length === 0
        ? [`${formatEui64(eui64)} has no certificate that could be replaced.`]
        : [];
    }),
  },
  {
    reason: 'SIGNIFIER_MISMATCH',
    check: infrastructure(({ signifier }, { participant }) =>
      signifier === participant.signifier
        ? []
        : [`The commonName is ${JSON.stringify(signifier)}; the participant is ${participant.signifier}.`],
    ),
  },
  {
    reason: 'IDENTIFIER_TYPE_WRONG_FOR_CATEGORY',
    check: infrastructure(({ signifier }, { ruleSet: { settings } }) =>
      settings.signifierPattern.test(signifier)
        ? []
        : [`The commonName ${JSON.stringify(signifier)} does not have the form of a Signifier.`],
    ),
  },
];

/** The EUI-64 must be allocated to the participant, and not for other environments only (DESIGN, requirements U8). */
function checkAllocation({ eui64 }: Organisation, { participant, ruleSet }: Case): readonly string[] {
  const shown = formatEui64(eui64);
  const kinds = ruleSet.identifierKinds[participant.type];
  const allocated = participant.allocations.filter(
    (one) => one.state === 'ACTIVE' && kinds.includes(one.kind) && rangeContains(one, eui64),
  );
  if (allocated.length === 0)
    return [
      `${shown} is in no active allocation of ${participant.signifier} of the kind ${kinds.join(' or ')}.`,
    ];
  // A rule set of the past, and an allocation that says nothing of it, leave this open.
  const { allocationEnvironments: usable } = ruleSet;
  const held = allocated.map(({ environment = 'BOTH' }) => environment);
  return usable === undefined || held.some((one) => usable.includes(one))
    ? []
    : [
        `The allocation of ${shown} to ${participant.signifier} is for ${held.join(' and ').toLowerCase()} use only; ask SECAS to allocate it for ${usable.join(' or ')}.`,
      ];
}

/** Where table B passes a Party, its User ID must be assigned to a User Role that carries the role of the certificate. */
function checkAssignment({ eui64, role }: Organisation, one: Case): readonly string[] {
  const found = cellOf(one);
  if (one.participant.type !== 'SEC_PARTY' || found === undefined) return [];
  const { cell, what } = found;
  const asked = cell === 'PASS' || (typeof cell !== 'string' && 'userRoles' in cell);
  if (!asked) return [];
  const { userRoleMap } = one.ruleSet;
  const carrying = (Object.keys(userRoleMap) as UserRole[]).filter((each) =>
    userRoleMap[each].includes(role),
  );
  const wanted = cell === 'PASS' ? carrying : cell.userRoles;
  const held = userRolesOf(eui64, one);
  if (held.some((each) => wanted.includes(each))) return [];
  const has = held.length === 0 ? 'no User Role' : held.join(', ');
  return [`The User ID ${formatEui64(eui64)} is assigned to ${has}; ${what} needs ${wanted.join(' or ')}.`];
}

/** A non-Party's Device IDs are those of its agreement, everybody else's those of the ranges on record (table B). */
function checkDeviceRange(eui64: Eui64, { question, participant, agreement }: Case): readonly string[] {
  const shown = formatEui64(eui64);
  const { deviceType } = question.request;
  const agreed = agreement?.deviceRanges ?? [];
  const byAgreement = participant.type === 'NON_PARTY' || agreed.length > 0;
  if (agreement && byAgreement && !agreed.some((range) => rangeContains(range, eui64)))
    return [`${shown} is in no device range of agreement ${agreement.ref}.`];
  const own = participant.deviceRanges.filter((range) => rangeContains(range, eui64));
  if (own.length === 0)
    return agreement && participant.type === 'NON_PARTY'
      ? []
      : [`${shown} is in no device range of ${participant.signifier}.`];
  return own.some((range) => holds(range, deviceType))
    ? []
    : [
        `The range of ${shown} is registered for ${own.flatMap((range) => range.deviceTypes).join(', ')}, not for ${deviceType ?? 'a device of no stated type'}.`,
      ];
}

/** A device whose type is not told is one of Type 1, as in table B. */
function holds({ deviceTypes }: DeviceRange, deviceType: Case['question']['request']['deviceType']): boolean {
  if (deviceTypes.length === 0) return true;
  return deviceType === undefined
    ? deviceTypes.some((each) => deviceRow(each) === 'type1')
    : deviceTypes.includes(deviceType);
}

const userRolesOf = (eui64: Eui64, { participant }: Case) =>
  participant.roleAssignments.filter((one) => one.eui64 === eui64).map((one) => one.userRole);

type Check<Facts> = (facts: Facts, one: Case) => readonly string[];
type Organisation = Extract<CertificateSubject, { category: 'ORGANISATION' }>;

function organisation(check: Check<Organisation>): Rule['check'] {
  return (one) => {
    const subject = one.question.csr?.subject;
    return subject?.category === 'ORGANISATION' ? check(subject, one) : [];
  };
}

function device(check: Check<Eui64>): Rule['check'] {
  return (one) => {
    const subject = one.question.csr?.subject;
    return subject?.category === 'DEVICE' ? check(subject.eui64, one) : [];
  };
}

function infrastructure(check: Check<Extract<CertificateSubject, { category: 'DCCKI' }>>): Rule['check'] {
  return (one) => {
    const subject = one.question.csr?.subject;
    return subject?.category === 'DCCKI' ? check(subject, one) : [];
  };
}

function withEui64(check: Check<Eui64>): Rule['check'] {
  return (one) => {
    const subject = one.question.csr?.subject;
    return subject === undefined || subject.category === 'DCCKI' ? [] : check(subject.eui64, one);
  };
}
