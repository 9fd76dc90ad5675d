-- What price lists need to be many, long and timely.

alter table price_lists
  -- Kept with the entries, under the list's lock: counting 100,000 rows for each look would not do.
  add column entry_count int not null default 0 check (entry_count between 0 and 100000),
  -- Gives no price from then on, and nobody sees it; the row goes with its last entry.
  add column deleted_at timestamptz,
  -- Whether the list's variants are being brought to a change of the list, and the last one that was. A job goes on from there.
  add column settling boolean not null default false,
  add column settled_to uuid;
update price_lists l set entry_count = (select count(*) from price_list_entries e where e.price_list_id = l.price_list_id);

-- [{ "minQuantity": 10, "amountMinor": 900 }]: what a piece costs from more than one on, ascending.
alter table effective_prices
  add column tiers jsonb not null default '[]' check (jsonb_typeof(tiers) = 'array');
