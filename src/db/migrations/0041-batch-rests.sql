-- Up Migration

-- PAUSED because the nightly window closed (TCS_LIVE_TIMINGS), not because somebody paused it.
alter table batch add column rests boolean not null default false;
create index batch_rests on batch (id) where rests;
