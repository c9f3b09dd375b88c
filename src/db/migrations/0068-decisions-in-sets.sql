-- Up Migration

-- An earlier version at work waits until all is carried over, here and in 0069, and then fails; unlocked, what it writes meanwhile
-- would be lost.
lock table certificate, certificate_intent, application_item, decision in access exclusive mode;

-- Decisions that were made together and are alike are one row, which costs as much as that of one decision. Of a decision's
-- id the last two octets number it in its set; those of the set's id are zero.
create function decision_set_id(decision_id uuid) returns uuid language sql immutable parallel safe
  return overlay(decision_id::text placing '0000' from 33)::uuid;
create function decision_id_in(set_id uuid, number integer) returns uuid language sql immutable parallel safe
  return overlay(set_id::text placing lpad(to_hex(number), 4, '0') from 33)::uuid;
create table decision_set (
  id uuid primary key,
  decided_at timestamptz not null,
  credential_id uuid not null references credential,
  -- Null when nobody is known under the signifier that was named.
  participant_id uuid references participant,
  category text not null,
  purpose text not null,
  environment text,
  device_type text,
  channel text not null,
  outcome text not null check (outcome in ('PASS', 'QUEUE', 'REFER', 'REFUSE')),
  basis text,
  agreement_ref text,
  simulated_role boolean not null default false,
  rule_set text not null,
  gates text[],
  -- What an approver had covered.
  referral json,
  participant_snapshot bytea references participant_snapshot,
  decisions integer not null check (decisions = json_array_length(each)),
  -- What the decisions looked at, apart from the snapshot and the referral; null of those from before questions were kept.
  shared json,
  -- Of each decision { number, requestId, subject, publicKeySha256, reasons, inputs }; inputs: what differs from `shared`.
  each json not null,
  constraint decision_set_id_check check (id = decision_set_id(id))
);
-- To compress it costs more than to write it.
alter table decision_set alter column each set storage external;
create index decision_set_participant on decision_set (participant_id, decided_at desc, id desc);
create index decision_set_decided on decision_set (decided_at desc, id desc);

insert into decision_set (id, decided_at, credential_id, participant_id, category, purpose, environment, device_type,
  channel, outcome, basis, agreement_ref, simulated_role, rule_set, gates, referral, participant_snapshot, decisions, shared,
  each)
  select decision_set_id(id), decided_at, credential_id, participant_id, category, purpose, environment, device_type,
    channel, outcome, basis, agreement_ref, simulated_role, rule_set, gates,
    (referred -> 'referral')::json, participant_snapshot, 1, coalesce((referred - 'referral')::json, inputs::json),
    json_build_array(json_build_object('number', ('x' || right(id::text, 4))::bit(16)::integer, 'requestId', request_id,
      'subject', subject, 'publicKeySha256', encode(public_key_sha256, 'hex'), 'reasons', reasons))
    from decision cross join lateral (select case when inputs like '%"referral":%' then inputs::jsonb end) as one (referred);
alter table certificate drop constraint certificate_decision_id_fkey;
alter table application_item drop constraint application_item_decision_id_fkey;
drop table decision;
create trigger decision_set_append_only before update or delete or truncate on decision_set
  for each statement execute function refuse_change();

-- The decisions of all sets, one row each. Who looks for one says its `set_id`, which has an index, as well as its `id`.
create view decision as
  select decision_id_in(s.id, one.number) as id, s.id as set_id, s.decided_at,
    one."requestId" as request_id, s.credential_id, s.participant_id, s.category, s.purpose, s.environment, s.device_type,
    s.channel, one.subject, decode(one."publicKeySha256", 'hex') as public_key_sha256, s.outcome, s.basis, s.agreement_ref,
    s.simulated_role, s.rule_set, coalesce(one.reasons, '[]') as reasons,
    (s.shared::jsonb || coalesce(one.inputs, '{}'))::text as inputs, s.referral, s.participant_snapshot, s.gates
  from decision_set s cross join lateral json_to_recordset(s.each) as one (number integer, "requestId" text,
    subject text, "publicKeySha256" text, reasons jsonb, inputs jsonb);

-- What a foreign key would check, once for all rows of a statement. Sets are never removed: nothing has to be locked. Each
-- is looked up by the index: a join could be planned, for good, while there are few. For certificates 0070 does it.
create function require_decision_set() returns trigger language plpgsql as $$
begin
  if exists (
    select from (select distinct decision_set_id(decision_id) as id from added where decision_id is not null) as named
     where (select s.id from decision_set s where s.id = named.id) is null) then
    raise exception '% names a decision that is not on record', tg_table_name using errcode = 'foreign_key_violation',
      table = tg_table_name, constraint = 'application_item_decision_id_fkey';
  end if;
  return null;
end $$;
create trigger application_item_decision after insert on application_item
  referencing new table as added for each statement execute function require_decision_set();
create trigger application_item_decided after update on application_item
  referencing new table as added for each statement execute function require_decision_set();
