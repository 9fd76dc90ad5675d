-- What each order owes, was charged and was given back. Retention: payments, refunds and ledger entries are the books of the shop
-- and are kept (commercial law asks for six to ten years); gateway_events is swept daily after 30 days.

-- One row per order, opened once and never deleted. A row of no currency (XXX, ISO 4217) is a tombstone: the order was cancelled
-- before its payment was opened, and the row keeps anyone from opening it later.
create table payments (
  payment_id uuid primary key,
  order_id uuid not null unique,
  order_number text not null,
  status text not null check (status in ('pending', 'failed', 'succeeded', 'cancelled')),
  amount_minor bigint not null check (amount_minor >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- The gateway's own id (pi_...). Null until the gateway has answered.
  gateway_reference text unique,
  -- Lets its holder confirm or look at this one payment. Kept so that a repeated `create` needs no call, and `complete` can compare.
  client_secret text,
  captured_minor bigint not null default 0,
  -- Promised to refunds that the gateway has not confirmed yet.
  refunding_minor bigint not null default 0,
  refunded_minor bigint not null default 0,
  -- Why the last try was declined, which try it was, and when the gateway said so.
  failure_code text,
  failure_message text,
  failure_attempt text,
  failed_at timestamptz,
  -- When a payment that nobody has finished is next compared with the gateway. Null: never again.
  next_check_at timestamptz default now() + interval '10 minutes',
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- The last line of defence: nothing is taken beyond the amount, nothing given back beyond what was taken.
  check (captured_minor in (0, amount_minor)),
  check ((status = 'succeeded') = (captured_minor > 0)),
  check ((amount_minor = 0) = (currency = 'XXX')),
  check (refunding_minor >= 0 and refunded_minor >= 0),
  check (refunding_minor + refunded_minor <= captured_minor)
);
create index payments_unfinished on payments (next_check_at) where status in ('pending', 'failed');

create table refunds (
  refund_id uuid primary key default uuidv7(),
  payment_id uuid not null references payments,
  amount_minor bigint not null check (amount_minor > 0),
  status text not null check (status in ('pending', 'succeeded', 'failed')),
  -- Who wanted it: the order (it will not be delivered), staff, or someone in the gateway's own dashboard.
  origin text not null check (origin in ('order', 'staff', 'gateway')),
  reason text,
  gateway_reference text unique,
  problem text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index refunds_payment on refunds (payment_id, refund_id);
create index refunds_pending on refunds (updated_at) where status = 'pending';

-- Double entry: each row moves an amount from one account to another, so debits and credits agree by construction. What turns out
-- wrong is reversed by a further row.
create table ledger_entries (
  position bigint generated always as identity primary key,
  entry_id uuid not null default uuidv7(),
  -- No foreign key: its check costs a statement per row, every entry is selected from its payment's row by the statement that changes
  -- it, and payments are never deleted.
  payment_id uuid not null,
  kind text not null check (kind in ('authorised', 'captured', 'refunded')),
  debit text not null check (debit in ('customer_receivable', 'gateway_clearing', 'sales', 'sales_returns')),
  credit text not null check (credit in ('customer_receivable', 'gateway_clearing', 'sales', 'sales_returns')),
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null,
  occurred_at timestamptz not null default now(),
  check (debit <> credit)
);
create index ledger_entries_payment on ledger_entries (payment_id, position);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append-only';
end $$;
create trigger ledger_is_append_only before update or delete or truncate on ledger_entries
  for each statement execute function refuse_change();

-- Webhook events that changed something, so that a repetition is known. Kept 30 days; Stripe retries for three.
create table gateway_events (
  event_id text primary key,
  received_at timestamptz not null default now()
);
create index gateway_events_received_at on gateway_events (received_at);
