-- Up Migration

-- A batch that could not be parsed for a fault of ours, a full disk say, waits a while and lets the others by.
alter table batch add column parse_after timestamptz;
