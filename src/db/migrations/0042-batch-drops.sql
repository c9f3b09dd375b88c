-- Up Migration

-- What came through the drop folder: the same octets for the same participant, category and purpose are one batch, whatever dies.
create table batch_drop (
  participant_id uuid not null references participant,
  category text not null,
  purpose text not null,
  upload_sha256 bytea not null,
  batch_id uuid not null references batch deferrable initially deferred,
  primary key (participant_id, category, purpose, upload_sha256)
);
