-- Up Migration

-- Where participants are told of what becomes of their batches and applications.
create table webhook (
  id uuid primary key,
  participant_id uuid not null references participant,
  endpoint text not null,
  description text,
  events text[] not null check (cardinality(events) > 0),
  state text not null default 'ACTIVE' check (state in ('ACTIVE', 'DISABLED', 'REMOVED')),
  state_since timestamptz not null,
  -- Why it is disabled.
  state_reason text,
  created_at timestamptz not null,
  created_by uuid not null references credential,
  person text not null,
  -- The secret is derived from the service key, the id and this number, and kept nowhere; its SHA-256 tells that it still is the same.
  secret_version integer not null default 1,
  secret_sha256 bytea not null,
  -- The secret before this one signs too until then.
  earlier_until timestamptz,
  -- First failure since the last success.
  failing_since timestamptz
);
create index webhook_participant on webhook (participant_id, created_at, id) where state <> 'REMOVED';

-- What is to be told, written in the transaction that makes it true.
create table webhook_delivery (
  id uuid primary key,
  -- In which order things happened.
  number bigint generated always as identity,
  webhook_id uuid not null references webhook,
  -- The same for every endpoint that is told of it, and each time it is told.
  event_id uuid not null,
  event text not null,
  -- The octets that are signed and sent.
  body text not null,
  created_at timestamptz not null,
  state text not null default 'PENDING' check (state in ('PENDING', 'DELIVERED', 'GIVEN_UP')),
  -- How often it was taken up; who took it last may write down what came of it.
  tries integer not null default 0,
  next_at timestamptz not null,
  lease_until timestamptz,
  attempts jsonb not null default '[]',
  ended_at timestamptz,
  redelivery_of uuid references webhook_delivery on delete set null,
  constraint ended check ((state = 'PENDING') = (ended_at is null))
);
create index webhook_delivery_due on webhook_delivery (webhook_id, next_at, number) where state = 'PENDING';
create index webhook_delivery_next on webhook_delivery (next_at) where state = 'PENDING';
create index webhook_delivery_history on webhook_delivery (webhook_id, number desc);
create index webhook_delivery_swept on webhook_delivery (ended_at) where state <> 'PENDING';
create index webhook_delivery_redelivery on webhook_delivery (redelivery_of) where redelivery_of is not null;
