-- Up Migration

-- A name in other letters, or with more space, is no second person.
alter table review add constraint review_by_other_name check (state not in ('APPROVED', 'REFUSED')
  or lower(regexp_replace(trim(decided_person), '\s+', ' ', 'g')) <> lower(regexp_replace(trim(prepared_person), '\s+', ' ', 'g')))
  not valid;
alter table batch add constraint two_names check (approved_person is null
  or lower(regexp_replace(trim(approved_person), '\s+', ' ', 'g')) <> lower(regexp_replace(trim(person), '\s+', ' ', 'g')))
  not valid;
