-- Up Migration

-- No limit is raised for an EUI-64 that the DCC gave for tests since that was prepared: it is no Device ID any more (DESIGN). Who
-- gives a test-only allocation waits for this lock, and finds the limit.
create or replace function refuse_ceiling_in_registry_entry() returns trigger language plpgsql as $$
begin
  lock table registry_entry in share mode;
  if registry_entry_over(new.eui64, new.eui64) then
    raise exception 'a Device ID lies in a Registry Entry of the SEC Panel'
      using errcode = 'exclusion_violation', constraint = 'device_ceiling_not_in_registry_entry';
  end if;
  if test_allocation_over(new.eui64, new.eui64) then
    raise exception 'a Device ID lies in a test-only allocation'
      using errcode = 'exclusion_violation', constraint = 'device_id_not_in_test_allocation';
  end if;
  return new;
end $$;
