-- A brand has its name in one place, and an id that sorts by time as all others do.
alter table products drop constraint products_brand_id_fkey;
create temporary table renumbered on commit drop as
select brand_id as old_id, uuidv7() as new_id,
  -- As slug.ts makes it: letters that lose their sound first, then accents, then all that is neither letter nor digit.
  coalesce(nullif(trim(both '-' from left(regexp_replace(regexp_replace(normalize(
    replace(replace(replace(replace(replace(replace(lower(name), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss'), 'ø', 'o'), 'æ', 'ae'),
    NFKD), '[\u0300-\u036f''’]', '', 'g'), '[^a-z0-9]+', '-', 'g'), 100)), ''), 'brand') as base
from brands;
update brands b set brand_id = r.new_id, slug = r.slug
from (
  select old_id, new_id, base || case when number = 1 then '' else '-' || number end as slug
  from (select *, row_number() over (partition by base order by old_id) as number from renumbered) numbered
) r
where b.brand_id = r.old_id;
update products p set brand_id = r.new_id from renumbered r where p.brand_id = r.old_id;
alter table products
  add constraint products_brand_id_fkey foreign key (brand_id) references brands,
  drop column brand;

alter table categories rename column version to tree_version;
alter table categories
  -- Of the category itself: what the next change names. A move of what is above leaves it.
  add column version int not null default 1,
  add column description text not null default '',
  add column media_id uuid,
  add column seo_title text,
  add column seo_description text,
  add constraint categories_media_id_fkey foreign key (media_id) references media;
create index categories_media on categories (media_id) where media_id is not null;

-- A listing is the JSON of the contract's summary as everyone sees it, so that a page is written by joining texts. Made anew from what
-- is stored.
delete from listings;
alter table listings
  drop column slug,
  drop column name,
  drop column brand,
  drop column price_from_minor,
  drop column price_to_minor,
  drop column compare_at_minor,
  drop column variant_count,
  add column brand_id uuid,
  add column summary json not null;
create index listings_brand on listings (brand_id, currency, published_at, product_id);
insert into listings (product_id, currency, published_at, brand_id, summary)
select p.product_id, v.currency, p.published_at, p.brand_id, json_build_object(
  'productId', p.product_id, 'slug', p.slug, 'name', p.name, 'brand', b.name, 'brandSlug', b.slug,
  'priceFrom', json_build_object('amountMinor', v.price_from, 'currency', v.currency),
  'priceTo', json_build_object('amountMinor', v.price_to, 'currency', v.currency),
  'compareAtMinor', v.compare_at, 'variantCount', v.count, 'image', null,
  'rating', json_build_object('average', null, 'count', 0))
from products p
left join brands b on b.brand_id = p.brand_id
join lateral (
  select e.currency, min(e.amount_minor) as price_from, max(e.amount_minor) as price_to, count(*) as count,
    (array_agg(e.compare_at_minor order by e.amount_minor, v.position))[1] as compare_at
  from variants v join effective_prices e on e.variant_id = v.variant_id and e.customer_group = ''
  where v.product_id = p.product_id and not v.archived
  group by e.currency) v on true
where p.status = 'published';
insert into category_listings (category_id, currency, published_at, product_id)
select pc.category_id, l.currency, l.published_at, l.product_id
from listings l join product_categories pc on pc.product_id = l.product_id
on conflict do nothing;

-- Who moderates the order of definitions: they are told by code, shown by position.
create index attributes_position on attributes (position, code);
create index collections_name on collections (lower(name), collection_id);
