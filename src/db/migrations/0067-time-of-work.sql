-- Up Migration

-- Who takes a chunk begins it anew; it ends when it is done. A chunk that nobody ended, or from before, has no time.
alter table batch_chunk add column begun_at timestamptz, add column ended_at timestamptz;

-- How long batches were worked on: while at least one of their chunks that are done was in somebody's hands. Pauses, nights and waits do
-- not count.
create view batch_work as
  select batch_id, sum(items)::integer as items,
         sum(greatest(extract(epoch from ended_at - greatest(begun_at, earlier)), 0))::float8 as seconds
    from (select batch_id, begun_at, ended_at, last_position - first_position + 1 as items,
                 max(ended_at) over (partition by batch_id order by begun_at, number
                   rows between unbounded preceding and 1 preceding) as earlier
            from batch_chunk where done and begun_at is not null) as worked
   group by batch_id;
