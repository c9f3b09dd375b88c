-- Up Migration

-- Who stated a User Role or a range of Device IDs: what the participant or the DCC stated over the API, no file ends (government
-- response, paragraphs 29 and 38).
alter table user_id_role_assignment
  add column source text not null default 'TAKE_ON' check (source in ('TAKE_ON', 'PARTICIPANT', 'DCC'));
alter table device_range
  add column source text not null default 'TAKE_ON' check (source in ('TAKE_ON', 'PARTICIPANT', 'DCC'));

-- What began at the instant of an act that is in the audit came with it; files know no delegation in writing.
update user_id_role_assignment r set source = 'PARTICIPANT'
 where exists (select from audit_event e
   where e.event = 'user-role.assigned' and e.participant_id = r.participant_id and e.at = r.valid_from);
update device_range d set source = 'DCC'
 where d.delegated_by is null and exists (select from audit_event e
   where e.event = 'device-range.registered' and e.participant_id = d.participant_id and e.at = d.valid_from);
update device_range set source = 'PARTICIPANT' where delegated_by is not null and delegation_document_sha256 is not null;
