-- Up Migration

-- A participant gives notice of more certificates in a day than its quota, and the DCC accepts it or does not (SEC Appendix N).
alter table fact drop constraint fact_state;
alter table fact add constraint fact_state check (case kind
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
    when 'DEMAND_NOTICE' then state in ('GIVEN', 'ACCEPTED', 'REFUSED', 'WITHDRAWN', 'VOID')
    when 'DETAILS_CHANGE' then state in ('PROPOSED', 'CONFIRMED_BY_PANEL', 'APPLIED', 'DCC_NOTIFIED', 'REJECTED', 'VOID')
    else false end);
-- The list of the DCC, over all participants.
create index fact_demand_notice on fact (participant_id, key, version desc) where kind = 'DEMAND_NOTICE';
