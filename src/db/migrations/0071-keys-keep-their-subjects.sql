-- Up Migration

-- A key is bound to one subject for ever. Who comes second with it for another one is turned back: run again, the transaction
-- finds whose the key is.
create function refuse_another_subject() returns trigger language plpgsql as $$
begin
  raise exception 'the key has been bound to another subject' using errcode = 'serialization_failure',
    constraint = 'public_key_keeps_subject';
end $$;
create trigger public_key_keeps_subject before update of subject on public_key
  for each row when (new.subject is distinct from old.subject) execute function refuse_another_subject();
