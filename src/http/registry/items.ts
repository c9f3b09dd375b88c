import { AGREEMENT_STATES, IDENTIFIER_KINDS, USER_ROLES } from '../../domain/participant.ts';
import { HOLD_CAUSES } from '../../domain/facts.ts';
import { NOTICE_STATES } from '../../registrar/demand-notices.ts';
import { instant } from '../answer-schemas.ts';
import * as fields from '../fields.ts';
import { z } from '../zod.ts';

// What the items of the registry's lists hold, in the order in which they are told.

const eui64 = z.string().openapi({ example: '90-B3-D5-1F-30-01-00-00' });
const range = { from: eui64, to: eui64 };
/** A fact that has an id of its own. */
const fact = { id: z.string(), state: z.string(), since: instant };

export const agreement = z
  .object({
    ref: z.string(),
    state: z.enum(AGREEMENT_STATES),
    standing: z.string().openapi({ description: 'by its state and dates, as at the instant asked for' }),
    effectiveFrom: instant.optional(),
    effectiveTo: instant.optional().openapi({ description: 'exclusive' }),
    permittedCategories: z.array(fields.category),
    permittedPurposes: z.array(fields.purpose),
    permittedEnvironments: z.array(fields.environment),
    permittedRoles: z.array(z.string()),
    deviceRanges: z.array(z.object(range)),
    volumeCap: z.int().optional().openapi({ description: 'certificates in all; absent: no cap' }),
    dailyQuota: z.int().optional(),
    batchItems: z.int().optional(),
    gatewayPermitted: z.boolean(),
    laboratoryKeys: z.boolean().optional(),
    requestedAt: instant.optional(),
    offeredAt: instant.optional(),
    executedAt: instant.optional(),
    documentSha256: z.string().optional(),
    signatories: z.array(z.string()).optional(),
  })
  .openapi('Agreement');

export const nomination = z
  .object({
    networkParty: z.string(),
    networkPartyState: z.string().openapi({ description: 'of its membership' }),
    networkPartyStatus: z.literal('CLOSED').optional(),
    networkPartyCategory: z
      .string()
      .optional()
      .openapi({ description: 'of one that is no Network Party: what it is instead' }),
    from: instant,
    to: instant.optional(),
  })
  .openapi('Nomination');

export const hold = z.object({ ...fact, cause: z.enum(HOLD_CAUSES), because: z.string() }).openapi('Hold');

export const allocation = z
  .object({
    kind: z.enum(IDENTIFIER_KINDS),
    state: z.string(),
    ...range,
    environment: z.string().openapi({ description: 'LIVE, TEST or BOTH' }),
  })
  .openapi('Allocation');

export const roleAssignment = z.object({ eui64, userRole: z.enum(USER_ROLES) }).openapi('RoleAssignment');

export const deviceRange = z
  .object({
    ...range,
    deviceTypes: z.array(fields.deviceType).openapi({ description: 'empty: of every type' }),
    delegatedBy: z.string().optional(),
    delegatedTo: z.string().optional(),
  })
  .openapi('DeviceRange');

const ceiling = { eui64, certificates: z.int(), since: instant };
export const deviceCeiling = z.object(ceiling).openapi('DeviceCeiling');
export const anyDeviceCeiling = z
  .object({ ...ceiling, participant: z.string(), review: z.uuid() })
  .openapi('DeviceCeilingOnRecord');

export const officer = z
  .object({
    ...fact,
    kind: z.enum(['SRO', 'ARO']),
    name: z.string(),
    email: z.string().optional(),
    categories: z.array(fields.category),
    lockedUntil: instant.optional(),
  })
  .openapi('Officer');

export const obligation = z
  .object({
    obligation: z.string(),
    state: z.string(),
    until: instant.optional(),
    says: z.string(),
    clause: z.string(),
  })
  .openapi('Obligation');

export const demandNotice = z
  .object({
    id: z.uuid(),
    participant: z.string(),
    state: z.enum(NOTICE_STATES),
    givenAt: instant,
    inTime: z.boolean().openapi({ description: 'as long before its period as the rule set asks for' }),
    category: fields.category,
    perDay: z.int(),
    from: instant,
    to: instant.openapi({ description: 'exclusive' }),
    because: z.string().optional(),
  })
  .openapi('DemandNoticeOnRecord');

export const detailsChange = z
  .object({
    ...fact,
    proposed: z.record(z.string(), z.string()),
    because: z.string().optional(),
    confirmedBy: z.int().optional().openapi({ description: 'version of the feed that said the same' }),
  })
  .openapi('DetailsChange');

export const factVersion = z
  .object({
    kind: z.string(),
    key: z.string(),
    version: z.int(),
    state: z.string(),
    since: instant,
    value: z.record(z.string(), z.unknown()).openapi({ description: 'by kind' }),
    source: z.string(),
    recordedAt: instant,
    feedVersion: z.int().optional(),
  })
  .openapi('FactVersion');

export const notification = z
  .object({ id: z.string(), at: instant, event: z.string(), object: z.string(), text: z.string() })
  .openapi('Notification');

export const registryEntry = z
  .object({ name: z.string(), ...range, since: instant })
  .openapi('RegistryEntry');

export const feed = z
  .object({
    version: z.int(),
    issuedAt: instant,
    importedAt: instant,
    signer: z.string().openapi({ description: 'SHA-256 of the certificate of who signed it' }),
    sha256: z.string(),
    rows: z.int(),
    acknowledgedAt: instant.nullable(),
    acknowledgedBy: z.string().nullable(),
  })
  .openapi('Feed');

export const terms = z
  .object({
    version: z.string(),
    exempt: z.array(z.string()).openapi({ description: 'types of participants that accept none' }),
    liability: z.literal('none'),
    parts: z.array(z.object({ name: z.string(), clause: z.string(), says: z.string() })),
  })
  .openapi('Terms');
