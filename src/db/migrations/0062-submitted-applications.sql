-- Up Migration

-- When an application was submitted: a draft lies with its participant, and that is no wait for the DCC (requirements, F12).
alter table application add column submitted_at timestamptz;
update application a set submitted_at = e.at
  from (select object, min(at) as at from audit_event where event = 'application.submitted' group by object) as e
 where e.object = a.id::text;
