import { parseRoleCode, type Category } from '../domain/category.ts';
import type { CertificateSubject, CsrFacts, NameAttribute } from '../domain/certificate-request.ts';
import type { Finding } from '../domain/eligibility-question.ts';
import { eui64FromOctets, parseEui64 } from '../domain/eui64.ts';
import { DerError, TAG } from '../x509/der.ts';
import * as oids from '../x509/oids.ts';
import { readSubjectAltName, type AlternativeName } from '../x509/subject-alt-name.ts';

export interface SubjectReading {
  /** Absent when it could not be made out. */
  readonly subject?: CertificateSubject;
  readonly findings: readonly Finding[];
}

/** Reads the subject and the subjectAltName of a CSR by the rules of its category. @see SEC Appendix M, F; for the DCCKI: DESIGN */
export function readSubject(csr: CsrFacts, category: Category): SubjectReading {
  switch (category) {
    case 'ORGANISATION':
      return readOrganisation(csr);
    case 'DEVICE':
      return readDevice(csr);
    case 'DCCKI':
      return readInfrastructure(csr);
  }
}

function readOrganisation({ subject }: CsrFacts): SubjectReading {
  const findings: Finding[] = [];
  const wrong = (detail: string) => findings.push({ reason: 'CSR_SUBJECT', detail });
  const types = subject.map((name) => name.type);
  const order = types.join(' ');
  if (order !== WITH_COMMON_NAME && order !== WITHOUT_COMMON_NAME)
    wrong(
      `The subject holds ${types.map(nameOf).join(', ') || 'nothing'}; it is [commonName,] organizationalUnitName, uniqueIdentifier in this order.`,
    );
  if (subject.some((name) => !name.single))
    wrong('Attributes of the subject share a RelativeDistinguishedName.');

  const common = subject.find((name) => name.type === oids.COMMON_NAME);
  const commonName = common && readText(common);
  if (common !== undefined && commonName === undefined) wrong(COMMON_NAME_FORM);
  const unit = subject.find((name) => name.type === oids.ORGANIZATIONAL_UNIT_NAME);
  const role = unit && readRole(unit, wrong);
  const identifier = subject.find((name) => name.type === oids.UNIQUE_IDENTIFIER);
  const eui64 = identifier && readUniqueIdentifier(identifier, findings);
  if (order === oids.COMMON_NAME)
    findings.push({
      reason: 'IDENTIFIER_TYPE_WRONG_FOR_CATEGORY',
      detail: 'The subject names somebody by commonName only; an Organisation is identified by an EUI-64.',
    });
  if (role === undefined || eui64 === undefined) return { findings };
  return {
    subject: { category: 'ORGANISATION', eui64, role, ...(commonName === undefined ? {} : { commonName }) },
    findings,
  };
}

function readRole(unit: NameAttribute, wrong: (detail: string) => void) {
  const text = readText(unit) ?? '';
  const role = parseRoleCode(text);
  if (role !== undefined) return role;
  const shown = JSON.stringify(text);
  const upper = text.toUpperCase();
  const decimal = /^\d{1,3}$/.test(text) ? Number(text).toString(16).toUpperCase().padStart(2, '0') : '';
  const meant = parseRoleCode(upper) ? upper : parseRoleCode(decimal) ? decimal : undefined;
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
  wrong(`organizationalUnitName is ${shown}; it is a RemotePartyRole of two upper-case hex digits.${hint}`);
  return undefined;
}

function readUniqueIdentifier({ tag, value }: NameAttribute, findings: Finding[]) {
  if (tag === TAG.BIT_STRING && value.length === 9 && value[0] === 0)
    return eui64FromOctets(value.subarray(1));
  const isText = tag !== TAG.BIT_STRING || SIGNIFIER_LIKE.test(value.subarray(1).toString('latin1'));
  findings.push(
    isText
      ? {
          reason: 'IDENTIFIER_TYPE_WRONG_FOR_CATEGORY',
          detail: 'uniqueIdentifier is text; an Organisation is identified by an EUI-64 in a BIT STRING.',
        }
      : {
          reason: 'CSR_SUBJECT',
          detail: `uniqueIdentifier has ${String((value.length - 1) * 8 - (value[0] ?? 0))} bits; an EUI-64 has 64.`,
        },
  );
  return undefined;
}

function readDevice(csr: CsrFacts): SubjectReading {
  const findings: Finding[] = [];
  if (csr.subject.length > 0)
    findings.push({
      reason: 'CSR_SUBJECT',
      detail: `The subject holds ${csr.subject.map((name) => nameOf(name.type)).join(', ')}; a Device's is empty.`,
    });
  const names = readAlternativeNames(csr, findings);
  if (names === undefined) return { findings };
  const wrong = (detail: string) => findings.push({ reason: 'CSR_SAN', detail });
  if (names.length === 0)
    wrong('subjectAltName is missing; it holds one hardwareModuleName with the Device ID.');
  if (names.length > 1)
    wrong(`subjectAltName holds ${String(names.length)} names; it holds exactly one hardwareModuleName.`);
  const [name] = names;
  if (names.length === 1 && name?.kind !== 'hardwareModuleName')
    wrong(`subjectAltName holds ${describe(name)}; it holds one hardwareModuleName.`);
  if (names.length !== 1 || name?.kind !== 'hardwareModuleName') return { findings };
  if (name.hwSerialNum.length !== 8) {
    wrong(`hwSerialNum has ${String(name.hwSerialNum.length)} octets; an EUI-64 has 8.`);
    return { findings };
  }
  return {
    subject: { category: 'DEVICE', eui64: eui64FromOctets(name.hwSerialNum), hwType: name.hwType },
    findings,
  };
}

