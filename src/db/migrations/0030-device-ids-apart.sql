-- Up Migration

-- A Device ID never lies in a Registry Entry of the SEC Panel (government response, paragraph 33): 0002 says so of device
-- ranges; this says so of every other place that keeps one. Whoever states one waits for the writers of Registry Entries, and
-- they for him.
create function registry_entry_over(first text, last text) returns boolean language sql as $$
  select exists (select 1 from registry_entry r where r.eui64_from <= last collate "C" and first collate "C" <= r.eui64_to)
$$;

create function refuse_ceiling_in_registry_entry() returns trigger language plpgsql as $$
begin
  lock table registry_entry in share mode;
  if registry_entry_over(new.eui64, new.eui64) then
    raise exception 'a Device ID lies in a Registry Entry of the SEC Panel'
      using errcode = 'exclusion_violation', constraint = 'device_ceiling_not_in_registry_entry';
  end if;
  return new;
end $$;
create trigger device_ceiling_not_in_registry_entry before insert or update of eui64 on device_ceiling
  for each row execute function refuse_ceiling_in_registry_entry();

create function refuse_agreed_range_in_registry_entry() returns trigger language plpgsql as $$
begin
  lock table registry_entry in share mode;
  if exists (select 1 from jsonb_array_elements(new.value -> 'deviceRanges') as agreed
      where registry_entry_over(agreed ->> 'from', agreed ->> 'to')) then
    raise exception 'a device range of an agreement reaches into a Registry Entry of the SEC Panel'
      using errcode = 'exclusion_violation', constraint = 'agreed_range_not_in_registry_entry';
  end if;
  return new;
end $$;
create trigger agreed_range_not_in_registry_entry before insert on fact for each row
  when (new.kind = 'AGREEMENT' and jsonb_typeof(new.value -> 'deviceRanges') = 'array'
    and new.value -> 'deviceRanges' <> '[]' and new.state not in ('VOID', 'LAPSED', 'TERMINATED'))
  execute function refuse_agreed_range_in_registry_entry();

-- Once a statement, not once a certificate, and without a lock: a Device Certificate comes from a device range, which keeps
-- Registry Entries away by itself.
create function refuse_device_certificate_in_registry_entry() returns trigger language plpgsql as $$
begin
  if exists (select 1 from made c join registry_entry r on eui64_range(r.eui64_from, r.eui64_to, '[]') @> c.eui64
      where c.category = 'DEVICE') then
    raise exception 'the Device ID of a certificate lies in a Registry Entry of the SEC Panel'
      using errcode = 'exclusion_violation', constraint = 'certificate_not_in_registry_entry';
  end if;
  return null;
end $$;
create trigger certificate_not_in_registry_entry after insert on certificate referencing new table as made
  for each statement execute function refuse_device_certificate_in_registry_entry();
create trigger certificate_intent_not_in_registry_entry after insert on certificate_intent referencing new table as made
  for each statement execute function refuse_device_certificate_in_registry_entry();

-- Of certificates it does not ask: what was given out cannot be taken back, and must not keep the Panel's word away.
create or replace function refuse_entry_over_devices() returns trigger language plpgsql as $$
begin
  lock table device_range in share mode;
  if exists (select 1 from device_range d
      where eui64_range(d.eui64_from, d.eui64_to, '[]') && eui64_range(new.eui64_from, new.eui64_to, '[]')) then
    raise exception 'a Registry Entry reaches into a device range'
      using errcode = 'exclusion_violation', constraint = 'device_range_not_in_registry_entry';
  end if;
  if exists (select 1 from device_ceiling d where d.eui64 between new.eui64_from and new.eui64_to) then
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
