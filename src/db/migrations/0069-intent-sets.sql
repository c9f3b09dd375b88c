-- Up Migration

-- What is about to be signed, in sets: intents of one statement that are alike are one row, however many they are. Each list
-- has an entry for each of them, in the same order. What a set refers to is checked when its certificates are written. That
-- no serial number comes twice says the primary key of certificates, in which every intent ends.
create table intent_set (
  id uuid primary key,
  authority text not null,
  profile text not null,
  category text not null,
  participant_id uuid not null,
  credential_id uuid not null,
  -- An intent under an Idempotency-Key is a set of its own: one at a time.
  idempotency_id uuid,
  batch_id uuid,
  purpose text not null,
  environment text,
  not_before timestamptz not null,
  not_after timestamptz not null,
  prepared_at timestamptz not null,
  serial_numbers text[] not null,
  decision_ids uuid[] not null,
  -- Without a batch each is null.
  batch_positions integer[] not null,
  subjects text[] not null,
  -- Null where there is none.
  eui64s text[] not null,
  public_key_sha256s bytea[] not null,
  -- The linted octets: exactly these are signed.
  tbs bytea[] not null,
  constraint certificate_intent_serial_number_check
    check (array_to_string(serial_numbers, ' ', '') ~ '^([0-9A-F]{2}){1,20}( ([0-9A-F]{2}){1,20})*$'),
  constraint intent_set_lists check (cardinality(serial_numbers) = all (array[cardinality(decision_ids),
    cardinality(batch_positions), cardinality(subjects), cardinality(eui64s), cardinality(public_key_sha256s), cardinality(tbs)])),
  constraint intent_set_key_of_one check (idempotency_id is null or cardinality(serial_numbers) = 1)
);
create index intent_set_category on intent_set (category);
-- Random octets do not get smaller.
alter table intent_set
  alter column serial_numbers set storage external, alter column decision_ids set storage external,
  alter column batch_positions set storage external, alter column subjects set storage external,
  alter column eui64s set storage external, alter column public_key_sha256s set storage external,
  alter column tbs set storage external;
-- Rows come and go by the thousand; their number is small.
alter table intent_set set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
  toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 50000);

insert into intent_set
  select gen_random_uuid(), authority, profile, category, participant_id, credential_id, idempotency_id, batch_id, purpose,
    environment, not_before, not_after, prepared_at, array[serial_number], array[decision_id], array[batch_position],
    array[subject], array[eui64], array[public_key_sha256], array[tbs]
    from certificate_intent;
drop table certificate_intent;
alter table intent_set add constraint certificate_intent_idempotency unique (idempotency_id);

-- Each intent by itself.
create view certificate_intent as
  select one.serial_number, s.authority, s.profile, s.category, s.participant_id, s.credential_id, one.decision_id,
    s.idempotency_id, s.batch_id, one.batch_position, s.purpose, s.environment, one.subject, one.eui64 collate "C" as eui64,
    one.public_key_sha256, s.not_before, s.not_after, one.tbs, s.prepared_at, s.id as set_id
  from intent_set s cross join lateral unnest(s.serial_numbers, s.decision_ids, s.batch_positions, s.subjects, s.eui64s,
      s.public_key_sha256s, s.tbs)
    as one (serial_number, decision_id, batch_position, subject, eui64, public_key_sha256, tbs);

-- No certificate for a Device ID in a Registry Entry of the SEC Panel. Entries are looked for only where one reaches between the
-- lowest and the highest of the Device IDs. Twice the same, for a function that both call would have its plan made anew each time.
create function refuse_intent_in_registry_entry() returns trigger language plpgsql as $$
begin
  if exists (
    with device as (select unnest(eui64s) collate "C" as eui64 from made where category = 'DEVICE')
    select from registry_entry r
     where r.valid_to is null
       and eui64_range(r.eui64_from, r.eui64_to, '[]') && (select eui64_range(min(eui64), max(eui64), '[]') from device)
       and exists (select from device d where eui64_range(r.eui64_from, r.eui64_to, '[]') @> d.eui64)) then
    raise exception 'the Device ID of an intent lies in a Registry Entry of the SEC Panel'
      using errcode = 'exclusion_violation', constraint = 'certificate_not_in_registry_entry';
  end if;
  return null;
end $$;
create trigger intent_set_not_in_registry_entry after insert on intent_set referencing new table as made
  for each statement execute function refuse_intent_in_registry_entry();

create or replace function refuse_device_certificate_in_registry_entry() returns trigger language plpgsql as $$
begin
  if exists (
    with device as (select eui64 from made where category = 'DEVICE')
    select from registry_entry r
     where r.valid_to is null
       and eui64_range(r.eui64_from, r.eui64_to, '[]') && (select eui64_range(min(eui64), max(eui64), '[]') from device)
       and exists (select from device d where eui64_range(r.eui64_from, r.eui64_to, '[]') @> d.eui64)) then
    raise exception 'the Device ID of a certificate lies in a Registry Entry of the SEC Panel'
      using errcode = 'exclusion_violation', constraint = 'certificate_not_in_registry_entry';
  end if;
  return null;
end $$;

-- Serial numbers and hashes of a whole set stand in one event: they do not get smaller, and trying costs as much as writing
-- them.
alter table audit_event alter column facts set storage external;
