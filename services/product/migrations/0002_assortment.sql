-- What makes a catalogue of an assortment: brands, attributes, collections, links, pictures, price lists and ratings.

-- One name, one brand: products that name it share it, and it is made when a product first names it.
create table brands (
  brand_id uuid primary key,
  slug text collate "C" not null,
  name text not null,
  description text not null default '',
  media_id uuid,
  seo_title text,
  seo_description text,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint brands_slug_key unique (slug)
);
create unique index brands_name_key on brands (lower(name));

-- What can be said of products, once for the whole shop: code 'display-diagonal', name 'Display diagonal', unit 'cm'.
create table attributes (
  code text collate "C" primary key,
  name text not null,
  type text not null check (type in ('text', 'number', 'boolean', 'select', 'multi-select')),
  -- As it is written behind the number; UCUM where there is a code.
  unit text,
  -- Of a select: what may be chosen, in order. Empty: any value.
  allowed_values jsonb not null default '[]' check (jsonb_typeof(allowed_values) = 'array'),
  filterable boolean not null default false,
  searchable boolean not null default false,
  position int not null default 0,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Which attributes the products of a category, and of those below it, are asked for.
create table category_attributes (
  category_id uuid not null references categories on delete cascade,
  code text collate "C" not null references attributes on delete cascade,
  required boolean not null default false,
  position int not null default 0,
  primary key (category_id, code)
);
create index category_attributes_code on category_attributes (code);

create table collections (
  collection_id uuid primary key,
  slug text collate "C" not null,
  name text not null,
  description text not null default '',
  media_id uuid,
  seo_title text,
  seo_description text,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint collections_slug_key unique (slug)
);
create table collection_products (
  collection_id uuid not null references collections on delete cascade,
  product_id uuid not null references products,
  position int not null,
  primary key (collection_id, product_id)
);
create index collection_products_place on collection_products (collection_id, position, product_id);
create index collection_products_product on collection_products (product_id);

create table product_links (
  product_id uuid not null references products,
  kind text not null check (kind in ('related', 'up-sell', 'cross-sell')),
  linked_id uuid not null references products,
  position int not null,
  primary key (product_id, kind, linked_id),
  constraint product_links_other check (product_id <> linked_id)
);
create index product_links_linked on product_links (linked_id);

-- Addresses that once led to a thing: a reader who follows one is sent on. A slug in use is never in here.
create table slug_redirects (
  kind text not null check (kind in ('product', 'category', 'brand', 'collection')),
  slug text collate "C" not null,
  target_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (kind, slug)
);
create index slug_redirects_target on slug_redirects (kind, target_id);

-- Pictures. The original lies in the media store under its digest, or is fetched from `source_url` when it is first asked for.
create table media (
  media_id uuid primary key,
  -- In the picture's address: another picture has another key, so an address never changes what it shows. Of the bytes,
  -- or of the source's address: the first 16 hex digits of the SHA-256.
  key text not null check (key ~ '^[0-9a-f]{16}$'),
  -- Of the bytes; absent until they are here.
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
  source_url text,
  content_type text,
  bytes bigint,
  width int check (width > 0),
  height int check (height > 0),
  -- Where the eye goes: shares of the width and height, from the left and the top.
  focal_x real not null default 0.5 check (focal_x between 0 and 1),
  focal_y real not null default 0.5 check (focal_y between 0 and 1),
  alt text not null default '',
  version int not null default 1,
  created_at timestamptz not null default now(),
  constraint media_has_bytes check (sha256 is not null or source_url is not null)
);
create unique index media_source_key on media (source_url) where source_url is not null;
create index media_sha256 on media (sha256);

-- The pictures of a product in order, the first one being its main picture; with a variant, of that variant.
create table product_media (
  product_id uuid not null references products,
  media_id uuid not null references media,
  variant_ids uuid[] not null default '{}',
  -- Of this use of the picture; absent: the picture's own.
  alt text,
  position int not null,
  primary key (product_id, media_id)
);
create index product_media_place on product_media (product_id, position, media_id);
create index product_media_media on product_media (media_id);

create table price_lists (
  price_list_id uuid primary key,
  name text not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- Of which customers; absent: of all.
  customer_group text collate "C",
  -- Among lists that fit equally, the higher one wins.
  priority int not null default 0,
  starts_at timestamptz,
  ends_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint price_lists_period check (ends_at > starts_at)
);
create table price_list_entries (
  price_list_id uuid not null references price_lists on delete cascade,
  variant_id uuid not null references variants,
  -- From how many pieces on.
  min_quantity int not null default 1 check (min_quantity between 1 and 1000000),
  amount_minor bigint not null check (amount_minor >= 0),
  primary key (price_list_id, variant_id, min_quantity)
);
create index price_list_entries_variant on price_list_entries (variant_id);

-- What one piece costs now, by currency and customer group ('' is everyone): made from variant_prices and the price lists in
-- the transaction that changes them, and when a list begins or ends. Readers take the row of their group, else that of ''.
create table effective_prices (
  variant_id uuid not null references variants,
  currency text not null,
  customer_group text collate "C" not null default '',
  amount_minor bigint not null check (amount_minor >= 0),
  compare_at_minor bigint,
  -- Absent: the variant's own price.
  price_list_id uuid,
  primary key (variant_id, currency, customer_group),
  constraint effective_prices_compare_at check (compare_at_minor > amount_minor)
);
insert into effective_prices (variant_id, currency, amount_minor, compare_at_minor)
select variant_id, currency, amount_minor, compare_at_minor from variant_prices;

-- Of the published reviews. No row: none yet.
create table product_ratings (
  product_id uuid primary key references products,
  count int not null check (count >= 0),
  -- Stars, 1 to 5, rounded to hundredths.
  average numeric(3, 2) not null check (average between 1 and 5),
  -- How many gave 1, 2, 3, 4, 5 stars.
  histogram int[] not null check (cardinality(histogram) = 5)
);

alter table products
  add column brand_id uuid references brands,
  -- { "display-diagonal": 43.2, "colour": ["black", "red"], "touchscreen": false }
  add column attributes jsonb not null default '{}' check (jsonb_typeof(attributes) = 'object'),
  add column seo_title text,
  add column seo_description text,
  -- Staff's plan: published then, taken back then. A job carries it out.
  add column publish_at timestamptz,
  add column unpublish_at timestamptz,
  add constraint products_plan check (unpublish_at > publish_at);
insert into brands (brand_id, slug, name)
select gen_random_uuid(), 'brand-' || substr(md5(lower(min(brand))), 1, 12), min(brand)
from products where brand is not null group by lower(brand);
update products p set brand_id = b.brand_id from brands b where lower(b.name) = lower(p.brand);
create index products_brand on products (brand_id);
