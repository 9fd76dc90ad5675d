-- The catalogue: what the shop sells, what it is called, where it stands and what it costs.
-- Nothing here grows by itself: rows are written by staff and kept for good, because orders, carts and mails name them.

-- One row. Whoever changes the shape of the category tree updates it first, so such changes take turns and two moves
-- can never close a circle; its version numbers the events of all categories.
create table category_tree (
  only_row boolean primary key default true check (only_row),
  version int not null default 0
);
insert into category_tree default values;

create table categories (
  category_id uuid primary key,
  -- "C", so that the index also serves the prefix search for a free slug.
  slug text collate "C" not null,
  name text not null,
  parent_id uuid references categories,
  position int not null default 0 check (position >= 0),
  -- From the root to this one, both included: ids, and the slugs that a reader sees. A move rewrites the whole subtree in
  -- one statement, so that no reader ever meets half a move.
  path uuid[] not null,
  slugs text[] not null,
  -- The tree's version when this row, or the path to it, last changed.
  version int not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint categories_slug_key unique (slug),
  constraint categories_depth check (cardinality(path) between 1 and 10),
  -- The path ends here, names the parent before, and passes here only once: no circle can be stored.
  constraint categories_path check (
    array_position(path, category_id) = cardinality(path)
    and path[cardinality(path) - 1] is not distinct from parent_id
    and cardinality(slugs) = cardinality(path)
    and slugs[cardinality(slugs)] = slug
  )
);
create index categories_parent on categories (parent_id);
-- Everything below a category: path @> array[id].
create index categories_path on categories using gin (path);

create table products (
  product_id uuid primary key,
  slug text collate "C" not null,
  name text not null,
  brand text,
  description text not null,
  -- [{ "name": "Colour", "values": ["Oak", "Walnut"] }], in the order in which a shopper chooses.
  options jsonb not null default '[]' check (jsonb_typeof(options) = 'array'),
  status text not null check (status in ('draft', 'published', 'archived')),
  -- Grows by one with each change of the product or its variants; numbers its events.
  version int not null default 1,
  -- Of the first publication: a product that was taken back and published again keeps its place in the lists.
  published_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint products_slug_key unique (slug),
  constraint products_published check (status <> 'published' or published_at is not null)
);
-- Staff lists by status, newest first; without a status the primary key serves.
create index products_status on products (status, product_id);

create table variants (
  variant_id uuid primary key,
  product_id uuid not null references products,
  -- Never given twice, not even after it was archived: old orders and shelves name it.
  sku text collate "C" not null,
  barcode text check (barcode ~ '^(\d{8}|\d{12,14})$'),
  -- One value for each of the product's options.
  options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
  position int not null,
  cost_minor bigint check (cost_minor >= 0),
  cost_currency text check (cost_currency ~ '^[A-Z]{3}$'),
  weight_grams int check (weight_grams >= 0),
  archived boolean not null default false,
  constraint variants_sku_key unique (sku),
  constraint variants_cost check ((cost_minor is null) = (cost_currency is null))
);
-- A GTIN is the same number in its 8, 12, 13 and 14 digit forms (GS1 General Specifications 3.3.2: filled with zeros to the left).
create unique index variants_gtin_key on variants (lpad(barcode, 14, '0'));
create index variants_product on variants (product_id, position);
-- The service says which field is at fault; this is the last line of defence. A digest, because an index row has its limit.
create unique index variants_combination_key on variants (product_id, md5(options::text)) where not archived;

create table variant_prices (
  variant_id uuid not null references variants,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  amount_minor bigint not null check (amount_minor >= 0),
  compare_at_minor bigint,
  primary key (variant_id, currency),
  constraint variant_prices_compare_at check (compare_at_minor > amount_minor)
);

create table product_categories (
  product_id uuid not null references products,
  category_id uuid not null references categories on delete cascade,
  -- In the order in which staff named them: the first is the main one.
  position int not null,
  primary key (product_id, category_id)
);
create index product_categories_category on product_categories (category_id);

-- What the public list shows of a published product, one row per currency in which it can be bought. Made from the tables
-- above in the transaction that changes them, so that a page is one range of one index however large the catalogue is.
create table listings (
  product_id uuid not null references products,
  currency text not null,
  published_at timestamptz not null,
  slug text not null,
  name text not null,
  brand text,
  price_from_minor bigint not null,
  price_to_minor bigint not null,
  -- Of the cheapest variant.
  compare_at_minor bigint,
  variant_count int not null check (variant_count > 0),
  primary key (product_id, currency),
  constraint listings_prices check (price_from_minor <= price_to_minor)
);
create index listings_newest on listings (currency, published_at, product_id);

-- Where a listing stands. Only the categories that staff named, not those above: a page of a category merges the newest of
-- each category below it, so that moving a category with a million products changes no row here.
create table category_listings (
  category_id uuid not null references categories on delete cascade,
  currency text not null,
  published_at timestamptz not null,
  product_id uuid not null,
  primary key (category_id, currency, published_at, product_id),
  foreign key (product_id, currency) references listings (product_id, currency) on delete cascade
);
create index category_listings_listing on category_listings (product_id, currency);
