-- Up Migration

-- Put off because a quota is used up, not because it failed. What of it has a verdict is counted in `counts` already.
alter table batch_chunk add column waits_for_quota boolean not null default false;
