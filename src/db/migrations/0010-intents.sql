-- Up Migration

-- What is about to be signed, until it is issued or abandoned. A table of its own: a certificate is written once, whole, and
-- what is under way stays small enough to be looked through. What it refers to is checked when the certificate is written.
create table certificate_intent (
  serial_number text primary key check (serial_number ~ '^([0-9A-F]{2}){1,20}$'),
  authority text not null,
  profile text not null,
  category text not null,
  participant_id uuid not null,
  credential_id uuid not null,
  decision_id uuid not null,
  idempotency_id uuid,
  batch_id uuid,
  batch_position integer,
  purpose text not null,
  environment text,
  subject text not null,
  eui64 text collate "C",
  public_key_sha256 bytea not null,
  not_before timestamptz not null,
  not_after timestamptz not null,
  -- The linted octets: exactly these are signed.
  tbs bytea not null,
  prepared_at timestamptz not null
);
create index certificate_intent_eui64 on certificate_intent (eui64) where eui64 is not null;
create unique index certificate_intent_idempotency on certificate_intent (idempotency_id) where idempotency_id is not null;
-- Rows come and go by the thousand; their number is small.
alter table certificate_intent set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

insert into certificate_intent
  select serial_number, authority, profile, category, participant_id, credential_id, decision_id, idempotency_id, batch_id,
    batch_position, purpose, environment, subject, eui64, public_key_sha256, not_before, not_after, tbs, prepared_at
    from certificate where status = 'prepared';
drop trigger certificate_never_deleted on certificate;
delete from certificate where status = 'prepared';

-- A certificate is issued, or an intent that was abandoned, and never changes.
drop trigger certificate_final on certificate;
drop function refuse_certificate_change();
create trigger certificate_append_only before update or delete or truncate on certificate
  for each statement execute function refuse_change();
drop index certificate_leftover;
alter table certificate drop constraint certificate_status_check, drop constraint prepared_has_tbs,
  add constraint certificate_status_check check (status in ('issued', 'abandoned')),
  add constraint abandoned_has_tbs check ((status = 'abandoned') = (tbs is not null));

-- That an item of a batch has a certificate says the certificate itself: verdicts of their own have those that have none.
alter table batch_verdict rename to batch_failure;
alter table batch_failure rename constraint batch_verdict_pkey to batch_failure_pkey;
alter index batch_verdict_status rename to batch_failure_status;
drop trigger batch_verdict_append_only on batch_failure;
delete from batch_failure where status = 'SUCCESS';
create trigger batch_failure_append_only before update or delete or truncate on batch_failure
  for each statement execute function refuse_change();
alter table batch_failure drop constraint certificate_or_reason, drop constraint batch_verdict_status_check, drop column serial_number,
  alter column error_code set not null, alter column reasons set not null,
  add constraint batch_failure_status_check
    check (status in ('CSR_ERROR', 'INELIGIBLE', 'ISSUANCE_ANOMALY', 'CA_ERROR', 'WORKFLOW_ERROR'));
create view batch_verdict as
  select batch_id, batch_position as position, 'SUCCESS' as status, null::text as error_code, null::jsonb as reasons, serial_number
    from certificate where batch_id is not null and status = 'issued'
  union all
  select batch_id, position, status, error_code, reasons, null::text from batch_failure;
