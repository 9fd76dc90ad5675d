-- What was appended is announced on a channel per type, so that it wakes only the processes that hear it. A channel's name holds 63 bytes.
create or replace function append(events jsonb) returns table (appended_id uuid, appended_position bigint)
language plpgsql volatile as $$
#variable_conflict use_column
begin
  insert into log.topic (name)
    select distinct e->>'topic' from jsonb_array_elements(events) e
    where not exists (select from log.topic t where t.name = e->>'topic')
    order by 1
    on conflict do nothing;
  -- In name order, so that two relays never wait for each other in a circle.
  perform from log.topic
    where name in (select e->>'topic' from jsonb_array_elements(events) e)
    order by name for no key update;
  return query
    with fresh as (
      select r.*, row_number() over (partition by r.topic order by r.ordinality) as step
      from rows from (jsonb_to_recordset(events) as (id uuid, topic text, type text, schema_version int, key text,
        aggregate_version bigint, payload jsonb, traceparent text, occurred_at timestamptz)) with ordinality as r
      where not exists (select from log.event e where e.id = r.id)
    ), advanced as (
      update log.topic t set last_position = t.last_position + f.n
      from (select topic, count(*) as n from fresh group by topic) f
      where t.name = f.topic
      returning t.name, t.last_position - f.n as start
    )
    insert into log.event (topic, position, id, type, schema_version, key, aggregate_version, payload, traceparent, occurred_at)
      select f.topic, a.start + f.step, f.id, f.type, f.schema_version, f.key, f.aggregate_version, f.payload, f.traceparent, f.occurred_at
      from fresh f join advanced a on a.name = f.topic
      order by f.topic, f.step
      returning id, position;
  if found then
    perform pg_notify(left('stoa_log:' || t.type, 63), '')
    from (select distinct e->>'type' as type from jsonb_array_elements(events) e) t;
  end if;
end $$;
