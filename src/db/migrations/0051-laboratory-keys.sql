-- Up Migration

-- Keys that the service made for a laboratory, as one CMS message that only the recipient opens: nothing here, and nothing
-- else in this database, holds a private key that the service could read.
create table laboratory_keys (
  batch_id uuid primary key references batch,
  -- Of the certificate whose holder opens the message.
  recipient_sha256 bytea not null,
  -- Of the message.
  sha256 bytea not null,
  octets integer not null,
  made_at timestamptz not null,
  -- The recipient said that it has the message, and it was removed.
  acknowledged_at timestamptz,
  -- Its time was over.
  removed_at timestamptz
);
create table laboratory_keys_piece (
  batch_id uuid not null references laboratory_keys,
  piece integer not null,
  octets bytea not null,
  primary key (batch_id, piece)
);
-- Encrypted octets do not get smaller.
alter table laboratory_keys_piece alter column octets set storage external;

-- Device IDs that were taken for a laboratory: never a second time.
create table laboratory_device (
  eui64 text collate "C" primary key check (eui64 ~ '^[0-9a-f]{16}$'),
  batch_id uuid not null references batch
);
