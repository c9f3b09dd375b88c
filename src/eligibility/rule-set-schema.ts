import { z } from 'zod';
import { CATEGORIES, PURPOSES, REMOTE_PARTY_ROLES, type RemotePartyRole } from '../domain/category.ts';
import {
  ALLOCATION_ENVIRONMENTS,
  CALLER_ROLES,
  IDENTIFIER_KINDS,
  MEMBERSHIP_STATES,
  PARTICIPANT_TYPES,
  USER_ROLES,
} from '../domain/participant.ts';
import * as gates from './gate-schemas.ts';
import { code, each } from './gate-schemas.ts';

/** The columns of decision table B. */
export const PARTICIPANT_KINDS = [
  'SUPPLIER',
  'NETWORK',
  'OTHER',
  'RDP',
  'NON_PARTY',
  'DCC',
  'DCC_SERVICE_PROVIDER',
] as const;

const remotePartyRoles = Object.keys(REMOTE_PARTY_ROLES) as RemotePartyRole[];

/** Settings of the switch that says which User Roles may share one User ID (government response, paragraph 37). */
const USER_ID_SHARING = ['IMPORT_AND_GAS', 'NONE', 'ALL'] as const;

/** Gates of decisions, in the order in which their reasons stand. */
export const DECISION_GATES = [
  'A1',
  'A2',
  'A3',
  'A4',
  'A5',
  'A6',
  'A7',
  'A8',
  'A9',
  'A10',
  'A11',
  'AGREEMENT',
  'B',
  'IDENTIFIER',
  'KEY',
  'CSR',
] as const;
/** Where reason codes of other answers than decisions come from. */
export const ACT_GATES = ['REQUEST', 'CHECK', 'APPLICATION', 'BATCH', 'REGISTRY', 'REVIEW', 'FEED'] as const;

/** `rule-set.yaml` */
export const headSchema = z.strictObject({
  version: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}(\.\d+)?$/, 'a date, and a number when it is not the first of its day'),
  /** A day, from its first instant in UTC, or an instant: a version may take the place of one of the same day. */
  effectiveFrom: z
    .union([z.iso.date(), z.iso.datetime()], { error: 'is no date, and no instant in UTC' })
    .transform((instant) => new Date(instant)),
  documents: z
    .array(z.strictObject({ cite: z.string().min(1), title: z.string().min(1), status: z.string().min(1) }))
    .min(1),
  settings: z.strictObject({
    deviceCertificateLimit: z.number().int().min(1),
    referralDays: z.number().int().min(1),
    noticeDays: z.number().int().min(0).default(7),
    beyondAgreement: z.enum(['ALLOW', 'REFUSE']).default('ALLOW'),
    agreementOfDevice: z.boolean().default(false),
    signifierPattern: z.string().transform((pattern, context) => {
      try {
        return new RegExp(pattern);
      } catch {
        context.addIssue('is no regular expression');
        return z.NEVER;
      }
    }),
  }),
  supplierUserIdSharing: z.enum(USER_ID_SHARING),
  userIdRoleConflicts: z.strictObject(
    each(USER_ID_SHARING, z.array(z.tuple([z.enum(USER_ROLES), z.enum(USER_ROLES)]))),
  ),
  identifierKinds: z.strictObject(each(PARTICIPANT_TYPES, z.array(z.enum(IDENTIFIER_KINDS)).min(1))),
  allocationEnvironments: z.array(z.enum(ALLOCATION_ENVIRONMENTS)).min(1).optional(),
  issuingRoles: z.array(z.enum(CALLER_ROLES)).min(1),
  onBehalfRoles: z.array(z.enum(CALLER_ROLES)),
  officerRoles: z.partialRecord(z.enum(CALLER_ROLES), z.enum(['SRO', 'ARO'])),
});

const authority = z.enum(['LEGAL_TEXT', 'EXPLANATORY', 'DESIGN']);
const words = z.string().min(1);

