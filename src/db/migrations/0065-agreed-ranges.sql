-- Up Migration

-- The device ranges of agreements, of every version: which agreement holds an EUI-64 is asked of each certificate. The facts say the
-- rest of them, such as their state and until when they hold.
create table agreed_range (
  participant_id uuid not null references participant,
  key text not null,
  version integer not null,
  eui64_from text collate "C" not null,
  eui64_to text collate "C" not null
);
create index agreed_range_fact on agreed_range (participant_id, key, version);
create index agreed_range_eui64 on agreed_range using gist (eui64_range(eui64_from, eui64_to, '[]'));
create function record_agreed_ranges() returns trigger language plpgsql as $$
begin
  insert into agreed_range (participant_id, key, version, eui64_from, eui64_to)
    select new.participant_id, new.key, new.version, agreed ->> 'from', agreed ->> 'to'
      from jsonb_path_query(new.value, '$.deviceRanges[*]') as agreed;
  return null;
end $$;
create trigger agreed_range_kept after insert on fact for each row
  when (new.kind = 'AGREEMENT') execute function record_agreed_ranges();
-- Those on record already, overlapping ones too: they stay until one of them is varied.
insert into agreed_range (participant_id, key, version, eui64_from, eui64_to)
  select participant_id, key, version, agreed ->> 'from', agreed ->> 'to'
    from fact cross join lateral jsonb_path_query(value, '$.deviceRanges[*]') as agreed
   where kind = 'AGREEMENT' and agreed ->> 'from' <= (agreed ->> 'to') collate "C";
create trigger agreed_range_append_only before update or delete or truncate on agreed_range
  for each statement execute function refuse_change();

-- The ranges of agreements that have not ended; whether their time has passed, who asks compares.
create view standing_agreed_range as
  select a.participant_id, a.key, a.version, a.eui64_from, a.eui64_to,
      (f.value ->> 'effectiveFrom')::timestamptz as effective_from, (f.value ->> 'effectiveTo')::timestamptz as effective_to
    from agreed_range a
    join fact f on f.participant_id = a.participant_id and f.kind = 'AGREEMENT' and f.key = a.key and f.version = a.version
   where f.state not in ('VOID', 'LAPSED', 'TERMINATED') and not exists (
     select from fact g where g.participant_id = a.participant_id and g.kind = 'AGREEMENT' and g.key = a.key and g.version > a.version);

-- Whether two participants may both use all of these Device IDs: one is their owner and delegated them to the other, or the same owner
-- delegated them to both.
create function device_ids_shared(one uuid, other uuid, first text, last text) returns boolean language sql stable as $$
  with used as (
    select id as participant_id, signifier as owner from participant where id in (one, other)
     union all
    select participant_id, delegated_by from device_range
     where participant_id in (one, other) and delegated_by is not null and valid_to is null
       and eui64_from <= first collate "C" and last collate "C" <= eui64_to)
  select exists (select from used a join used b on a.owner = b.owner where a.participant_id = one and b.participant_id = other)
$$;

-- What others have of these Device IDs while an agreement or range of the holder lasts, in words: own device ranges, and ranges of
-- agreements that have not ended.
create function device_ids_of_others(holder uuid, first text, last text, begins timestamptz, ends timestamptz, at timestamptz)
returns setof text language sql stable as $$
  select format('%s to %s of %s', shown_from, shown_to, p.signifier) || coalesce(' by agreement ' || held.ref, '')
    from (
      select participant_id, null as ref, eui64_from, eui64_to from device_range
       where delegated_by is null and valid_to is null
         and eui64_range(eui64_from, eui64_to, '[]') && eui64_range(first, last, '[]')
       union all
      select participant_id, key, eui64_from, eui64_to from standing_agreed_range
       where eui64_range(eui64_from, eui64_to, '[]') && eui64_range(first, last, '[]')
         and (effective_to is null or (effective_to > at and (begins is null or effective_to > begins)))
         and (ends is null or effective_from is null or effective_from < ends)) as held
    join participant p on p.id = held.participant_id
   cross join lateral (select
      upper(regexp_replace(held.eui64_from, '(..)(?!$)', '\1-', 'g')) as shown_from,
      upper(regexp_replace(held.eui64_to, '(..)(?!$)', '\1-', 'g')) as shown_to) as shown
   where held.participant_id <> holder and (ends is null or ends > at)
     and not device_ids_shared(holder, held.participant_id,
       greatest(first collate "C", held.eui64_from), least(last collate "C", held.eui64_to))
   order by held.eui64_from, p.signifier
$$;

-- No Device ID is of two by their agreements, or by the agreement of one and the device range of the other (government response,
-- paragraph 29). Who states either takes turns: of two at once the second sees the first. A registry file has it asked at its end, when
-- what it takes from one and gives to another is all there.
create function refuse_agreed_range_of_another() returns trigger language plpgsql as $$
declare
  taken text;
begin
  perform pg_advisory_xact_lock(hashtextextended('agreed ranges', 0));
  -- A suspension is never kept from who has had the range, whatever is on record from before.
  select string_agg(distinct other, '; ') into taken
    from standing_agreed_range a
   cross join lateral device_ids_of_others(a.participant_id, a.eui64_from, a.eui64_to, a.effective_from, a.effective_to,
      new.recorded_at) as other
   where a.participant_id = new.participant_id and a.key = new.key and a.version = new.version
     and not (new.state = 'SUSPENDED' and exists (
       select from agreed_range b
         join fact f on f.participant_id = b.participant_id and f.kind = 'AGREEMENT' and f.key = b.key and f.version = b.version
        where b.participant_id = a.participant_id and b.key = a.key and b.version = a.version - 1
          and f.state not in ('VOID', 'LAPSED', 'TERMINATED') and b.eui64_from <= a.eui64_from and a.eui64_to <= b.eui64_to));
  if taken is not null then
    raise exception 'a device range of an agreement holds Device IDs of another participant'
      using errcode = 'exclusion_violation', constraint = 'agreed_range_of_another', detail = taken;
  end if;
  return null;
end $$;
create constraint trigger agreed_range_of_another after insert on fact deferrable initially immediate for each row
  when (new.kind = 'AGREEMENT' and new.state not in ('VOID', 'LAPSED', 'TERMINATED')
    and jsonb_path_exists(new.value, '$.deviceRanges[*]'))
  execute function refuse_agreed_range_of_another();

create function refuse_device_range_of_another() returns trigger language plpgsql as $$
declare
  taken text;
begin
  perform pg_advisory_xact_lock(hashtextextended('agreed ranges', 0));
  select string_agg(distinct other, '; ') into taken
    from device_ids_of_others(new.participant_id, new.eui64_from, new.eui64_to, new.valid_from, new.valid_to, new.valid_from) as other;
  if taken is not null then
    raise exception 'a device range holds Device IDs of the agreement of another participant'
      using errcode = 'exclusion_violation', constraint = 'agreed_range_of_another', detail = taken;
  end if;
  return null;
end $$;
create constraint trigger agreed_range_of_another after insert or update of eui64_from, eui64_to on device_range
  deferrable initially immediate for each row
  when (new.delegated_by is null and new.valid_to is null) execute function refuse_device_range_of_another();
