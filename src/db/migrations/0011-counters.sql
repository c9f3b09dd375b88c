-- Up Migration

-- Transactions that are at work at the same time count in rows of their own, and do not wait for each other's commit.
alter table issued_count add column counter smallint not null default 0,
  drop constraint issued_count_pkey, add primary key (participant_id, category, hour, counter);
