-- Up Migration

-- What rows that are written by the hundred refer to is looked up once a statement, not once a row, and without a lock: what
-- they refer to stays. Each value is looked up by index, whatever is known of the sizes of tables when the plan is made: a
-- subselect of one value is never joined.
create function refuse_removal() returns trigger language plpgsql as $$
begin
  raise exception 'what % has on record is referred to, and stays', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger participant_stays before delete or truncate or update of id on participant
  for each statement execute function refuse_removal();
create trigger credential_stays before delete or truncate or update of id on credential
  for each statement execute function refuse_removal();
create trigger public_key_stays before delete or truncate or update of sha256 on public_key
  for each statement execute function refuse_removal();
create trigger batch_stays before delete or truncate or update of id on batch
  for each statement execute function refuse_removal();
create trigger batch_item_stays before delete or truncate or update of batch_id, position on batch_item
  for each statement execute function refuse_removal();

create function refuse_reference(table_name text, constraint_name text) returns void language plpgsql as $$
begin
  raise exception 'insert on table "%" violates foreign key constraint "%"', table_name, constraint_name
    using errcode = 'foreign_key_violation', table = table_name, constraint = constraint_name;
end $$;

create function check_certificate_references() returns trigger language plpgsql as $$
declare
  broken text := case
    when exists (select from (select distinct participant_id as id from added) a
        where (select p.id from participant p where p.id = a.id) is null) then 'certificate_participant_id_fkey'
    when exists (select from (select distinct credential_id as id from added) a
        where (select c.id from credential c where c.id = a.id) is null) then 'certificate_credential_id_fkey'
    when exists (select from (select distinct decision_set_id(decision_id) as id from added) a
        where (select s.id from decision_set s where s.id = a.id) is null) then 'certificate_decision_id_fkey'
    when exists (select from (select distinct batch_id as id from added where batch_id is not null) a
        where (select b.id from batch b where b.id = a.id) is null) then 'certificate_batch_id_fkey'
    when exists (select from added a
        where (select k.sha256 from public_key k where k.sha256 = a.public_key_sha256) is null)
      then 'certificate_public_key_sha256_fkey'
  end;
begin
  if broken is not null then perform refuse_reference('certificate', broken); end if;
  return null;
end $$;
alter table certificate drop constraint certificate_participant_id_fkey, drop constraint certificate_credential_id_fkey,
  drop constraint certificate_batch_id_fkey, drop constraint certificate_public_key_sha256_fkey;
create trigger certificate_references after insert on certificate referencing new table as added
  for each statement execute function check_certificate_references();

create function check_batch_item_references() returns trigger language plpgsql as $$
begin
  if exists (select from (select distinct batch_id as id from added) a
      where (select b.id from batch b where b.id = a.id) is null) then
    perform refuse_reference('batch_item', 'batch_item_batch_id_fkey');
  end if;
  return null;
end $$;
alter table batch_item drop constraint batch_item_batch_id_fkey;
create trigger batch_item_references after insert on batch_item referencing new table as added
  for each statement execute function check_batch_item_references();

create function check_batch_failure_references() returns trigger language plpgsql as $$
begin
  if exists (select from added a
      where (select i.position from batch_item i where i.batch_id = a.batch_id and i.position = a.position) is null) then
    perform refuse_reference('batch_failure', 'batch_verdict_batch_id_position_fkey');
  end if;
  return null;
end $$;
alter table batch_failure drop constraint batch_verdict_batch_id_position_fkey;
create trigger batch_failure_references after insert on batch_failure referencing new table as added
  for each statement execute function check_batch_failure_references();