/** `reason-codes.yaml` */
export const reasonCodesSchema = z.array(
  z.strictObject({
    reason: code,
    gate: z.enum([...DECISION_GATES, ...ACT_GATES]),
    outcome: z.enum(['REFUSE', 'REFER', 'QUEUE']),
    authority,
    clause: words,
    says: words,
    fix: words,
    /** Where a category has a source of its own; what is left out is said in the same words. */
    categories: z
      .partialRecord(
        z.enum(CATEGORIES),
        z.strictObject({ authority, clause: words, says: words.optional(), fix: words.optional() }),
      )
      .optional(),
    /** Published, and not found by any rule yet. */
    reserved: z.literal(true).optional(),
    /** Goes away when a fact on record, or the hour, is another: what waits for it is asked again by itself. */
    curable: z.literal(true).optional(),
  }),
);

/** `basis.yaml` */
export const basisSchema = z.array(
  z
    .strictObject({
      type: z.enum(PARTICIPANT_TYPES),
      membership: z.enum([...MEMBERSHIP_STATES, 'NONE']).optional(),
      agreement: z.enum(['IN_FORCE', 'IN_FORCE_AFTER_EXPULSION', 'NONE']).optional(),
      nomination: z.enum(['ACTIVE', 'INACTIVE', 'NONE']).optional(),
      basis: z
        .enum(['SEC_MEMBERSHIP', 'BILATERAL_AGREEMENT', 'RDP_NOMINATION', 'DCC', 'DCC_CONTRACT'])
        .optional(),
      reasons: z.array(code).default([]),
      andAgreement: z.literal(true).optional(),
    })
    .refine((row) => row.basis !== undefined || row.reasons.length > 0 || row.andAgreement, {
      message: 'a row has a basis, or reasons why there is none',
    })
    .refine((row) => row.basis !== 'BILATERAL_AGREEMENT' || row.agreement?.startsWith('IN_FORCE'), {
      message: 'a row that rests on an agreement asks for one that is in force',
      path: ['basis'],
    }),
);

/** `purposes.yaml` */
export const purposesSchema = z.strictObject(each(PARTICIPANT_TYPES, z.array(z.enum(PURPOSES))));

const cell = z.union([
  z.strictObject({ userRoles: z.array(z.enum(USER_ROLES)).min(1) }),
  z.strictObject({ agreementRole: code }),
  z.strictObject({ gateway: code }),
  code,
]);
const row = z.strictObject(each(PARTICIPANT_KINDS, cell));

/** `table-b.yaml` */
export const tableBSchema = z.strictObject({
  organisation: z.strictObject(each(remotePartyRoles, row)),
  device: z.strictObject({ type1: row, communicationsHub: row, type2: row }),
  dccki: z.strictObject({ infrastructure: row }),
});

/** `user-role-map.yaml` */
export const userRoleMapSchema = z.strictObject(each(USER_ROLES, z.array(z.enum(remotePartyRoles)).min(1)));

/** Every file of a rule set: its name without `.yaml`, and its schema. */
export const RULE_SET_FILES = {
  head: { name: 'rule-set', schema: headSchema },
  reasonCodes: { name: 'reason-codes', schema: reasonCodesSchema },
  basis: { name: 'basis', schema: basisSchema },
  purposes: { name: 'purposes', schema: purposesSchema },
  phases: { name: 'phases', schema: gates.phasesSchema },
  terms: { name: 'terms', schema: gates.termsSchema },
  obligations: { name: 'obligations', schema: gates.obligationsSchema },
  categories: { name: 'categories', schema: gates.categoriesSchema },
  quotas: { name: 'quotas', schema: gates.quotasSchema },
  goodIndustryPractice: { name: 'good-industry-practice', schema: gates.goodIndustryPracticeSchema },
  tableB: { name: 'table-b', schema: tableBSchema },
  userRoleMap: { name: 'user-role-map', schema: userRoleMapSchema },
} as const;
