-- What search keeps besides its indexes, which live in processes and are made of other services' data: how it ranks, and what shoppers
-- searched for, without anything that would tell who they are.

-- Signs the ids of answers, and hides carts behind a keyed hash.
create table secrets (
  name text primary key,
  value text not null
);

-- One row per version, the newest counts. No content: what the release comes with.
create table settings (
  version int primary key check (version > 0),
  content jsonb check (jsonb_typeof(content) = 'object'),
  note text,
  actor text not null,
  created_at timestamptz not null default now()
);
insert into settings (version, actor, note) values (1, 'release', 'What a shop begins with');

create table rules (
  rule_id uuid primary key,
  version int not null default 1,
  name text not null,
  query text,
  -- A category's slug.
  category text,
  action text not null check (action in ('pin', 'boost', 'bury', 'hide')),
  product_ids uuid[] not null,
  brands text[] not null,
  categories text[] not null,
  factor real not null check (factor between 1 and 10),
  starts_at timestamptz,
  ends_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint rules_period check (ends_at > starts_at)
);

-- Tests of rankings: some visitors see another one than the settings'. One at a time.
create table tests (
  test_id uuid primary key,
  version int not null default 1,
  name text not null,
  status text not null check (status in ('running', 'stopped')),
  share_percent int not null check (share_percent between 1 and 99),
  ranking jsonb not null,
  started_at timestamptz not null default now(),
  stopped_at timestamptz
);
create unique index tests_running on tests (status) where status = 'running';
create table test_results (
  test_id uuid not null references tests,
  variant text not null,
  searches bigint not null default 0,
  zero_results bigint not null default 0,
  clicks bigint not null default 0,
  conversions bigint not null default 0,
  primary key (test_id, variant)
);

-- Totals by day, kept two years.
create table days (
  day date primary key,
  searches bigint not null default 0,
  zero_results bigint not null default 0,
  clicks bigint not null default 0,
  conversions bigint not null default 0
);
create table position_days (
  day date not null,
  position int not null check (position between 1 and 100),
  clicks bigint not null default 0,
  primary key (day, position)
);

-- By query and day, kept 30 days. Queries are folded, at most 100 characters, and none that looks like a person's data.
create table query_days (
  day date not null,
  query text not null,
  searches int not null default 0,
  zero_results int not null default 0,
  clicks int not null default 0,
  conversions int not null default 0,
  primary key (day, query)
);
-- Who searched for the one and clicked nothing asked for the other next, and clicked. Kept 30 days.
create table reformulation_days (
  day date not null,
  from_query text not null,
  to_query text not null,
  times int not null default 0,
  primary key (day, from_query, to_query)
);

-- What went from a search into a cart, until the cart is ordered; at most 7 days. The cart stands behind a keyed hash.
create table marks (
  cart_key text collate "C" not null,
  product_id uuid not null,
  skus text[] not null,
  -- Absent: not to be stored.
  query text,
  test_id uuid,
  variant text not null,
  marked_at timestamptz not null default now(),
  primary key (cart_key, product_id)
);
create index marks_age on marks (marked_at);

-- What was sold, kept 90 days: sales of the last 30 count for ranking.
create table sold (
  order_id uuid not null,
  sku text collate "C" not null,
  day date not null,
  units int not null,
  primary key (order_id, sku)
);
create index sold_day on sold (day, sku);

-- Processes with an index, as they last said.
create table replicas (
  replica_id uuid primary key,
  started_at timestamptz not null,
  seen_at timestamptz not null default now(),
  -- The question that it answered.
  ask_id uuid not null,
  ready boolean not null,
  documents int not null,
  bytes bigint not null,
  rebuilding boolean not null,
  settings_version int not null,
  missing int not null
);
