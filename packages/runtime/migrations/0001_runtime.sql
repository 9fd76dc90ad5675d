-- What the runtime keeps in every service's schema. Retention: outbox rows leave with the relay; the others are swept hourly.

-- What committed transactions announced (events) and scheduled (jobs), until the relay has handed it on.
create table outbox (
  position bigint generated always as identity primary key,
  kind text not null check (kind in ('event', 'job')),
  id uuid not null,
  -- An event's name, or a job's.
  name text not null,
  schema_version int not null default 1,
  -- The aggregate's id, or the job's key.
  key text,
  aggregate_version bigint,
  payload jsonb not null,
  traceparent text,
  run_at timestamptz,
  occurred_at timestamptz not null default now()
)
-- Rows live for milliseconds: dead ones are cleared by count, not by the share of a table that is nearly empty.
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- The events whose effect committed, per reaction. Kept 16 days, which is longer than any log has them (14, on Kafka up to 15).
create table inbox (
  reaction text not null,
  event_id uuid not null,
  handled_at timestamptz not null default now(),
  primary key (reaction, event_id)
);
create index inbox_handled_at on inbox (handled_at);

-- Events that kept failing, with their error, until someone puts them back. Kept 90 days.
create table parked (
  reaction text not null,
  event_id uuid not null,
  event jsonb not null,
  error text not null,
  parked_at timestamptz not null default now(),
  primary key (reaction, event_id)
);

-- Answers remembered under the caller's Idempotency-Key. Kept 24 hours.
create table idempotency (
  actor text not null,
  operation text not null,
  key text not null,
  body_hash bytea not null,
  -- What the operation creates, the same over all its tries.
  new_id uuid not null,
  -- While a try is running nobody else starts one; a crashed try is free again when this has passed.
  locked_until timestamptz,
  answer jsonb,
  created_at timestamptz not null default now(),
  primary key (actor, operation, key)
);
create index idempotency_created_at on idempotency (created_at);

-- Staff writes: who changed what, when, from what to what.
create table audit (
  position bigint generated always as identity primary key,
  actor text not null,
  operation text not null,
  subject text not null,
  before jsonb,
  after jsonb,
  trace_id text,
  occurred_at timestamptz not null default now()
);
create index audit_subject on audit (subject, position);
