-- Up Migration

-- The audit as a chain: each event with the hash of everything before it, so that a copy can be verified without this database,
-- and nobody can take an event out or change it unseen (requirements 3.7). Events are linked a little after they happened, in
-- the order in which they are found: whoever records one waits for nobody.
create table audit_link (
  position bigint primary key check (position > 0),
  event_id bigint not null unique references audit_event,
  sha256 bytea not null check (octet_length(sha256) = 32),
  linked_at timestamptz not null
);
create trigger audit_link_append_only before update or delete or truncate on audit_link
  for each statement execute function refuse_change();
