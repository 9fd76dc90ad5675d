-- Stock: what lies where, what of it is promised to whom, and every movement that led there.
--
-- Lock order, kept by every statement of this service: reservations by order_id, then levels by (warehouse, sku),
-- then new reservations by order_id. Whoever breaks it makes deadlocks.

create table warehouses (
  warehouse text primary key,
  name text not null,
  -- Lower serves first; equals by code.
  priority int not null
);

-- Half of each page stays free: a hot row is rewritten many times a second, and in its own page that touches no index.
create table levels (
  warehouse text not null references warehouses,
  sku text not null,
  -- Free to sell. The checks are the last line of defence against selling what is not there.
  available bigint not null default 0 check (available >= 0),
  reserved bigint not null default 0 check (reserved >= 0),
  damaged bigint not null default 0 check (damaged >= 0),
  reorder_point bigint check (reorder_point >= 0),
  version bigint not null default 1,
  primary key (warehouse, sku)
) with (fillfactor = 50);
create index levels_sku on levels (sku, warehouse);

-- One row per order. Its lines live in the row, so that whoever waits for the row's lock sees status and lines of the same
-- moment: lines in a table of their own would be read as they were when the waiting statement began.
-- Retention: 90 days after the order was placed (jobs/forget-reservations.ts).
create table reservations (
  order_id uuid primary key,
  status text not null check (status in ('held', 'committed', 'released', 'expired', 'returned')),
  expires_at timestamptz not null,
  -- The try to pay that it is for.
  attempt int not null,
  -- [{ "warehouse", "sku", "quantity" }], sorted; of the last time that stock was taken.
  lines jsonb not null,
  version int not null default 1,
  updated_at timestamptz not null default now()
);
create index reservations_due on reservations (expires_at) where status = 'held';

-- The lines as rows, for people and for checks: those of `held` ones sum to levels.reserved.
create view reservation_lines as
select r.order_id, r.status, l.warehouse, l.sku, l.quantity
from reservations r
cross join lateral jsonb_to_recordset(r.lines) as l (warehouse text, sku text, quantity bigint);

-- The ledger. For each level the deltas sum to its counters, always. Kept for good: it is the books. Its key grows with time, so
-- that old months leave the cache by themselves; a shop of 100 million rows partitions it by month on that key.
create table movements (
  movement_id uuid primary key default uuidv7(),
  warehouse text not null,
  sku text not null,
  kind text not null check (kind in
    ('received', 'adjusted', 'transferred', 'reserved', 'released', 'sold', 'returned', 'damaged')),
  available_delta bigint not null default 0,
  reserved_delta bigint not null default 0,
  damaged_delta bigint not null default 0,
  -- The order, transfer or delivery that caused it.
  reference text,
  reason text,
  occurred_at timestamptz not null default now()
);
create index movements_sku on movements (sku, movement_id);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append-only: book a movement that corrects the wrong one';
end $$;
create trigger movements_append_only before update or delete or truncate on movements
  for each statement execute function refuse_change();
