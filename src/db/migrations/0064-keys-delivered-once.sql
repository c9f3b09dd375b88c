-- Up Migration

-- Generated keys are delivered once: the first download that was sent to its last octet removes them, and who took them is on record.
-- One download at a time has them, for as long as its lease lasts; the fence counts who had them.
alter table laboratory_keys
  add column download_fence integer not null default 0,
  add column download_until timestamptz,
  add column delivered_at timestamptz,
  add column delivered_credential uuid references credential,
  add column delivered_person text,
  add constraint delivered_to_somebody check ((delivered_at is null) = (delivered_credential is null)
    and (delivered_at is null) = (delivered_person is null));
