-- Up Migration

-- What kills or fails its reader again and again is REJECTED after so many tries.
alter table batch add column parse_tries smallint not null default 0;
