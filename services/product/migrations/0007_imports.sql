-- Imports and exports: runs that go on where they were, whoever goes on with them.

create table imports (
  import_id uuid primary key,
  state text not null check (state in ('waiting', 'checking', 'running', 'done', 'failed', 'cancelled')),
  format text not null check (format in ('magento', 'icecat', 'shopify', 'stoa')),
  file_name text not null,
  -- Files of the machine that runs it, which the command line drives. Absent: uploaded in parts, and driven by a job.
  location text,
  -- Of the files' names, sizes and times: a run goes on only with the same.
  fingerprint text,
  currency text not null,
  dry_run boolean not null,
  stock text not null check (stock in ('keep', 'replace')),
  -- Where it is: so many records of this stage are settled. Committed with what they wrote.
  stage int not null default 0,
  stage_reads int not null default 0,
  total int,
  read int not null default 0,
  created int not null default 0,
  changed int not null default 0,
  unchanged int not null default 0,
  refused int not null default 0,
  warnings int not null default 0,
  differences jsonb not null default '[]',
  problem jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  finished_at timestamptz
);
create index imports_open on imports (import_id) where state in ('waiting', 'checking', 'running');
create index imports_location on imports (location) where location is not null;
-- Runs go 90 days after their end: a job looks for them.
create index imports_updated on imports (updated_at);

-- What was uploaded, in the media store under imports/<id>/<number>. Taken away 7 days after the run's last change.
create table import_parts (
  import_id uuid not null references imports on delete cascade,
  number int not null check (number between 1 and 256),
  bytes int not null,
  primary key (import_id, number)
);

-- Refused records and warnings: the first 10,000 of a run.
create table import_refusals (
  import_id uuid not null references imports on delete cascade,
  ordinal int not null,
  file text not null,
  line int not null,
  field text,
  reason text not null,
  severity text not null check (severity in ('refused', 'warning')),
  primary key (import_id, ordinal)
);

-- What a source calls a product, where that is neither slug nor SKU: Magento's links and reviews name configurable products so.
-- One row for each such product.
create table source_keys (
  source text not null,
  key text collate "C" not null,
  product_id uuid not null references products,
  primary key (source, key)
);
create index source_keys_product on source_keys (product_id);

-- Its file lies in the media store under imports/export-<id>/<number>, for 7 days.
create table exports (
  export_id uuid primary key,
  state text not null check (state in ('running', 'done', 'failed', 'cancelled')),
  -- Where the next page begins.
  position text,
  parts int not null default 0,
  rows int not null default 0,
  bytes bigint not null default 0,
  swept boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  finished_at timestamptz
);
create index exports_updated on exports (updated_at);
