-- What customers say of products. Grows with what they write; each row is its author's, who may delete it.
create table reviews (
  review_id uuid primary key,
  product_id uuid not null references products,
  -- Absent: it was written elsewhere and came with an import.
  customer_id uuid,
  -- Of one that was imported: a digest of author, title and text, so that it comes once.
  import_key text collate "C",
  stars int not null check (stars between 1 and 5),
  title text not null,
  text text not null,
  -- What the author wants to be called.
  author text not null,
  -- Known for good: an import said so, or the order that proved it was forgotten. Else `purchases` decides.
  verified boolean not null default false,
  status text not null check (status in ('pending', 'published', 'rejected')),
  -- Why it was rejected.
  reason text,
  -- How many rows `review_votes` has for it.
  helpful int not null default 0 check (helpful >= 0),
  -- Grows by each change of what it says or of its status: what a moderator has read.
  version int not null default 1,
  -- Grows by each announcement, votes included.
  revision int not null default 1,
  written_at timestamptz not null default now(),
  moderated_at timestamptz,
  constraint reviews_written_by check ((customer_id is null) <> (import_key is null)),
  constraint reviews_reason check (status <> 'rejected' or reason is not null),
  constraint reviews_customer_product_key unique (customer_id, product_id),
  constraint reviews_import_key unique (product_id, import_key)
);
-- The public pages by date and by votes; the first also counts the stars.
create index reviews_newest on reviews (product_id, written_at, review_id) include (stars) where status = 'published';
create index reviews_helpful on reviews (product_id, helpful, review_id) where status = 'published';
create index reviews_stars on reviews (product_id, stars, written_at, review_id) where status = 'published';
-- The moderators' pages.
create index reviews_status on reviews (status, written_at, review_id);

create table review_votes (
  review_id uuid not null references reviews on delete cascade,
  customer_id uuid not null,
  primary key (review_id, customer_id)
);

-- Which products a customer's paid order was for, as the order's facts tell. A cancelled one proves nothing; it is remembered
-- even when its confirmation was not heard yet. Kept for three years.
create table purchases (
  order_id uuid primary key,
  customer_id uuid,
  product_ids uuid[] not null default '{}',
  cancelled boolean not null,
  heard_at timestamptz not null default now()
);
create index purchases_customer on purchases (customer_id);
create index purchases_heard on purchases (heard_at);
