import { formatEui64 } from '../domain/eui64.ts';
import type { Eui64 } from '../domain/eui64.ts';
import type { UserRole } from '../domain/participant.ts';
import { query, type Db } from '../db/pool.ts';
import { findIdentifiers } from '../registry/identifiers.ts';
import type { ParticipantRef } from '../registry/participants.ts';

/** Signifier -> User IDs -> User Roles -> Market Participant identities, in one document (government response, paragraphs 29, 35, 41). */
export interface IdentityMap {
  readonly signifier: string;
  readonly allocations: readonly { readonly kind: string; readonly from: string; readonly to: string }[];
  readonly userIds: readonly {
    readonly eui64: string;
    readonly userRoles: readonly UserRole[];
    readonly marketParticipants: readonly MarketParticipant[];
  }[];
  /** Identities that no User ID acts for. */
  readonly unmapped: readonly MarketParticipant[];
}

export interface MarketParticipant {
  readonly scheme: 'MRA' | 'UNC';
  readonly marketParticipantId: string;
  readonly roleCode: string;
}

/** What belongs to a participant at an instant. */
export async function findIdentityMap(participant: ParticipantRef, at: Date, db: Db): Promise<IdentityMap> {
  const { allocations, roleAssignments } = await findIdentifiers(participant.id, at, db);
  const markets = await findMarketParticipants(participant.id, at, db);
  const eui64s = new Set<Eui64>([
    ...roleAssignments.map((one) => one.eui64),
    ...markets.flatMap((one) => (one.userId === null ? [] : [one.userId])),
  ]);
  const shown = ({ scheme, marketParticipantId, roleCode }: MarketParticipant) => ({
    scheme,
    marketParticipantId,
    roleCode,
  });
  return {
    signifier: participant.signifier,
    allocations: allocations.map(({ kind, from, to }) => ({
      kind,
      from: formatEui64(from),
      to: formatEui64(to),
    })),
    userIds: [...eui64s].sort().map((eui64) => ({
      eui64: formatEui64(eui64),
      userRoles: roleAssignments.filter((one) => one.eui64 === eui64).map((one) => one.userRole),
      marketParticipants: markets.filter((one) => one.userId === eui64).map(shown),
    })),
    unmapped: markets.filter((one) => one.userId === null).map(shown),
  };
}

/** The same as rows: a line for each User ID, User Role and identity. */
export function identityMapRows({ signifier, userIds, unmapped }: IdentityMap): string[][] {
  const line = (eui64: string, userRole: string, market?: MarketParticipant) => [
    signifier,
    eui64,
    userRole,
    market?.scheme ?? '',
    market?.marketParticipantId ?? '',
    market?.roleCode ?? '',
  ];
  return [
    ['signifier', 'userId', 'userRole', 'scheme', 'marketParticipantId', 'roleCode'],
    ...userIds.flatMap(({ eui64, userRoles, marketParticipants }) =>
      (userRoles.length > 0 ? userRoles : ['']).flatMap((role) =>
        (marketParticipants.length > 0 ? marketParticipants : [undefined]).map((market) =>
          line(eui64, role, market),
        ),
      ),
    ),
    ...unmapped.map((market) => line('', '', market)),
  ];
}

async function findMarketParticipants(
  participantId: string,
  at: Date,
  db: Db,
): Promise<(MarketParticipant & { readonly userId: Eui64 | null })[]> {
  const { rows } = await query<MarketParticipant & { readonly userId: Eui64 | null }>(
    db,
    `select scheme, market_participant_id as "marketParticipantId", role_code as "roleCode", user_id as "userId"
       from market_participant_identity
      where participant_id = $1 and valid_from <= $2 and (valid_to is null or valid_to > $2)
      order by scheme, market_participant_id, role_code`,
    [participantId, at],
  );
  return rows;
}
