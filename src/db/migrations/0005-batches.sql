-- Up Migration

-- Many CSRs in one upload (requirements 3.2). PENDING -> REJECTED | TAMPERED | PARSING -> QUEUED -> PROCESSING <-> PAUSED -> COMPLETED;
-- what the DCC begins for others: PREPARED -> APPROVED_BY_SECOND_OPERATOR -> PENDING. CANCELLED keeps what is issued.
create table batch (
  id uuid primary key,
  state text not null check (state in ('PREPARED', 'APPROVED_BY_SECOND_OPERATOR', 'PENDING', 'PARSING', 'REJECTED', 'TAMPERED',
    'QUEUED', 'PROCESSING', 'PAUSED', 'COMPLETED', 'CANCELLED')),
  -- Who is to have the certificates.
  participant_id uuid not null references participant,
  -- Who asked for them.
  credential_id uuid not null references credential,
  person text not null,
  -- What a turn costs its participant; the smaller, the more turns.
  turn_cost smallint not null check (turn_cost > 0),
  name text not null,
  category text not null,
  purpose text not null,
  -- Everything of a certificate request but its CSR and device type.
  request jsonb not null,
  content_type text not null,
  upload_sha256 bytea not null,
  upload_octets integer not null,
  retry_of uuid references batch,
  submitted_at timestamptz not null,
  approved_by uuid references credential,
  approved_person text,
  approved_at timestamptz,
  items integer,
  -- Of the container, when it was refused as a whole.
  reasons jsonb not null default '[]',
  started_at timestamptz,
  ended_at timestamptz,
  -- The first signature over the result's manifest: with it every node makes the same octets again.
  result_signature bytea,
  -- SubjectPublicKeyInfo of the key that made it.
  result_key bytea,
  result_removed_at timestamptz,
  constraint two_people check (approved_person is null or approved_person <> person),
  constraint ended check ((state in ('REJECTED', 'TAMPERED', 'COMPLETED', 'CANCELLED')) = (ended_at is not null))
);
create index batch_participant on batch (participant_id, submitted_at desc, id desc);
create index batch_open on batch (state) where ended_at is null;

-- The octets as they came, until they are parsed: any node can.
create table batch_upload (
  batch_id uuid not null references batch,
  piece integer not null,
  octets bytea not null,
  primary key (batch_id, piece)
);
-- Base64 does not get smaller enough to be worth the time.
alter table batch_upload alter column octets set storage external;

create table batch_item (
  batch_id uuid not null references batch,
  position integer not null check (position > 0),
  id text not null,
  file_name text,
  csr text not null,
  device_type text,
  -- Position of the item that asks for the very same.
  duplicate_of integer check (duplicate_of < position),
  primary key (batch_id, position)
);

-- Every item has at most one verdict, written once, in the transaction that makes it true.
create table batch_verdict (
  batch_id uuid not null,
  position integer not null,
  status text not null check (status in ('SUCCESS', 'CSR_ERROR', 'INELIGIBLE', 'ISSUANCE_ANOMALY', 'CA_ERROR', 'WORKFLOW_ERROR')),
  error_code text,
  reasons jsonb,
  serial_number text unique references certificate,
  primary key (batch_id, position),
  foreign key (batch_id, position) references batch_item,
  constraint certificate_or_reason check ((status = 'SUCCESS') = (serial_number is not null)
    and (status = 'SUCCESS') = (error_code is null) and (status = 'SUCCESS') = (reasons is null))
);
create index batch_verdict_status on batch_verdict (batch_id, status, position);
create trigger batch_verdict_append_only before update or delete or truncate on batch_verdict
  for each statement execute function refuse_change();

-- What one worker takes at a time. The fence counts who has held it: what an earlier holder still does is refused.
create table batch_chunk (
  batch_id uuid not null references batch,
  number integer not null,
  first_position integer not null,
  last_position integer not null,
  fence integer not null default 0,
  -- How often it was taken since it last went as it should: what kills its workers is given up.
  tries integer not null default 0,
  lease_until timestamptz,
  -- Waits: a quota is used up, or the last try failed.
  not_before timestamptz,
  done boolean not null default false,
  -- Items by status, once it is done.
  counts jsonb,
  primary key (batch_id, number)
);
create index batch_chunk_open on batch_chunk (batch_id, number) where not done;

-- Turns of participants that have batches under way: the one with the lowest number is next.
create table batch_turn (
  participant_id uuid primary key references participant,
  turn bigint not null
);

-- One item, one certificate, whatever crashes, stalls and takeovers do.
alter table certificate add column batch_id uuid references batch;
alter table certificate add column batch_position integer;
alter table certificate add constraint batch_and_position check ((batch_id is null) = (batch_position is null));
create unique index certificate_batch on certificate (batch_id, batch_position) where batch_id is not null and status <> 'abandoned';
