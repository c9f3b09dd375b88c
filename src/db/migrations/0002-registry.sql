-- Up Migration

-- What is known of a participant is a series of versions: the latest recorded one that has begun holds. Nothing is
-- overwritten, so that any question can be asked as at any instant. Two who change the same version: one wins.
create table fact (
  participant_id uuid not null references participant,
  kind text not null,
  -- Which agreement, officer, obligation ...; empty where there is one of the kind.
  key text not null default '',
  version integer not null check (version >= 1),
  state text not null,
  since timestamptz not null,
  value jsonb not null,
  source text not null check (source in ('TAKE_ON', 'SECAS_FEED', 'PARTICIPANT', 'DCC')),
  credential_id uuid references credential,
  recorded_at timestamptz not null,
  primary key (participant_id, kind, key, version),
  constraint fact_state check (case kind
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
  constraint fact_key check ((key = '') = (kind in ('DETAILS', 'MEMBERSHIP', 'GATEWAY')))
);
-- The reference of an agreement belongs to one participant.
create unique index fact_agreement_ref on fact (key) where kind = 'AGREEMENT' and version = 1;
create trigger fact_append_only before update or delete or truncate on fact
  for each statement execute function refuse_change();

-- What 0001 kept in tables of their own.
insert into fact (participant_id, kind, version, state, since, value, source, recorded_at)
  select id, 'DETAILS', 1, 'RECORDED', created_at, jsonb_strip_nulls(jsonb_build_object('legalName', legal_name,
    'partyCategory', party_category, 'nonPartyKind', non_party_kind)), 'TAKE_ON', created_at from participant;
insert into fact (participant_id, kind, version, state, since, value, source, recorded_at)
  select p.id, 'GATEWAY', 1, 'CONNECTED', created_at, '{}', 'TAKE_ON', created_at from participant p where gateway_connection;
insert into fact (participant_id, kind, version, state, since, value, source, recorded_at)
  select m.participant_id, 'MEMBERSHIP', 1, m.state, m.since, jsonb_strip_nulls(jsonb_build_object('expelledAt', m.expelled_at)),
    'TAKE_ON', p.created_at from membership m join participant p on p.id = m.participant_id;
insert into fact (participant_id, kind, key, version, state, since, value, source, recorded_at)
  select a.participant_id, 'AGREEMENT', a.ref, 1, a.state, p.created_at, jsonb_strip_nulls(jsonb_build_object(
    'executedAt', a.executed_at, 'effectiveFrom', a.effective_from, 'effectiveTo', a.effective_to,
    'permittedCategories', a.permitted_categories, 'permittedPurposes', a.permitted_purposes,
    'permittedEnvironments', a.permitted_environments, 'permittedRoles', a.permitted_roles,
    'deviceRanges', a.device_ranges, 'volumeCap', a.volume_cap, 'gatewayPermitted', a.gateway_permitted)),
    'TAKE_ON', p.created_at from agreement a join participant p on p.id = a.participant_id;
insert into fact (participant_id, kind, key, version, state, since, value, source, recorded_at)
  select r.rdp_id, 'NOMINATION', n.signifier, 1, 'NOMINATED', r.valid_from, jsonb_strip_nulls(jsonb_build_object('to', r.valid_to)),
    'TAKE_ON', p.created_at from rdp_nomination r join participant n on n.id = r.network_party_id join participant p on p.id = r.rdp_id;
drop table membership, agreement, rdp_nomination;

-- Exactly one Signifier each, for ever (government response, paragraph 32).
alter table participant add column closed_at timestamptz;
update participant set closed_at = created_at where status = 'CLOSED';
alter table participant drop column status, drop column legal_name, drop column party_category, drop column non_party_kind,
  drop column gateway_connection;
create function refuse_other_signifier() returns trigger language plpgsql as $$
begin
  raise exception 'the Signifier % and its type are for ever', old.signifier using errcode = 'restrict_violation';
end $$;
create trigger participant_signifier before update of signifier, type on participant
  for each row when (old.signifier <> new.signifier or old.type <> new.type) execute function refuse_other_signifier();

-- Identifiers are held from an instant until before another; no two hold the same one at the same time.
alter table identifier_allocation
  add column valid_from timestamptz not null default '-infinity', add column valid_to timestamptz,
  add column environment text not null default 'BOTH' check (environment in ('LIVE', 'TEST', 'BOTH')),
  add column requested_at timestamptz, add column allocated_at timestamptz,
  add column source text not null default 'TAKE_ON' check (source in ('TAKE_ON', 'SECAS_FEED')),
  drop constraint identifier_allocation_no_overlap;
update identifier_allocation set valid_to = '-infinity' where state = 'WITHDRAWN';
delete from identifier_allocation where valid_to = '-infinity';
alter table identifier_allocation drop column state,
  add constraint identifier_allocation_period check (valid_from < valid_to),
  add constraint identifier_allocation_no_overlap
    exclude using gist (eui64_range(eui64_from, eui64_to, '[]') with &&, tstzrange(valid_from, valid_to) with &&);

alter table user_id_role_assignment drop constraint user_id_role_assignment_pkey,
  add column id uuid primary key default gen_random_uuid(),
  add column valid_from timestamptz not null default '-infinity', add column valid_to timestamptz,
  add constraint user_id_role_assignment_period check (valid_from < valid_to);
create index user_id_role_assignment_eui64 on user_id_role_assignment (eui64);
create unique index user_id_role_assignment_once on user_id_role_assignment (eui64, user_role) where valid_to is null;

alter table device_range
  add column valid_from timestamptz not null default '-infinity', add column valid_to timestamptz,
  add column delegation_document_sha256 text,
  drop constraint device_range_no_overlap,
  add constraint device_range_period check (valid_from < valid_to),
  add constraint device_range_no_overlap
    exclude using gist (eui64_range(eui64_from, eui64_to, '[]') with &&, tstzrange(valid_from, valid_to) with &&) where (delegated_by is null);
create index device_range_eui64 on device_range using gist (eui64_range(eui64_from, eui64_to, '[]'));

-- A Device ID never lies in a Registry Entry of the SEC Panel (government response, paragraph 33): neither table takes
-- what the other holds, and each waits for the other's writers.
create function refuse_device_in_registry_entry() returns trigger language plpgsql as $$
begin
  lock table registry_entry in share mode;
  if exists (select 1 from registry_entry r
      where eui64_range(r.eui64_from, r.eui64_to, '[]') && eui64_range(new.eui64_from, new.eui64_to, '[]')) then
    raise exception 'a device range reaches into a Registry Entry of the SEC Panel'
      using errcode = 'exclusion_violation', constraint = 'device_range_not_in_registry_entry';
  end if;
  return new;
end $$;
create trigger device_range_not_in_registry_entry before insert or update of eui64_from, eui64_to on device_range
  for each row execute function refuse_device_in_registry_entry();
create function refuse_entry_over_devices() returns trigger language plpgsql as $$
begin
  lock table device_range in share mode;
  if exists (select 1 from device_range d
      where eui64_range(d.eui64_from, d.eui64_to, '[]') && eui64_range(new.eui64_from, new.eui64_to, '[]')) then
    raise exception 'a Registry Entry reaches into a device range'
      using errcode = 'exclusion_violation', constraint = 'device_range_not_in_registry_entry';
  end if;
  return new;
end $$;
create trigger registry_entry_not_over_devices before insert or update of eui64_from, eui64_to on registry_entry
  for each row execute function refuse_entry_over_devices();

-- Market Participant identities (MRA, UNC) as the Panel tells them (government response, paragraphs 35 and 41).
create table market_participant_identity (
  id uuid primary key default gen_random_uuid(),
  participant_id uuid not null references participant,
  scheme text not null check (scheme in ('MRA', 'UNC')),
  market_participant_id text not null,
  role_code text not null,
  -- The User ID that acts for it, where the feed says so.
  user_id text collate "C" check (user_id ~ '^[0-9a-f]{16}$'),
  valid_from timestamptz not null,
  valid_to timestamptz,
  source text not null check (source in ('TAKE_ON', 'SECAS_FEED')),
  check (valid_from < valid_to)
);
create unique index market_participant_identity_once
  on market_participant_identity (scheme, market_participant_id, role_code) where valid_to is null;
create index market_participant_identity_participant on market_participant_identity (participant_id);

-- The SECAS feeds that were taken, and what each changed.
create table feed_import (
  version integer primary key,
  issued_at timestamptz not null,
  imported_at timestamptz not null,
  sha256 bytea not null,
  signer text not null,
  rows integer not null,
  diff jsonb not null,
  credential_id uuid references credential,
  acknowledged_at timestamptz,
  acknowledged_by text
);

-- A credential of a participant is an officer's; one of the DCC is a person's. Four eyes compare people.
alter table credential add column officer text, add column person text not null default '';

-- What needs a second person: referrals, agreements, nominations, waivers, holds.
create table review (
  id uuid primary key,
  kind text not null check (kind in ('REFERRAL', 'AGREEMENT', 'NOMINATION', 'PARTICIPANT', 'WAIVER', 'HOLD', 'DEVICE_CEILING')),
  participant_id uuid not null references participant,
  state text not null check (state in ('OPEN', 'APPROVED', 'REFUSED', 'EXPIRED', 'WITHDRAWN')),
  -- What will be done when it is approved, and in words.
  act jsonb not null,
  summary text not null,
  reasons jsonb not null default '[]',
  prepared_by uuid references credential,
  prepared_person text not null,
  prepared_at timestamptz not null,
  expires_at timestamptz not null,
  decided_by uuid references credential,
  decided_person text,
  decided_at timestamptz,
  decided_because text,
  constraint review_decided check ((state = 'OPEN') = (decided_at is null)),
  constraint review_by_second_person check (state not in ('APPROVED', 'REFUSED') or decided_person <> prepared_person),
  constraint review_with_reason check (state not in ('APPROVED', 'REFUSED') or length(decided_because) > 0)
);
create index review_open on review (expires_at) where state = 'OPEN';
create index review_participant on review (participant_id, prepared_at desc);

create table application (
  id uuid primary key,
  participant_id uuid not null references participant,
  credential_id uuid not null references credential,
  state text not null check (state in ('DRAFT', 'SUBMITTED', 'SCREENED', 'REFERRED', 'APPROVED', 'ISSUING', 'ISSUED',
    'PARTLY_ISSUED', 'FAILED', 'REFUSED', 'WITHDRAWN')),
  version integer not null,
  request jsonb not null,
  terms_version text,
  review_id uuid references review,
  -- Reason codes of facts that may change: while there are some, it waits and is screened again.
  waiting_for text[] not null default '{}',
  -- Why it ended as a whole.
  reasons jsonb not null default '[]',
  -- The Idempotency-Key under which it came: one key, one application.
  idempotency_id uuid unique references idempotency_key,
  created_at timestamptz not null,
  state_since timestamptz not null,
  screened_at timestamptz,
  -- Of an ISSUING one: until when whoever issues it has it for himself.
  lease_until timestamptz
);
create index application_participant on application (participant_id, created_at desc, id desc);
create index application_credential on application (credential_id);
create index application_open on application (screened_at, id) where state in ('SUBMITTED', 'SCREENED', 'REFERRED', 'ISSUING');
create table application_item (
  id uuid primary key,
  application_id uuid not null references application,
  position integer not null,
  csr bytea not null,
  decision_id uuid references decision,
  outcome text check (outcome in ('PASS', 'QUEUE', 'REFER', 'REFUSE')),
  serial_number text unique references certificate,
  reasons jsonb not null default '[]',
  unique (application_id, position)
);

-- What makes a repetition of a certificate the same one: the row of an Idempotency-Key, or an item of an application.
-- Whoever issues a second time finds that there is one.
alter table certificate drop constraint certificate_idempotency_id_fkey;
drop index certificate_idempotency;
create unique index certificate_idempotency on certificate (idempotency_id)
  where idempotency_id is not null and status <> 'abandoned';

-- What a participant is told.
create table notification (
  id bigint generated always as identity primary key,
  participant_id uuid not null references participant,
  at timestamptz not null,
  event text not null,
  object text not null,
  text text not null
);
create index notification_participant on notification (participant_id, id desc);

-- Every time a certificate was handed out after its issue (requirements, F07).
create table download_receipt (
  id bigint generated always as identity primary key,
  serial_number text not null references certificate,
  participant_id uuid not null references participant,
  credential_id uuid not null references credential,
  at timestamptz not null,
  channel text not null,
  form text not null
);
create index download_receipt_certificate on download_receipt (serial_number);
create trigger download_receipt_append_only before update or delete or truncate on download_receipt
  for each statement execute function refuse_change();

-- Certificates by the hour, for quotas: counting them one by one would cost more than issuing them.
create table issued_count (
  participant_id uuid not null references participant,
  category text not null,
  hour timestamptz not null,
  certificates integer not null,
  primary key (participant_id, category, hour)
);

-- A Device ID whose certificate limit the DCC raised.
create table device_ceiling (
  eui64 text collate "C" primary key check (eui64 ~ '^[0-9a-f]{16}$'),
  certificates integer not null check (certificates > 0),
  review_id uuid not null references review
);

-- The rule sets that decisions name, as they were: a decision can be replayed when the files have long moved on.
create table rule_set (
  version text primary key,
  sha256 bytea not null,
  files jsonb not null,
  first_used_at timestamptz not null
);
create trigger rule_set_append_only before update or delete or truncate on rule_set
  for each statement execute function refuse_change();

-- What a decision looked at: the participant as it was, shared by all decisions that saw it so, and the rest.
create table participant_snapshot (
  sha256 bytea primary key,
  value text not null
);
create trigger participant_snapshot_append_only before update or delete or truncate on participant_snapshot
  for each statement execute function refuse_change();
alter table decision add column inputs text, add column participant_snapshot bytea references participant_snapshot,
  add column gates text[];

create index audit_event_participant on audit_event (participant_id, id desc);
