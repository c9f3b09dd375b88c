import type { DeviceType } from '../domain/category.ts';
import type { Finding } from '../domain/eligibility-question.ts';
import type { PartyCategory, TestingParticipant } from '../domain/participant.ts';
import type { Case } from './rule.ts';
import type { Cell, ParticipantKind, TableB } from './rule-set.ts';

const GATEWAY_ABSENT = 'GATEWAY_CONNECTION_ABSENT';
/** The reason codes that conditions of cells find. */
export const TABLE_B_REASONS = [GATEWAY_ABSENT] as const;

/** Decision table B: whether this kind of participant may have this kind of certificate. */
export function tableBFindings(one: Case): Finding[] {
  const found = cellOf(one);
  return found === undefined ? [] : judge(found.cell, found.what, one);
}

/**
 * The cell that is asked, and what it is about in words. Without the subject of a CSR the Organisation rows cannot be
 * chosen: then there is none.
 */
export function cellOf({
  question,
  participant,
  ruleSet: { tableB },
}: Case): { cell: Cell; what: string } | undefined {
  const { request, csr } = question;
  const kind = kindOf(participant);
  switch (request.category) {
    case 'ORGANISATION': {
      if (csr?.subject?.category !== 'ORGANISATION') return undefined;
      const { role } = csr.subject;
      return {
        cell: tableB.organisation[role][kind],
        what: `an Organisation Certificate with the role ${role}`,
      };
    }
    case 'DEVICE': {
      const cell = tableB.device[deviceRow(request.deviceType)][kind];
      return { cell, what: `a Device Certificate for ${request.deviceType ?? 'a device'}` };
    }
    case 'DCCKI':
      return { cell: tableB.dccki.infrastructure[kind], what: 'a DCCKI Infrastructure Certificate' };
  }
}

/** The row of a device type; a device whose type is not told is one of Type 1. */
export function deviceRow(deviceType: DeviceType | undefined): keyof TableB['device'] {
  if (deviceType === 'CHF' || deviceType === 'GPF') return 'communicationsHub';
  return deviceType === 'IHD' || deviceType === 'CAD' ? 'type2' : 'type1';
}

function judge(cell: Cell, what: string, { question, participant, agreement }: Case): Finding[] {
  const { signifier } = participant;
  const answer = (code: string): Finding[] =>
    code === 'PASS' ? [] : [{ reason: code, detail: `${signifier} asks for ${what}.` }];
  if (typeof cell === 'string') return answer(cell);
  // Whether the User ID has such a role is a question about the identifier: identifier-rules.ts.
  if ('userRoles' in cell) return [];
  if ('agreementRole' in cell) {
    const subject = question.csr?.subject;
    const role = subject?.category === 'ORGANISATION' ? subject.role : undefined;
    if (agreement === undefined || role === undefined) return [];
    // What the agreement leaves out, agreement-rules.ts finds.
    return agreement.permittedRoles.includes(role) ? answer(cell.agreementRole) : [];
  }
  const absent = gatewayAbsent({ participant, agreement });
  return absent === undefined ? answer(cell.gateway) : [{ reason: GATEWAY_ABSENT, detail: absent }];
}

/** A gateway connection is on record, for a non-Party in its agreement; else in words that there is none. */
export function gatewayAbsent({
  participant,
  agreement,
}: Pick<Case, 'participant' | 'agreement'>): string | undefined {
  const connected =
    participant.type === 'NON_PARTY' ? agreement?.gatewayPermitted : participant.gatewayConnection;
  return connected ? undefined : `${participant.signifier} has no DCC Gateway Connection on record.`;
}

/** The column of a participant; a Party whose category is not on record is treated as an Other SEC Party. */
function kindOf({ type, partyCategory }: TestingParticipant): ParticipantKind {
  if (type !== 'SEC_PARTY') return type;
  return partyCategory === undefined ? 'OTHER' : KIND_OF_PARTY[partyCategory];
}

const KIND_OF_PARTY: Record<PartyCategory, ParticipantKind> = {
  LARGE_SUPPLIER: 'SUPPLIER',
  SMALL_SUPPLIER: 'SUPPLIER',
  ELECTRICITY_NETWORK: 'NETWORK',
  GAS_NETWORK: 'NETWORK',
  OTHER_SEC_PARTY: 'OTHER',
};
