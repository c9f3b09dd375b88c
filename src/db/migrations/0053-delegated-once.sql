-- Up Migration

-- The same Device IDs are delegated to the same participant once at a time. Of those that were delegated again the first stays.
update device_range d set valid_to = greatest(now(), d.valid_from + interval '1 microsecond')
 where d.delegated_by is not null and d.valid_to is null and exists (
   select from device_range e
    where e.participant_id = d.participant_id and e.delegated_by = d.delegated_by and e.valid_to is null
      and e.eui64_from = d.eui64_from and e.eui64_to = d.eui64_to and (e.valid_from, e.id) < (d.valid_from, d.id));
create unique index device_range_delegated_once
  on device_range (participant_id, delegated_by, eui64_from, eui64_to) where delegated_by is not null and valid_to is null;
