import type { CertificateSubject } from '../domain/certificate-request.ts';
import type { EligibilityQuestion, Finding } from '../domain/eligibility-question.ts';
import type { Agreement, TestingParticipant } from '../domain/participant.ts';
import type { Cell, ParticipantKind, RuleSet, TableB } from './rule-set.ts';

/**
 * Decision table B: whether this kind of participant may have this kind of certificate. Without a CSR the Organisation
 * rows cannot be chosen: then nothing is found.
 */
export function tableBFindings(
  question: EligibilityQuestion,
  participant: TestingParticipant,
  agreement: Agreement | undefined,
  { tableB }: Pick<RuleSet, 'tableB'>,
): Finding[] {
  const subject = question.csr?.subject;
  const row = rowOf(question, subject, tableB);
  if (row === undefined) return [];
  const kind = kindOf(participant);
  if (kind === undefined)
    return [
      { reason: 'CATEGORY_REVIEW', detail: `${participant.signifier} is a service provider of the DCC.` },
    ];
  return judge(row.cells[kind], row.what, { participant, agreement, subject });
}

interface Case {
  readonly participant: TestingParticipant;
  readonly agreement: Agreement | undefined;
  readonly subject: CertificateSubject | undefined;
}

function judge(cell: Cell, what: string, { participant, agreement, subject }: Case): Finding[] {
  const found = (reason: string, detail = `${participant.signifier} asks for ${what}.`): Finding[] =>
    reason === 'PASS' ? [] : [{ reason, detail }];
  if (typeof cell === 'string') return found(cell);
  if ('userRoles' in cell) {
    const eui64 = subject?.category === 'ORGANISATION' ? subject.eui64 : undefined;
    const held = participant.roleAssignments.filter((one) => one.eui64 === eui64).map((one) => one.userRole);
    if (held.some((role) => cell.userRoles.includes(role))) return [];
    const has = held.length === 0 ? 'no User Role' : held.join(', ');
    return found(
      'USER_ID_ROLE_NOT_ASSIGNED',
      `${what} needs one of ${cell.userRoles.join(', ')}; the User ID is assigned to ${has}.`,
    );
  }
  if ('agreementRole' in cell) {
    const role = subject?.category === 'ORGANISATION' ? subject.role : undefined;
    const permitted = role !== undefined && (agreement?.permittedRoles.includes(role) ?? false);
    return permitted
      ? found(cell.agreementRole)
      : found('AGREEMENT_ROLE_EXCLUDED', `The agreement does not permit ${what}.`);
  }
  const connected =
    participant.type === 'NON_PARTY' ? agreement?.gatewayPermitted : participant.gatewayConnection;
  return connected
    ? found(cell.gateway)
    : found('GATEWAY_CONNECTION_ABSENT', `${participant.signifier} has no DCC Gateway Connection on record.`);
}

type Row = TableB['dccki']['infrastructure'];

function rowOf(
  { request }: EligibilityQuestion,
  subject: CertificateSubject | undefined,
  tableB: TableB,
): { cells: Row; what: string } | undefined {
  switch (request.category) {
    case 'ORGANISATION':
      if (subject?.category !== 'ORGANISATION') return undefined;
      return {
        cells: tableB.organisation[subject.role],
        what: `an Organisation Certificate with the role ${subject.role}`,
      };
    case 'DEVICE':
      return {
        cells: tableB.device[deviceRow(request.deviceType)],
        what: `a Device Certificate for ${request.deviceType ?? 'a device'}`,
      };
    case 'DCCKI':
      return { cells: tableB.dccki.infrastructure, what: 'a DCCKI Infrastructure Certificate' };
  }
}

function deviceRow(deviceType: EligibilityQuestion['request']['deviceType']): keyof TableB['device'] {
  if (deviceType === 'CHF' || deviceType === 'GPF') return 'communicationsHub';
  return deviceType === 'IHD' || deviceType === 'CAD' ? 'type2' : 'type1';
}

/** The column; `undefined` for a service provider of the DCC, for which the table has none. */
function kindOf({ type, partyCategory }: TestingParticipant): ParticipantKind | undefined {
  if (type === 'DCC_SERVICE_PROVIDER') return undefined;
  if (type !== 'SEC_PARTY') return type;
  switch (partyCategory) {
    case 'LARGE_SUPPLIER':
    case 'SMALL_SUPPLIER':
      return 'SUPPLIER';
    case 'ELECTRICITY_NETWORK':
    case 'GAS_NETWORK':
      return 'NETWORK';
    default:
      return 'OTHER';
  }
}
