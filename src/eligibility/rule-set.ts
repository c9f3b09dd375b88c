import path from 'node:path';
import { z } from 'zod';
import { PURPOSES, REMOTE_PARTY_ROLES, type RemotePartyRole } from '../domain/category.ts';
import { OUTCOMES } from '../domain/decision.ts';
import type { Finding } from '../domain/eligibility-question.ts';
import { Fault, type Reason } from '../domain/fault.ts';
import { CALLER_ROLES, MEMBERSHIP_STATES, PARTICIPANT_TYPES, USER_ROLES } from '../domain/participant.ts';
import { readYamlFile, yamlReasons, type YamlFault } from '../yaml/read-yaml.ts';

/** The columns of decision table B. */
export const PARTICIPANT_KINDS = ['SUPPLIER', 'NETWORK', 'OTHER', 'RDP', 'NON_PARTY', 'DCC'] as const;
export type ParticipantKind = (typeof PARTICIPANT_KINDS)[number];

const code = z.string().regex(/^[A-Z0-9_]{3,64}$/, 'a reason code in UPPER_SNAKE');
const codes = z.array(code);

const reasonCode = z.strictObject({
  reason: code,
  gate: z.enum(['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'AGREEMENT', 'B', 'IDENTIFIER', 'KEY', 'CSR']),
  outcome: z.enum(OUTCOMES),
  authority: z.enum(['LEGAL_TEXT', 'EXPLANATORY', 'DESIGN']),
  clause: z.string().min(1),
  says: z.string().min(1),
  fix: z.string().min(1),
});
export type ReasonCode = z.infer<typeof reasonCode>;

const basisRow = z.strictObject({
  type: z.enum(PARTICIPANT_TYPES),
  membership: z.enum([...MEMBERSHIP_STATES, 'NONE']).optional(),
  agreement: z.enum(['IN_FORCE', 'IN_FORCE_AFTER_EXPULSION', 'NONE']).optional(),
  nomination: z.enum(['ACTIVE', 'INACTIVE', 'NONE']).optional(),
  basis: z
    .enum(['SEC_MEMBERSHIP', 'BILATERAL_AGREEMENT', 'RDP_NOMINATION', 'DCC', 'DCC_CONTRACT'])
    .optional(),
  reasons: codes.optional(),
  andAgreement: z.literal(true).optional(),
});
export type BasisRow = z.infer<typeof basisRow>;

const cell = z.union([
  z.strictObject({ userRoles: z.array(z.enum(USER_ROLES)).min(1) }),
  z.strictObject({ agreementRole: code }),
  z.strictObject({ gateway: code }),
  code,
]);
/** `PASS`, a reason code, or a condition. */
export type Cell = z.infer<typeof cell>;
const row = z.strictObject(
  Object.fromEntries(PARTICIPANT_KINDS.map((kind) => [kind, cell])) as Record<ParticipantKind, typeof cell>,
);
const roles = Object.keys(REMOTE_PARTY_ROLES) as RemotePartyRole[];
const tableB = z.strictObject({
  organisation: z.strictObject(
    Object.fromEntries(roles.map((role) => [role, row])) as Record<RemotePartyRole, typeof row>,
  ),
  device: z.strictObject({ type1: row, communicationsHub: row, type2: row }),
  dccki: z.strictObject({ infrastructure: row }),
});
export type TableB = z.infer<typeof tableB>;

const purposes = z.strictObject(
  Object.fromEntries(PARTICIPANT_TYPES.map((type) => [type, z.array(z.enum(PURPOSES))])) as Record<
    (typeof PARTICIPANT_TYPES)[number],
    z.ZodArray<z.ZodEnum<{ [Purpose in (typeof PURPOSES)[number]]: Purpose }>>
  >,
);

const head = z.strictObject({
  version: z.string().min(1),
  source: z.string().min(1),
  settings: z.strictObject({
    deviceCertificateLimit: z.number().int().min(1),
    signifierPattern: z.string().transform((pattern) => new RegExp(pattern)),
  }),
  userIdRoleConflicts: z.array(z.tuple([z.enum(USER_ROLES), z.enum(USER_ROLES)])),
  issuingRoles: z.array(z.enum(CALLER_ROLES)),
  onBehalfRoles: z.array(z.enum(CALLER_ROLES)),
});

/** The rules by which certificates are granted, as data; every decision names its version. */
export type RuleSet = z.infer<typeof head> & {
  readonly reasonCodes: ReadonlyMap<string, ReasonCode>;
  readonly basis: readonly BasisRow[];
  readonly purposes: z.infer<typeof purposes>;
  readonly tableB: TableB;
};

/** Reads the rule set. @throws Fault `configuration-invalid` with every fault: file, line, field */
export function loadRuleSet(folder: string = path.join(__dirname, 'rule-set')): RuleSet {
  const file = (name: string) => path.join(folder, `${name}.yaml`);
  const read = {
    head: readYamlFile(file('rule-set'), head),
    codes: readYamlFile(file('reason-codes'), z.array(reasonCode)),
    basis: readYamlFile(file('basis'), z.array(basisRow)),
    purposes: readYamlFile(file('purposes'), purposes),
    tableB: readYamlFile(file('table-b'), tableB),
  };
  const faults: YamlFault[] = Object.values(read).flatMap((one) => [...one.faults]);
  const { value: known } = read.codes;
  if (known && read.basis.value && read.tableB.value) {
    const reasonCodes = new Map(known.map((one) => [one.reason, one]));
    faults.push(...unknownCodes(reasonCodes, read.basis.value, file('basis')));
    faults.push(...unknownCodes(reasonCodes, read.tableB.value, file('table-b')));
    if (reasonCodes.size !== known.length)
      faults.push({ file: file('reason-codes'), line: 1, field: '', detail: 'a reason code is there twice' });
    if (read.head.value && read.purposes.value && faults.length === 0)
      return {
        ...read.head.value,
        reasonCodes,
        basis: read.basis.value,
        purposes: read.purposes.value,
        tableB: read.tableB.value,
      };
  }
  throw new Fault('configuration-invalid', 'The rule set has faults; nobody can be granted anything.', {
    reasons: yamlReasons(faults, 'RULE_SET', 'rule-set'),
  });
}

/** A finding with the clause and the fix of its reason code. @throws TypeError for a code that the rule set does not have */
export function explain({ reason, detail }: Finding, { reasonCodes }: Pick<RuleSet, 'reasonCodes'>): Reason {
  const known = reasonCodes.get(reason);
  if (known === undefined) throw new TypeError(`${reason} is not in the rule set`);
  return { reason, clause: known.clause, detail, fix: known.fix };
}

/** Every code that a table uses must be explained. */
function unknownCodes(known: ReadonlyMap<string, ReasonCode>, table: unknown, file: string): YamlFault[] {
  const used =
    JSON.stringify(table).match(
      /"(?:reasons|agreementRole|gateway)":(?:\[[^\]]*\]|"[^"]*")|"[A-Z_]+":"[A-Z_]+"/g,
    ) ?? [];
  const values = used.flatMap((text) => text.slice(text.indexOf(':') + 1).match(/[A-Z][A-Z0-9_]+/g) ?? []);
  return [...new Set(values)]
    .filter((value) => value !== 'PASS' && !known.has(value))
    .map((value) => ({ file, line: 1, field: '', detail: `${value} is not in reason-codes.yaml` }));
}
