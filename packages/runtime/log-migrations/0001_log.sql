-- The log that services tell each other facts through, and what the processes agree on. Retention: events 14 days (swept hourly).

-- One row per topic (= service). Locking it is what makes positions become visible in commit order and without gaps.
create table topic (
  name text primary key,
  last_position bigint not null default 0
);

create table event (
  topic text not null,
  position bigint not null,
  id uuid not null unique,
  type text not null,
  schema_version int not null,
  -- The aggregate's id; events of one key keep the order in which they were committed.
  key text not null,
  aggregate_version bigint not null,
  payload jsonb not null,
  traceparent text,
  occurred_at timestamptz not null,
  appended_at timestamptz not null default now(),
  primary key (topic, position)
);

-- How far each consumer group has come. It may lag behind the truth, never run ahead of it: redelivery is harmless.
create table cursor (
  "group" text not null,
  topic text not null,
  position bigint not null,
  moved_at timestamptz not null default now(),
  primary key ("group", topic)
);

-- Who leads what, until when by this database's clock. Correctness never depends on it: it only keeps work from being done twice.
create table lease (
  name text primary key,
  owner text not null,
  until timestamptz not null
);

-- Appends a list of events in its order and tells listeners. An event whose id is in the log already is dropped.
-- Volatile plpgsql, so the statements after the lock see everything that was appended before it was granted.
-- NOTIFY's global lock is held for the commit of one relay turn, never for a business transaction.
create function append(events jsonb) returns table (appended_id uuid, appended_position bigint)
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
    perform pg_notify('stoa_log', '');
  end if;
end $$;
