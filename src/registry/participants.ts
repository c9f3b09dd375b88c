import type { Eui64 } from '../domain/eui64.ts';
import type { Agreement, TestingParticipant } from '../domain/participant.ts';
import { query, type Db } from '../db/pool.ts';

/** Whole participants by signifier, read by one statement; who is unknown is absent. */
export async function findParticipants(
  signifiers: readonly string[],
  db: Db,
): Promise<Map<string, TestingParticipant>> {
  const { rows } = await query<{ signifier: string; value: StoredParticipant }>(db, SELECT, [signifiers]);
  return new Map(rows.map(({ signifier, value }) => [signifier, toParticipant(value)]));
}

/** Signifiers of every participant, in order. */
export async function listSignifiers(db: Db): Promise<string[]> {
  const { rows } = await query<{ signifier: string }>(
    db,
    `select signifier from participant order by signifier`,
  );
  return rows.map((row) => row.signifier);
}

/** The value as PostgreSQL's JSON tells it: absent is null, instants are ISO 8601 text. */
interface StoredParticipant extends Omit<
  TestingParticipant,
  'membership' | 'agreements' | 'nominations' | 'partyCategory' | 'nonPartyKind' | 'deviceRanges'
> {
  readonly partyCategory: TestingParticipant['partyCategory'] | null;
  readonly nonPartyKind: TestingParticipant['nonPartyKind'] | null;
  readonly membership: {
    readonly state: NonNullable<TestingParticipant['membership']>['state'];
    readonly since: string;
    readonly expelledAt: string | null;
  } | null;
  readonly agreements: readonly StoredAgreement[];
  readonly nominations: readonly (Omit<TestingParticipant['nominations'][number], 'from' | 'to'> & {
    readonly from: string;
    readonly to: string | null;
  })[];
  readonly deviceRanges: readonly (Omit<TestingParticipant['deviceRanges'][number], 'delegatedBy'> & {
    readonly delegatedBy: string | null;
  })[];
}

type StoredAgreement = Omit<
  Agreement,
  'executedAt' | 'effectiveFrom' | 'effectiveTo' | 'volumeCap' | 'deviceRanges'
> & {
  readonly executedAt: string | null;
  readonly effectiveFrom: string | null;
  readonly effectiveTo: string | null;
  readonly volumeCap: number | null;
  readonly deviceRanges: readonly { readonly from: Eui64; readonly to: Eui64 }[];
};

function toParticipant(stored: StoredParticipant): TestingParticipant {
  const { partyCategory, nonPartyKind, membership, agreements, nominations, deviceRanges, ...rest } = stored;
  return {
    ...rest,
    ...(partyCategory ? { partyCategory } : {}),
    ...(nonPartyKind ? { nonPartyKind } : {}),
    ...(membership
      ? {
          membership: {
            state: membership.state,
            since: new Date(membership.since),
            ...instant('expelledAt', membership.expelledAt),
          },
        }
      : {}),
    agreements: agreements.map(toAgreement),
    nominations: nominations.map(({ from, to, ...nomination }) => ({
      ...nomination,
      from: new Date(from),
      ...instant('to', to),
    })),
    deviceRanges: deviceRanges.map(({ delegatedBy, ...range }) =>
      delegatedBy ? { ...range, delegatedBy } : range,
    ),
  };
}

function toAgreement({
  executedAt,
  effectiveFrom,
  effectiveTo,
  volumeCap,
  ...agreement
}: StoredAgreement): Agreement {
  return {
    ...agreement,
    ...instant('executedAt', executedAt),
    ...instant('effectiveFrom', effectiveFrom),
    ...instant('effectiveTo', effectiveTo),
    ...(volumeCap === null ? {} : { volumeCap }),
  };
}

function instant<Name extends string>(name: Name, text: string | null): Partial<Record<Name, Date>> {
  return text === null ? {} : ({ [name]: new Date(text) } as Record<Name, Date>);
}

/** Certificates are counted only for those whose agreement caps their number: counting costs. */
const SELECT = `
  select p.signifier, json_build_object(
    'id', p.id, 'signifier', p.signifier, 'type', p.type, 'legalName', p.legal_name, 'status', p.status,
    'partyCategory', p.party_category, 'nonPartyKind', p.non_party_kind, 'gatewayConnection', p.gateway_connection,
    'membership', (select json_build_object('state', m.state, 'since', m.since, 'expelledAt', m.expelled_at)
      from membership m where m.participant_id = p.id),
    'agreements', (select coalesce(json_agg(json_build_object('ref', a.ref, 'state', a.state,
        'executedAt', a.executed_at, 'effectiveFrom', a.effective_from, 'effectiveTo', a.effective_to,
        'permittedCategories', a.permitted_categories, 'permittedPurposes', a.permitted_purposes,
        'permittedEnvironments', a.permitted_environments, 'permittedRoles', a.permitted_roles,
        'deviceRanges', a.device_ranges, 'volumeCap', a.volume_cap, 'gatewayPermitted', a.gateway_permitted) order by a.ref), '[]')
      from agreement a where a.participant_id = p.id),
    'nominations', (select coalesce(json_agg(json_build_object('networkParty', n.signifier,
        'networkPartyState', coalesce(m.state, 'WITHDRAWN'), 'from', r.valid_from, 'to', r.valid_to) order by r.valid_from, n.signifier), '[]')
      from rdp_nomination r join participant n on n.id = r.network_party_id left join membership m on m.participant_id = n.id
      where r.rdp_id = p.id),
    'allocations', (select coalesce(json_agg(json_build_object('kind', i.kind, 'state', i.state,
        'from', i.eui64_from, 'to', i.eui64_to) order by i.eui64_from), '[]')
      from identifier_allocation i where i.participant_id = p.id),
    'roleAssignments', (select coalesce(json_agg(json_build_object('eui64', u.eui64, 'userRole', u.user_role)
        order by u.eui64, u.user_role), '[]')
      from user_id_role_assignment u where u.participant_id = p.id),
    'deviceRanges', (select coalesce(json_agg(json_build_object('from', d.eui64_from, 'to', d.eui64_to,
        'deviceTypes', d.device_types, 'delegatedBy', d.delegated_by) order by d.eui64_from), '[]')
      from device_range d where d.participant_id = p.id),
    'certificatesIssued', case when exists (select 1 from agreement a where a.participant_id = p.id and a.volume_cap is not null)
      then (select count(*) from certificate c where c.participant_id = p.id and c.status <> 'abandoned') else 0 end
  ) as value
  from participant p where p.signifier = any($1)`;
