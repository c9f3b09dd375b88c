import { z } from 'zod';
import {
  CATEGORIES,
  DEVICE_TYPES,
  ENVIRONMENTS,
  PURPOSES,
  REMOTE_PARTY_ROLES,
  type RemotePartyRole,
} from '../domain/category.ts';
import { MOST_BATCH_ITEMS } from '../domain/batch.ts';
import { didYouMean } from '../domain/did-you-mean.ts';
import { parseEui64, type Eui64 } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import * as participant from '../domain/participant.ts';
import { isSignifier, SIGNIFIER_FORM } from '../domain/signifier.ts';
import { parseYaml, yamlReasons, type YamlFault } from '../yaml/read-yaml.ts';
import { crossCheck } from './registry-cross-check.ts';

const eui64 = z.string().transform((text, context): Eui64 => {
  const value = parseEui64(text);
  if (value === undefined)
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(text)} is not an EUI-64 of 16 hex digits`,
    });
  return value ?? ('0000000000000000' as Eui64);
});
/** `2026-11-24` is its first instant in UTC. */
const instant = z
  .union([z.iso.date(), z.iso.datetime()], {
    error: 'is not a date (2026-11-24) or an instant (2026-11-24T09:00:00Z)',
  })
  .transform((text) => new Date(text));
const range = { from: eui64, to: eui64 };
/** What people read; no control characters, and nothing that UTF-8 cannot hold: PostgreSQL keeps neither. */
const label = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'has a control character or half a character');
/** PostgreSQL's integer. */
const LARGEST_COUNT = 2_147_483_647;
const signifier = z.string().refine(isSignifier, `a Signifier has ${SIGNIFIER_FORM}`);

/** An enum whose message names what was meant. */
function word<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, {
    error: ({ input }) => {
      if (input === undefined) return `is missing; expected one of ${words.join(', ')}`;
      const near = typeof input === 'string' ? didYouMean(input, words) : '';
      return `${JSON.stringify(input)} is none of ${words.join(', ')}${near}`;
    },
  });
}

const agreement = z.strictObject({
  ref: label(64),
  state: word(participant.AGREEMENT_STATES),
  executedAt: instant.optional(),
  effectiveFrom: instant.optional(),
  effectiveTo: instant.optional(),
  permittedCategories: z.array(word(CATEGORIES)),
  permittedPurposes: z.array(word(PURPOSES)),
  permittedEnvironments: z.array(word(ENVIRONMENTS)).default([...ENVIRONMENTS]),
  permittedRoles: z
    .array(word(Object.keys(REMOTE_PARTY_ROLES) as [RemotePartyRole, ...RemotePartyRole[]]))
    .default([]),
  deviceRanges: z.array(z.strictObject(range)).default([]),
  volumeCap: z.number().int().min(1).max(LARGEST_COUNT).optional(),
  dailyQuota: z.number().int().min(1).max(LARGEST_COUNT).optional(),
  batchItems: z.number().int().min(1).max(MOST_BATCH_ITEMS).optional(),
  gatewayPermitted: z.boolean().default(false),
  laboratoryKeys: z.boolean().optional(),
});

const officer = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'an officer has an id of a-z, 0-9, . and -'),
  kind: word(['SRO', 'ARO'] as const),
  name: label(200),
  email: label(200).optional(),
  categories: z.array(word(CATEGORIES)).default([...CATEGORIES]),
  state: word(['NOMINATED', 'ACTIVE'] as const).default('ACTIVE'),
});

const obligation = z.strictObject({
  obligation: z.string().regex(/^[A-Z0-9_]{3,64}$/, 'an obligation of the rule set, in UPPER_SNAKE'),
  state: word(['ATTESTED', 'VERIFIED', 'WAIVED'] as const).default('ATTESTED'),
  since: instant.optional(),
  evidence: label(2000).optional(),
  expiresAt: instant.optional(),
});

const entry = z.strictObject({
  signifier,
  type: word(participant.PARTICIPANT_TYPES),
  legalName: label(200),
  tradingName: label(200).optional(),
  companyNumber: label(32).optional(),
  legalEntityId: label(64).optional(),
  status: word(['ACTIVE', 'CLOSED'] as const).default('ACTIVE'),
  partyCategory: word(participant.PARTY_CATEGORIES).optional(),
  nonPartyKind: word(participant.NON_PARTY_KINDS).optional(),
  membership: z
    .strictObject({
      state: word(participant.MEMBERSHIP_STATES),
      since: instant,
      expelledAt: instant.optional(),
    })
    .optional(),
  agreements: z.array(agreement).default([]),
  nominatedBy: z
    .array(z.strictObject({ networkParty: signifier, from: instant, to: instant.optional() }))
    .default([]),
  allocations: z
    .array(
      z.strictObject({
        kind: word(participant.IDENTIFIER_KINDS),
        ...range,
      }),
    )
    .default([]),
  userIds: z.array(z.strictObject({ eui64, userRole: word(participant.USER_ROLES) })).default([]),
  deviceRanges: z
    .array(
      z.strictObject({
        ...range,
        deviceTypes: z.array(word(DEVICE_TYPES)).default([]),
        delegatedBy: signifier.optional(),
      }),
    )
    .default([]),
  gatewayConnection: z.boolean().default(false),
  // Left out, these stay as they are on record.
  officers: z.array(officer).optional(),
  obligations: z.array(obligation).optional(),
  termsAccepted: z
    .array(z.strictObject({ version: label(32), at: instant.optional(), officer: label(64).optional() }))
    .optional(),
});

const schema = z.strictObject({
  registryEntries: z.array(z.strictObject({ name: label(200), ...range })).default([]),
  participants: z.array(entry),
});

/** A whole registry file, checked: what `tcs registry load` takes. */
export type RegistryFile = z.infer<typeof schema>;
export type RegistryEntry = RegistryFile['participants'][number];

/**
 * Reads a registry file and checks it as a whole.
 * @param now  when it is to be loaded: tells which agreements have ended
 * @throws Fault `registry-invalid` with every fault: file, line, field
 */
export function parseRegistryFile(text: string, fileName: string, now?: Date): RegistryFile {
  const read = parseYaml(text, fileName, schema);
  if (read.value === undefined) throw invalid(read.faults);
  const faults = crossCheck(read.value, now).map(({ path, detail }) => ({
    file: fileName,
    line: read.lineOf(path),
    field: path.join('.'),
    detail,
  }));
  if (faults.length > 0) throw invalid(faults);
  return read.value;
}

const invalid = (faults: readonly YamlFault[]) =>
  new Fault('registry-invalid', 'The registry file has faults; nothing was loaded.', {
    reasons: yamlReasons(faults, 'REGISTRY_FILE', 'docs/registry-file.md'),
  });