function readInfrastructure(csr: CsrFacts): SubjectReading {
  const findings: Finding[] = [];
  const [common] = csr.subject;
  if (csr.subject.length !== 1 || common?.type !== oids.COMMON_NAME)
    findings.push({
      reason: 'CSR_SUBJECT',
      detail: `The subject holds ${csr.subject.map((name) => nameOf(name.type)).join(', ') || 'nothing'}; it is one commonName, the Signifier.`,
    });
  const signifier = common?.type === oids.COMMON_NAME ? readText(common) : undefined;
  if (common?.type === oids.COMMON_NAME && signifier === undefined)
    findings.push({ reason: 'CSR_SUBJECT', detail: COMMON_NAME_FORM });
  if (
    csr.subject.some((name) => name.type === oids.UNIQUE_IDENTIFIER) ||
    (signifier !== undefined && parseEui64(signifier))
  )
    findings.push({
      reason: 'IDENTIFIER_TYPE_WRONG_FOR_CATEGORY',
      detail: 'The subject holds an EUI-64; a DCCKI Certificate carries the Signifier.',
    });

  const names = readAlternativeNames(csr, findings) ?? [];
  const dnsNames = names.flatMap((name) => (name.kind === 'dNSName' ? [name.value] : []));
  for (const name of names)
    if (name.kind !== 'dNSName' || !HOST_NAME.test(name.value))
      findings.push({
        reason: 'CSR_SAN',
        detail: `subjectAltName holds ${describe(name)}; it holds host names only.`,
      });
  if (names.length > MOST_HOST_NAMES)
    findings.push({
      reason: 'CSR_SAN',
      detail: `subjectAltName holds ${String(names.length)} host names; it holds at most ${String(MOST_HOST_NAMES)}.`,
    });
  return signifier === undefined
    ? { findings }
    : { subject: { category: 'DCCKI', signifier, dnsNames }, findings };
}

function readAlternativeNames({ extensions }: CsrFacts, findings: Finding[]): AlternativeName[] | undefined {
  try {
    return extensions
      .filter((one) => one.oid === oids.SUBJECT_ALT_NAME)
      .flatMap((one) => readSubjectAltName(one.value));
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    findings.push({ reason: 'CSR_SAN', detail: `subjectAltName cannot be read: ${error.message}.` });
    return undefined;
  }
}

/** Text of 1 to 64 characters without control characters, in UTF8String or PrintableString; else `undefined`. */
function readText({ tag, value }: NameAttribute): string | undefined {
  if (tag !== TAG.UTF8_STRING && tag !== TAG.PRINTABLE_STRING) return undefined;
  const text = value.toString('utf8');
  const characters = Array.from(text).length;
  return characters >= 1 && characters <= LONGEST_NAME && !CONTROL.test(text) ? text : undefined;
}

function describe(name: AlternativeName | undefined): string {
  if (name === undefined) return 'nothing';
  if (name.kind === 'other') return name.description;
  return name.kind === 'dNSName' ? `the dNSName ${JSON.stringify(name.value)}` : 'a hardwareModuleName';
}

const nameOf = (type: string) => NAMES.get(type) ?? type;

/** RFC 5280, Appendix A.1: ub-common-name and ub-organizational-unit-name. */
const LONGEST_NAME = 64;
const MOST_HOST_NAMES = 20;
const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
const COMMON_NAME_FORM =
  'commonName is not UTF8String or PrintableString of 1 to 64 characters without control characters.';
/** Letters, digits and hyphens (RFC 1123, 2.1); a last label of digits only would be an address. */
const HOST_NAME =
  /^(?=.{1,253}$)(?!(.*\.)?\d+$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
/** No form of a Signifier: what looks like text where octets are wanted is told as such. */
const SIGNIFIER_LIKE = /^[A-Z0-9_-]{3,}$/i;
const NAMES = new Map([
  [oids.COMMON_NAME, 'commonName'],
  [oids.ORGANIZATIONAL_UNIT_NAME, 'organizationalUnitName'],
  [oids.ORGANIZATION_NAME, 'organizationName'],
  [oids.UNIQUE_IDENTIFIER, 'uniqueIdentifier'],
]);
const WITHOUT_COMMON_NAME = `${oids.ORGANIZATIONAL_UNIT_NAME} ${oids.UNIQUE_IDENTIFIER}`;
const WITH_COMMON_NAME = `${oids.COMMON_NAME} ${WITHOUT_COMMON_NAME}`;
