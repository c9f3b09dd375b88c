-- Up Migration

-- Every time the result of a batch, or the keys that were made with it, was handed out: one row for all of its certificates, which
-- are those of the batch (requirements, F07).
create table batch_download_receipt (
  id bigint generated always as identity primary key,
  batch_id uuid not null references batch,
  what text not null check (what in ('RESULT', 'KEYS')),
  -- How many the batch had.
  certificates integer not null check (certificates >= 0),
  credential_id uuid not null references credential,
  at timestamptz not null,
  channel text not null,
  form text not null
);
create index batch_download_receipt_batch on batch_download_receipt (batch_id);
create trigger batch_download_receipt_append_only before update or delete or truncate on batch_download_receipt
  for each statement execute function refuse_change();
