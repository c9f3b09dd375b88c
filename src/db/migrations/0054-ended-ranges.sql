-- Up Migration

-- A device range that has ended keeps no Registry Entry of the SEC Panel away.
create or replace function refuse_entry_over_devices() returns trigger language plpgsql as $$
begin
  lock table device_range in share mode;
  if exists (select 1 from device_range d
      where (d.valid_to is null or d.valid_to > clock_timestamp())
        and eui64_range(d.eui64_from, d.eui64_to, '[]') && eui64_range(new.eui64_from, new.eui64_to, '[]')) then
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
