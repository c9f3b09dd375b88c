import { formatEui64, type Eui64 } from '../domain/eui64.ts';
import { Fault } from '../domain/fault.ts';
import type { UserRole } from '../domain/participant.ts';
import { query } from '../db/query.ts';
import { violatedConstraint } from '../db/database-errors.ts';
import { findIdentifierFacts } from '../registry/identifiers.ts';
import type { Acting } from './acting.ts';

/**
 * The Party says which User Role a User ID of its own has; nobody else does (government response, paragraph 38).
 * @throws Fault `not-eligible` when the User ID is in no allocation of the Party; `conflict` when it has the role already
 */
export async function assignUserRole(
  acting: Acting,
  { eui64, userRole }: { readonly eui64: Eui64; readonly userRole: UserRole },
): Promise<void> {
  const { participant, at, db } = acting;
  const { rowCount } = await query(
    db,
    // Held until the end: an allocation that is ended meanwhile ends with every User Role of it.
    `select 1 from identifier_allocation where participant_id = $1 and kind = 'USER_ID' and valid_from <= $3
        and valid_to is null and $2 between eui64_from and eui64_to for share`,
    [participant.id, eui64, at],
  );
  if (rowCount === 0) {
    const [facts] = await findIdentifierFacts([{ signifier: participant.signifier, eui64 }], at, db);
    throw notYours(acting, eui64, facts?.ownedByOther ?? false);
  }
  try {
    await query(
      db,
      `insert into user_id_role_assignment (participant_id, eui64, user_role, valid_from, source) values ($1, $2, $3, $4, 'PARTICIPANT')`,
      [participant.id, eui64, userRole, at],
    );
  } catch (error) {
    if (violatedConstraint(error) !== 'user_id_role_assignment_once') throw error;
    throw new Fault('conflict', `${formatEui64(eui64)} is assigned to ${userRole} already.`, {
      fix: 'Nothing is to be done: GET /v1/participants/{signifier}/role-assignments shows it.',
      cause: error,
    });
  }
}

/** Ends an assignment of the Party's own. @throws Fault `not-found` */
export async function endUserRole(
  { participant, at, db }: Acting,
  { eui64, userRole }: { readonly eui64: Eui64; readonly userRole: UserRole },
): Promise<void> {
  const { rowCount } = await query(
    db,
    `update user_id_role_assignment set valid_to = greatest($4, valid_from + interval '1 microsecond')
      where participant_id = $1 and eui64 = $2 and user_role = $3 and valid_to is null`,
    [participant.id, eui64, userRole, at],
  );
  if (rowCount !== 1)
    throw new Fault('not-found', `${formatEui64(eui64)} is not assigned to ${userRole} now.`);
}

function notYours({ participant }: Acting, eui64: Eui64, ownedByOther: boolean): Fault {
  const shown = formatEui64(eui64);
  return new Fault('not-eligible', `${shown} is not a User ID of ${participant.signifier}.`, {
    reasons: [
      {
        reason: ownedByOther ? 'IDENTIFIER_OWNED_BY_OTHER' : 'IDENTIFIER_NOT_IN_ALLOCATED_RANGE',
        clause: 'government response of 26 January 2015, paragraph 29',
        detail: `${shown} is in no active USER_ID allocation of ${participant.signifier}.`,
        fix: 'Use a User ID that the SEC Panel allocated to the Party; this attempt is on record.',
      },
    ],
  });
}
