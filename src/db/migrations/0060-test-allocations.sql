-- Up Migration

-- EUI-64s that the DCC itself gives to a SEC Party or an RDP, for tests only, from its test block (requirements, F26; DESIGN). All
-- other allocations are those of the feed, or of the file by which participants were taken on.
alter table identifier_allocation drop constraint identifier_allocation_source_check;
alter table identifier_allocation
  add constraint identifier_allocation_source_check check (source in ('TAKE_ON', 'SECAS_FEED', 'DCC')),
  add constraint identifier_allocation_of_dcc
    check (source <> 'DCC' or (environment = 'TEST' and kind in ('USER_ID', 'RDP_ID')));

create index identifier_allocation_test_only on identifier_allocation (eui64_from) where source = 'DCC' and valid_to is null;

-- One that has ended keeps nobody away.
create function test_allocation_over(first text, last text) returns boolean language sql as $$
  select exists (select 1 from identifier_allocation i
    where i.source = 'DCC' and i.valid_to is null and i.eui64_from <= last collate "C" and first collate "C" <= i.eui64_to)
$$;

-- They never lie in a Registry Entry of the SEC Panel. Writers of entries and of Device IDs wait for this lock, as for each other.
create function refuse_test_allocation_in_registry_entry() returns trigger language plpgsql as $$
begin
  lock table registry_entry in share row exclusive mode;
  if registry_entry_over(new.eui64_from, new.eui64_to) then
    raise exception 'a test-only allocation reaches into a Registry Entry of the SEC Panel'
      using errcode = 'exclusion_violation', constraint = 'test_allocation_not_in_registry_entry';
  end if;
  return new;
end $$;
create trigger test_allocation_not_in_registry_entry before insert on identifier_allocation for each row
  when (new.source = 'DCC') execute function refuse_test_allocation_in_registry_entry();
create function refuse_entry_over_test_allocation() returns trigger language plpgsql as $$
begin
  if test_allocation_over(new.eui64_from, new.eui64_to) then
    raise exception 'a Registry Entry of the SEC Panel reaches into a test-only allocation'
      using errcode = 'exclusion_violation', constraint = 'test_allocation_not_in_registry_entry';
  end if;
  return new;
end $$;
create trigger registry_entry_not_over_test_allocation before insert or update of eui64_from, eui64_to on registry_entry
  for each row execute function refuse_entry_over_test_allocation();

-- Nor is one of them a Device ID: they stand as Registry Entries do. This trigger comes after the one that locks, by its name.
create trigger test_allocation_not_over_devices before insert on identifier_allocation for each row
  when (new.source = 'DCC') execute function refuse_entry_over_devices();
create or replace function refuse_device_in_registry_entry() returns trigger language plpgsql as $$
begin
  lock table registry_entry in share mode;
  if registry_entry_over(new.eui64_from, new.eui64_to) then
    raise exception 'a device range reaches into a Registry Entry of the SEC Panel'
      using errcode = 'exclusion_violation', constraint = 'device_range_not_in_registry_entry';
  end if;
  if test_allocation_over(new.eui64_from, new.eui64_to) then
    raise exception 'a device range reaches into a test-only allocation'
      using errcode = 'exclusion_violation', constraint = 'device_id_not_in_test_allocation';
  end if;
  return new;
end $$;
create or replace function refuse_agreed_range_in_registry_entry() returns trigger language plpgsql as $$
begin
  lock table registry_entry in share mode;
  if exists (select 1 from jsonb_array_elements(new.value -> 'deviceRanges') as agreed
      where registry_entry_over(agreed ->> 'from', agreed ->> 'to')) then
    raise exception 'a device range of an agreement reaches into a Registry Entry of the SEC Panel'
      using errcode = 'exclusion_violation', constraint = 'agreed_range_not_in_registry_entry';
  end if;
  if exists (select 1 from jsonb_array_elements(new.value -> 'deviceRanges') as agreed
      where test_allocation_over(agreed ->> 'from', agreed ->> 'to')) then
    raise exception 'a device range of an agreement reaches into a test-only allocation'
      using errcode = 'exclusion_violation', constraint = 'device_id_not_in_test_allocation';
  end if;
  return new;
end $$;
