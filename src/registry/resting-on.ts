/** On what a decision may rest: an agreement, or the membership of a participant (its own, and as Network Party that of an RDP). */
export interface RestingOn {
  readonly participantId: string;
  /** Reference of the agreement; absent: the membership. */
  readonly agreement?: string;
}

/**
 * The condition, in SQL, that a decision rests on it. $1 is the participant, $2 the reference of the agreement or null, `d` the
 * row of `decision_set`.
 * @param holder  the column with the id of the participant for whom was decided
 */
export const restsOn = (holder: `${string}.participant_id`): string => `
  case when $2::text is not null then ${holder} = $1::uuid and d.agreement_ref = $2
    else (${holder} = $1 and d.basis = 'SEC_MEMBERSHIP')
      or (d.basis = 'RDP_NOMINATION' and ${holder} in (
        select f.participant_id from fact f join participant n on n.signifier = f.key
         where n.id = $1 and f.kind = 'NOMINATION')) end`;
