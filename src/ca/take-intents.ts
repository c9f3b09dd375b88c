/** What an intent and its certificate have in common. */
export const DETAILS = `serial_number, authority, profile, category, participant_id, credential_id, decision_id,
  idempotency_id, batch_id, batch_position, purpose, environment, subject, eui64, public_key_sha256, not_before, not_after,
  prepared_at`;

/**
 * The beginning of a statement that takes intents out of their sets. It leaves `matched`: each intent of the sets with what
 * was taken, and what was taken with its intent, where there is one (`set_id is not null and taken`).
 *
 * Whoever is about the same sets waits here, and then sees what the other left: a set keeps its row as long as an intent is
 * in it.
 *
 * @param sets   condition of the sets that are looked into
 * @param taken  select of `serial_number`, `true as taken`, and what else belongs to an intent that is taken
 */
export const takeIntents = (sets: string, taken: string): string => `
  locked as materialized (select * from intent_set where ${sets} order by id for update),
  intent as materialized (
    select s.id as set_id, s.authority, s.profile, s.category, s.participant_id, s.credential_id, s.idempotency_id,
           s.batch_id, s.purpose, s.environment, s.not_before, s.not_after, s.prepared_at, one.*
      from locked s cross join lateral unnest(${LISTS.map(([list]) => `s.${list}`).join(', ')}) with ordinality
        as one (${LISTS.map(([, entry]) => entry).join(', ')}, place)),
  taken as materialized (${taken}),
  -- A full join is never made by comparing each with each.
  matched as materialized (select * from intent full join taken using (serial_number)),
  kept as materialized (
    select set_id, ${LISTS.map(([list, entry]) => `array_agg(${entry} order by place) as ${list}`).join(', ')}
      from matched where taken is null group by set_id),
  shortened as (
    update intent_set s
       set ${LISTS.map(([list]) => `${list} = k.${list}`).join(', ')}
      from kept k where s.id = k.set_id),
  emptied as (
    delete from intent_set where id in (select id from locked) and (id in (select set_id from kept)) is not true)`;

/** What the intents of a set differ in: the list of the set, and what each entry is of an intent. */
const LISTS = [
  ['serial_numbers', 'serial_number'],
  ['decision_ids', 'decision_id'],
  ['batch_positions', 'batch_position'],
  ['subjects', 'subject'],
  ['eui64s', 'eui64'],
  ['public_key_sha256s', 'public_key_sha256'],
  ['tbs', 'tbs'],
] as const;
