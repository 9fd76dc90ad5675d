-- What shoppers mean to buy.

-- A cart is one row: its lines (at most 100) are always read and written together, so that loading is one statement, and writing is
-- one statement that a version guards.
-- Retention: whatever `expires_at` has passed is deleted by jobs/forget-expired-carts.ts.
create table carts (
  cart_id uuid primary key,
  -- Whose it is: a customer's, or whoever's holds the token whose SHA-256 this is.
  customer_id uuid,
  token_hash bytea,
  -- `ordered`: paid, nothing in it any more. `merged`: its lines moved into `merged_into`; kept so that a repetition is answered.
  status text not null default 'active' check (status in ('active', 'ordered', 'merged')),
  merged_into uuid,
  currency text not null,
  -- [{ lineId, sku, productId, productSlug, name, options, quantity, unitPriceMinor }] in the order of adding, with the prices that
  -- the shopper saw last.
  lines jsonb not null default '[]',
  -- [[hash of key, hash of body]] of the last 20 additions, newest last.
  recent_keys jsonb not null default '[]',
  -- Of the guest's address and Idempotency-Key that created it.
  create_key_hash bytea,
  version bigint not null default 1,
  -- 30 days after the last change, or the last look (to a day).
  expires_at timestamptz not null default now() + interval '30 days',
  created_at timestamptz not null default now(),
  check ((customer_id is null) <> (token_hash is null)),
  check ((status = 'merged') = (merged_into is not null))
);
-- A customer has at most one.
create unique index carts_of_customer on carts (customer_id) where status = 'active';
create unique index carts_create_key on carts (create_key_hash) where status = 'active';
create index carts_expires_at on carts (expires_at);

-- Made at the first start, unless CART_SECRET is set. One row.
create table secrets (
  name text primary key,
  value text not null
);
