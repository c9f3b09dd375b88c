-- Up Migration

-- Registry Entries are held from an instant until before another, like identifiers: what a feed ends or changes stays on record.
alter table registry_entry drop constraint registry_entry_pkey, drop constraint registry_entry_eui64_range_excl,
  add column id uuid primary key default gen_random_uuid(),
  add column valid_from timestamptz not null default '-infinity', add column valid_to timestamptz,
  add constraint registry_entry_period check (valid_from < valid_to),
  add constraint registry_entry_eui64_range_excl
    exclude using gist (eui64_range(eui64_from, eui64_to, '[]') with &&, tstzrange(valid_from, valid_to) with &&);
create unique index registry_entry_once on registry_entry (name) where valid_to is null;

-- An entry that has ended keeps nobody away.
create or replace function registry_entry_over(first text, last text) returns boolean language sql as $$
  select exists (select 1 from registry_entry r
    where r.valid_to is null and r.eui64_from <= last collate "C" and first collate "C" <= r.eui64_to)
$$;

create or replace function refuse_device_in_registry_entry() returns trigger language plpgsql as $$
begin
  lock table registry_entry in share mode;
  if registry_entry_over(new.eui64_from, new.eui64_to) then
    raise exception 'a device range reaches into a Registry Entry of the SEC Panel'
      using errcode = 'exclusion_violation', constraint = 'device_range_not_in_registry_entry';
  end if;
  return new;
end $$;

create or replace function refuse_device_certificate_in_registry_entry() returns trigger language plpgsql as $$
begin
  if exists (select 1 from made c join registry_entry r on eui64_range(r.eui64_from, r.eui64_to, '[]') @> c.eui64
      where c.category = 'DEVICE' and r.valid_to is null) then
    raise exception 'the Device ID of a certificate lies in a Registry Entry of the SEC Panel'
      using errcode = 'exclusion_violation', constraint = 'certificate_not_in_registry_entry';
  end if;
  return null;
end $$;
