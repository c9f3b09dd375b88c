-- Up Migration

-- Whether a participant's record is closed is a fact in versions like the others, so that a question as at an instant tells
-- what was so then. A record without one is open.
alter table fact drop constraint fact_state, drop constraint fact_key,
  add constraint fact_state check (case kind
    when 'STATUS' then state in ('ACTIVE', 'CLOSED', 'VOID')
    when 'DETAILS' then state in ('RECORDED', 'VOID')
    when 'MEMBERSHIP' then state in ('APPLICANT', 'ACTIVE', 'SUSPENDED', 'EXPELLED', 'WITHDRAWN', 'VOID')
    when 'AGREEMENT' then state in ('REQUESTED', 'OFFERED', 'LAPSED', 'EXECUTED', 'SUSPENDED', 'TERMINATED', 'VOID')
    when 'NOMINATION' then state in ('NOMINATED', 'ENDED', 'VOID')
    when 'GATEWAY' then state in ('CONNECTED', 'DISCONNECTED', 'VOID')
    when 'OFFICER' then state in ('NOMINATED', 'VERIFIED', 'ACTIVE', 'LOCKED', 'REVOKED', 'VOID')
    when 'OBLIGATION' then state in ('REQUIRED', 'ATTESTED', 'VERIFIED', 'BREACHED', 'WAIVED', 'VOID')
    when 'TERMS' then state in ('ACCEPTED', 'VOID')
    when 'HOLD' then state in ('PLACED', 'RELEASED', 'VOID')
    when 'DETAILS_CHANGE' then state in ('PROPOSED', 'CONFIRMED_BY_PANEL', 'APPLIED', 'DCC_NOTIFIED', 'REJECTED', 'VOID')
    else false end),
  add constraint fact_key check ((key = '') = (kind in ('STATUS', 'DETAILS', 'MEMBERSHIP', 'GATEWAY')));

-- What is on record: the reviews that closed records and opened them again, and the column, which is the last word. A closure
-- without a review came from a registry file.
insert into fact (participant_id, kind, version, state, since, value, source, credential_id, recorded_at)
  select participant_id, 'STATUS', row_number() over (partition by participant_id order by at), state, at, '{}', source,
      credential_id, at
    from (
      select *, lag(state, 1, 'ACTIVE') over (partition by participant_id order by at, source) as before from (
        select participant_id, decided_at as at, 'DCC' as source, decided_by as credential_id,
            case act ->> 'do' when 'CLOSE_PARTICIPANT' then 'CLOSED' else 'ACTIVE' end as state
          from review where state = 'APPROVED' and act ->> 'do' in ('CLOSE_PARTICIPANT', 'REOPEN_PARTICIPANT')
        union all
        select id, closed_at, 'TAKE_ON', null, 'CLOSED' from participant p where closed_at is not null and not exists (
          select from review r where r.participant_id = p.id and r.state = 'APPROVED'
             and r.act ->> 'do' = 'CLOSE_PARTICIPANT' and r.decided_at = p.closed_at)
        union all
        select id, now(), 'TAKE_ON', null, 'ACTIVE' from participant where closed_at is null) as told) as step
   where state <> before;

-- What waits for a second person is a fact of this kind too, prepared on its present version.
update review r set act = jsonb_build_object('do', 'RECORD_FACT', 'kind', 'STATUS', 'key', '', 'value', jsonb_build_object(),
    'state', case act ->> 'do' when 'CLOSE_PARTICIPANT' then 'CLOSED' else 'ACTIVE' end,
    'after', (select coalesce(max(f.version), 0) from fact f where f.participant_id = r.participant_id and f.kind = 'STATUS'))
  where state = 'OPEN' and act ->> 'do' in ('CLOSE_PARTICIPANT', 'REOPEN_PARTICIPANT');

alter table participant drop column closed_at;
