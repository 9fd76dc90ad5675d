-- Orders as they were placed, and what keeps them unique over time.
--
-- Locks: whoever changes orders locks them by order_id, and an order's open_orders row only after it. Placing takes the open_orders row and then
-- makes rows that nobody else can hold, so the two never wait for each other in a circle.

-- Partitioned by month on the UUIDv7 key itself, so that a query by id touches one partition, and a year that nobody asks for any more can be
-- detached. Uniqueness over time (numbers, one order per cart) lives in tables of their own.
-- Lines and addresses are in the row, as they were: an order is placed, read and announced whole, and its lines never change. Reports
-- that sum lines over orders are a projection's work.
-- Retention: kept; they are the books.
create table orders (
  order_id uuid primary key,
  -- S-XXXX-XXXX; unique in order_numbers.
  number text not null,
  cart_id uuid not null,
  -- Null: a guest's.
  customer_id uuid,
  status text not null check (status in ('pending', 'payment_failed', 'confirmed', 'cancelled')),
  cancel_reason text,
  -- The last decline, in the gateway's words.
  payment_problem text,
  -- Known from the first fact about money.
  payment_id uuid,
  -- Which reservation of stock this is: a decline gives back this one and those before it.
  attempt int not null default 1,
  -- Whether a refund was asked for. It is, at most once.
  refund_due boolean not null default false,
  email text not null,
  currency text not null,
  -- The price breakdown as it was.
  subtotal_minor bigint not null check (subtotal_minor >= 0),
  shipping_minor bigint not null default 0 check (shipping_minor >= 0),
  tax_minor bigint not null default 0 check (tax_minor >= 0),
  discount_minor bigint not null default 0 check (discount_minor >= 0),
  total_minor bigint not null check (total_minor >= 0),
  -- [{ lineId, sku, productId, name, options, quantity, unitPriceMinor, totalMinor }]
  lines jsonb not null,
  shipping_address jsonb not null,
  billing_address jsonb not null,
  placed_at timestamptz not null default now(),
  pay_before timestamptz not null,
  confirmed_at timestamptz,
  cancelled_at timestamptz,
  version bigint not null default 1,
  constraint total_is_the_sum check (total_minor = subtotal_minor + shipping_minor + tax_minor - discount_minor),
  constraint cancelled_for_a_reason check (
    (status = 'cancelled') = (cancel_reason is not null) and (status = 'cancelled') = (cancelled_at is not null)),
  constraint confirmed_by_a_payment check (status <> 'confirmed' or confirmed_at is not null and payment_id is not null),
  constraint refunded_after_the_end check (not refund_due or status = 'cancelled' and payment_id is not null)
) partition by range (order_id);

-- A customer's history; a guest's, by address; staff's lists. Ids sort by time.
create index orders_of_customer on orders (customer_id, order_id) where customer_id is not null;
create index orders_of_guest on orders (lower(email), order_id) where customer_id is null;
create index orders_by_status on orders (status, order_id);
-- The few that wait for money.
create index orders_unpaid on orders (pay_before) where status in ('pending', 'payment_failed');

-- The smallest id that a UUIDv7 of this moment can have: it begins with 48 bits of epoch milliseconds (RFC 9562, 5.7).
create function id_floor(moment timestamptz) returns uuid language sql immutable parallel safe return
  (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- Makes the partitions of last month (an id may be a day old when it arrives), of this one and of so many to come; those that are
-- there stay. A table is attached rather than created as a partition, which would lock out readers.
create function make_partitions(months_ahead int) returns int language plpgsql as $$
declare
  this_month timestamp := date_trunc('month', now() at time zone 'utc');
  first_day timestamp;
  partition_name text;
  made int := 0;
begin
  for month in -1 .. months_ahead loop
    first_day := this_month + make_interval(months => month);
    partition_name := 'orders_' || to_char(first_day, 'YYYY_MM');
    continue when to_regclass('"order".' || partition_name) is not null;
    execute format('create table "order".%I (like "order".orders including defaults including constraints)', partition_name);
    execute format('alter table "order".orders attach partition "order".%I for values from (%L) to (%L)', partition_name,
      "order".id_floor(first_day at time zone 'utc'), "order".id_floor((first_day + interval '1 month') at time zone 'utc'));
    made := made + 1;
  end loop;
  return made;
end $$;

select make_partitions(3);

-- What people read out. Kept as long as the orders.
create table order_numbers (
  number text primary key,
  order_id uuid not null
);

-- The one order of a cart that is unpaid or paid; one that ended unpaid leaves, and the cart may be ordered again.
-- Retention: 60 days (jobs/forget-open-orders.ts): the cart has been closed or forgotten by then.
create table open_orders (
  cart_id uuid primary key,
  order_id uuid not null,
  opened_at timestamptz not null default now()
);
create index open_orders_opened_at on open_orders (opened_at);

-- Made at the first start, unless ORDER_SECRET is set. One row.
create table secrets (
  name text primary key,
  value text not null
);
