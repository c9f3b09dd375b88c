-- Up Migration

-- The raised limit of a Device ID holds from its approval until another takes its place: how it was stays on record.
alter table device_ceiling drop constraint device_ceiling_pkey,
  add column id uuid primary key default gen_random_uuid(),
  add column valid_from timestamptz not null default '-infinity', add column valid_to timestamptz,
  add constraint device_ceiling_period check (valid_from < valid_to),
  add constraint device_ceiling_once
    exclude using gist (eui64_range(eui64, eui64, '[]') with &&, tstzrange(valid_from, valid_to) with &&);
create index device_ceiling_eui64 on device_ceiling (eui64);
-- Each began when it was approved; those that another has replaced stand in the reviews. Where clocks differed, the one that was
-- approved last may bear an earlier instant than one before it: what would reach into the present one is left out.
update device_ceiling c set valid_from = r.decided_at from review r where r.id = c.review_id and r.decided_at is not null;
insert into device_ceiling (eui64, certificates, review_id, valid_from, valid_to)
  select eui64, certificates, id, decided_at, replaced_at from (
    select act ->> 'eui64' as eui64, (act ->> 'certificates')::int as certificates, id, decided_at,
        lead(decided_at) over (partition by act ->> 'eui64' order by decided_at, id) as replaced_at
      from review where state = 'APPROVED' and act ->> 'do' = 'RAISE_DEVICE_CEILING') as raised
   where decided_at < replaced_at and not exists (
     select from device_ceiling c where c.eui64 = raised.eui64 and c.valid_from < replaced_at);

-- A limit that has ended keeps no Registry Entry away.
create or replace function refuse_entry_over_devices() returns trigger language plpgsql as $$
begin
  lock table device_range in share mode;
  if exists (select 1 from device_range d
      where (d.valid_to is null or d.valid_to > clock_timestamp())
        and eui64_range(d.eui64_from, d.eui64_to, '[]') && eui64_range(new.eui64_from, new.eui64_to, '[]')) then
    raise exception 'a Registry Entry reaches into a device range'
      using errcode = 'exclusion_violation', constraint = 'device_range_not_in_registry_entry';
  end if;
  if exists (select 1 from device_ceiling d
      where d.valid_to is null and d.eui64 between new.eui64_from and new.eui64_to) then
    raise exception 'a Registry Entry reaches over a Device ID whose limit was raised'
      using errcode = 'exclusion_violation', constraint = 'device_ceiling_not_in_registry_entry';
  end if;
  if exists (select 1 from (
        select distinct on (participant_id, key) state, value from fact where kind = 'AGREEMENT'
         order by participant_id, key, version desc) as latest, jsonb_array_elements(latest.value -> 'deviceRanges') as agreed
      where latest.state not in ('VOID', 'LAPSED', 'TERMINATED') and jsonb_typeof(latest.value -> 'deviceRanges') = 'array'
        and agreed ->> 'from' <= new.eui64_to and agreed ->> 'to' >= new.eui64_from) then
    raise exception 'a Registry Entry reaches into a device range of an agreement'
      using errcode = 'exclusion_violation', constraint = 'agreed_range_not_in_registry_entry';
  end if;
  return new;
end $$;
