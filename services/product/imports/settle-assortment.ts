import { isDeepStrictEqual } from 'node:util'
import { CategoryChanged } from '@stoa/contracts/product'
import { AttributeChanged, BrandChanged, CollectionChanged } from '@stoa/contracts/product-assortment'
import type { Query, Tx } from '@stoa/runtime'
import { v7 } from 'uuid'
import { announceAgain } from '../announce.ts'
import { insertCategories, loadMovingCategory, lockTree, updateCategory } from '../categories.ts'
import { placeBelow, refusal } from '../category-place.ts'
import { scheduleAnnouncement } from '../jobs/announce-again.ts'
import type { ItemOf } from './item.ts'
import { type ItemRead, mediaIds, type Outcome, type StoredPictures } from './outcome.ts'

type Kind = 'category' | 'attribute' | 'brand' | 'collection' | 'collection-product' | 'redirect'

const refused = (field: string, reason: string): Outcome => ({
  outcome: 'refused',
  refused: { field, reason },
})

/** Writes what products stand in and are described with. Of one kind. */
export async function settleAssortment(
  tx: Tx,
  reads: readonly ItemRead[],
  stored: StoredPictures,
): Promise<Outcome[]> {
  const items = reads.map(({ item }) => item as ItemOf<Kind>)
  const pictures = await mediaIds(
    tx.query,
    items.flatMap((item) =>
      'picture' in item && item.picture
        ? [{ pictures: [{ source: item.picture, alt: item.name, variantSkus: [] }] }]
        : [],
    ),
    stored,
  )
  const picture = (source: string | null | undefined): string | null => {
    const found = source ? pictures.get(source) : undefined
    return found && 'mediaId' in found ? found.mediaId : null
  }
  switch (items[0]!.kind) {
    case 'category':
      return settleCategories(tx, items as ItemOf<'category'>[], picture)
    case 'attribute':
      return settleAttributes(tx, items as ItemOf<'attribute'>[])
    case 'brand':
      return settleThings(tx, 'brand', items as ItemOf<'brand'>[], picture)
    case 'collection':
      return settleThings(tx, 'collection', items as ItemOf<'collection'>[], picture)
    case 'collection-product':
      return settlePlaces(tx, items as ItemOf<'collection-product'>[])
    case 'redirect':
      return settleRedirects(tx.query, items as ItemOf<'redirect'>[])
  }
}

/** One by one, because each may move those after it. What is as it should be costs nothing more than the first statement. */
async function settleCategories(
  tx: Tx,
  items: readonly ItemOf<'category'>[],
  picture: (source: string | null | undefined) => string | null,
): Promise<Outcome[]> {
  const rows = await tx.query<{
    slug: string
    id: string
    attributes: { code: string; required: boolean }[]
  }>(
    `select c.slug, c.category_id as id, coalesce((
       select json_agg(json_build_object('code', a.code, 'required', a.required) order by a.position)
       from product.category_attributes a where a.category_id = c.category_id), '[]') as attributes
     from product.categories c where c.slug = any ($1::text[])`,
    [
      [
        ...new Set(
          items.flatMap(({ slug, parentSlug }) => (parentSlug === null ? [slug] : [slug, parentSlug])),
        ),
      ],
    ],
  )
  const known = new Map(rows.map((row) => [row.slug, row]))
  let treeVersion: number | undefined
  const outcomes: Outcome[] = []
  for (const item of items) {
    const parent = item.parentSlug === null ? null : known.get(item.parentSlug)
    if (parent === undefined) {
      outcomes.push(refused('parent', `there is no category ${item.parentSlug} before this one`))
      continue
    }
    const there = known.get(item.slug)
    const categoryId = there?.id ?? v7()
    const moving = there && (await loadMovingCategory(tx.query, { categoryId, parentId: parent?.id ?? null }))
    const place = moving ? moving.parent : parent ? await placeOf(tx.query, parent.id) : undefined
    const fault = refusal({ categoryId, levels: moving?.levels ?? 1 }, place)
    if (fault) {
      outcomes.push(
        refused(
          'parent',
          fault === 'CYCLE' ? 'stands below this category: a circle' : 'the tree is at most 10 levels deep',
        ),
      )
      continue
    }
    const before = moving?.category
    const after = {
      ...placeBelow(place, { categoryId, slug: item.slug }),
      categoryId,
      slug: item.slug,
      name: item.name,
      parentId: parent?.id ?? null,
      position: item.position ?? before?.position ?? 0,
      description: item.description ?? before?.description ?? '',
      mediaId: item.picture === undefined ? (moving?.mediaId ?? null) : picture(item.picture),
      seo: item.seo ?? before?.seo ?? { title: null, description: null },
    }
    const fieldsOf = (one: typeof after) => [
      one.name,
      one.parentId,
      one.position,
      one.description,
      one.mediaId,
      one.seo,
    ]
    const same =
      before &&
      moving &&
      isDeepStrictEqual(
        fieldsOf({
          ...after,
          ...before,
          parentId: before.parentId,
          mediaId: moving.mediaId,
          path: after.path,
        }),
        fieldsOf(after),
      )
    const attributesChange =
      item.attributes !== undefined && !isDeepStrictEqual(item.attributes, there?.attributes ?? [])
    if (same && !attributesChange) {
      outcomes.push({ outcome: 'unchanged' })
      continue
    }
    treeVersion ??= await lockTree(tx.query)
    if (!moving) {
      await insertCategories(tx.query, [after], treeVersion)
      known.set(item.slug, { slug: item.slug, id: categoryId, attributes: [] })
      tx.emit(CategoryChanged, { categoryId, deleted: false }, { version: treeVersion })
    } else if (!same) {
      for (const id of await updateCategory(tx.query, { before: { path: moving.path }, after, treeVersion }))
        tx.emit(CategoryChanged, { categoryId: id, deleted: false }, { version: treeVersion })
      scheduleAnnouncement(tx, 'category', categoryId)
    }
    const lost = attributesChange ? await writeCategoryAttributes(tx.query, categoryId, item.attributes!) : []
    outcomes.push({
      outcome: before ? 'changed' : 'created',
      ...(lost.length > 0
        ? { notes: [{ field: 'attributes', reason: `${lost.join(', ')} is not defined and was left out` }] }
        : {}),
    })
  }
  return outcomes
}

async function placeOf(
  query: Query,
  categoryId: string,
): Promise<{ path: string[]; slugs: string[] } | undefined> {
  const [row] = await query<{ path: string[]; slugs: string[] }>(
    'select path, slugs from product.categories where category_id = $1',
    [categoryId],
  )
  return row
}

/** Answers the codes that are not defined. */
async function writeCategoryAttributes(
  query: Query,
  categoryId: string,
  attributes: readonly { code: string; required: boolean }[],
): Promise<string[]> {
  const rows = await query<{ code: string }>(
    `with input as (
       select i.code, i.required, i.n::int as position, exists (select from product.attributes a where a.code = i.code) as defined
       from rows from (jsonb_to_recordset($2::jsonb) as (code text, required boolean)) with ordinality as i (code, required, n)
     ), removed as (
       delete from product.category_attributes a where a.category_id = $1 and a.code not in (select code from input)
     ), written as (
       insert into product.category_attributes (category_id, code, required, position)
       select $1, code, required, position from input where defined
       on conflict (category_id, code) do update set required = excluded.required, position = excluded.position
     ), counted as (
       update product.categories set version = version + 1 where category_id = $1
     )
     select code from input where not defined`,
    [categoryId, JSON.stringify(attributes)],
  )
  return rows.map(({ code }) => code)
}

async function settleAttributes(tx: Tx, items: readonly ItemOf<'attribute'>[]): Promise<Outcome[]> {
  const rows = await tx.query<{ code: string; used: boolean; type: string }>(
    `select a.code, a.type, exists (select from product.products p where p.attributes ? a.code) as used
     from product.attributes a
     join jsonb_to_recordset($1::jsonb) as i (code text, type text) on i.code = a.code and i.type <> a.type`,
    [JSON.stringify(items.map(({ definition }) => definition))],
  )
  const fixed = new Map(rows.filter(({ used }) => used).map(({ code, type }) => [code, type]))
  // Of two rows with one code the last one counts.
  const wanted = new Map(items.map(({ definition }) => [definition.code, definition]))
  const changed = await tx.query<{ code: string; version: number }>(
    `insert into product.attributes as a (code, name, type, unit, allowed_values, filterable, searchable, position)
     select code, name, type, unit, "allowedValues", filterable, searchable, position
     from jsonb_to_recordset($1::jsonb) as i (code text, name text, type text, unit text, "allowedValues" jsonb, filterable boolean,
       searchable boolean, position int)
     order by code
     on conflict (code) do update set name = excluded.name, type = excluded.type, unit = excluded.unit,
       allowed_values = excluded.allowed_values, filterable = excluded.filterable, searchable = excluded.searchable,
       position = excluded.position, version = a.version + 1, updated_at = now()
     where (a.name, a.type, a.unit, a.allowed_values, a.filterable, a.searchable, a.position) is distinct from
       (excluded.name, excluded.type, excluded.unit, excluded.allowed_values, excluded.filterable, excluded.searchable, excluded.position)
     returning code, version`,
    [JSON.stringify([...wanted.values()].filter(({ code }) => !fixed.has(code)))],
  )
  const versions = new Map(changed.map(({ code, version }) => [code, version]))
  for (const [code, version] of versions) tx.emit(AttributeChanged, { code, deleted: false }, { version })
  return items.map(({ definition: { code } }) => {
    const type = fixed.get(code)
    if (type !== undefined) return refused('value_type', `must stay ${type}: products have values of it`)
    const version = versions.get(code)
    return { outcome: version === undefined ? 'unchanged' : version === 1 ? 'created' : 'changed' }
  })
}

const THINGS = {
  brand: { table: 'brands', id: 'brand_id' },
  collection: { table: 'collections', id: 'collection_id' },
} as const

async function settleThings(
  tx: Tx,
  kind: 'brand' | 'collection',
  items: readonly ItemOf<'brand' | 'collection'>[],
  picture: (source: string | null | undefined) => string | null,
): Promise<Outcome[]> {
  const { table, id } = THINGS[kind]
  const taken = new Map(
    kind === 'collection'
      ? []
      : (
          await tx.query<{ wanted: string; slug: string }>(
            `select i.slug as wanted, b.slug from product.brands b
             join jsonb_to_recordset($1::jsonb) as i (slug text, name text) on lower(b.name) = lower(i.name) and b.slug <> i.slug`,
            [JSON.stringify(items.map(({ slug, name }) => ({ slug, name })))],
          )
        ).map(({ wanted, slug }) => [wanted, slug] as const),
  )
  const bySlug = new Map(items.filter(({ slug }) => !taken.has(slug)).map((item) => [item.slug, item]))
  const names = new Set<string>()
  const twice = new Set<string>()
  if (kind === 'brand')
    for (const { slug, name } of bySlug.values())
      if (names.has(name.toLowerCase())) twice.add(slug)
      else names.add(name.toLowerCase())
  const changed = await tx.query<{ id: string; slug: string; version: number; renamed: boolean }>(
    `with input as (
       select * from jsonb_to_recordset($1::jsonb) as i (id uuid, slug text, name text, description text, "mediaId" uuid,
         "seoTitle" text, "seoDescription" text)
     ), freed as (
       delete from product.slug_redirects r using input where r.kind = '${kind}' and r.slug = input.slug
     )
     insert into product.${table} as t (${id}, slug, name, description, media_id, seo_title, seo_description)
     select id, slug, name, description, "mediaId", "seoTitle", "seoDescription" from input order by slug
     on conflict (slug) do update set name = excluded.name, description = excluded.description, media_id = excluded.media_id,
       seo_title = excluded.seo_title, seo_description = excluded.seo_description, version = t.version + 1, updated_at = now()
     where (t.name, t.description, t.media_id, t.seo_title, t.seo_description) is distinct from
       (excluded.name, excluded.description, excluded.media_id, excluded.seo_title, excluded.seo_description)
     returning ${id} as id, slug, version, old.name is distinct from new.name as renamed`,
    [
      JSON.stringify(
        [...bySlug.values()]
          .filter(({ slug }) => !twice.has(slug))
          .map((item) => ({
            id: v7(),
            slug: item.slug,
            name: item.name,
            description: item.description,
            mediaId: picture(item.picture),
            seoTitle: item.seo.title,
            seoDescription: item.seo.description,
          })),
      ),
    ],
  )
  const versions = new Map(changed.map((row) => [row.slug, row.version]))
  for (const { id, version, renamed } of changed) {
    if (kind === 'collection') tx.emit(CollectionChanged, { collectionId: id, deleted: false }, { version })
    else {
      tx.emit(BrandChanged, { brandId: id, deleted: false }, { version })
      if (renamed && version > 1) scheduleAnnouncement(tx, 'brand', id)
    }
  }
  return items.map(({ slug }) => {
    if (taken.has(slug)) return refused('name', `is that of the brand ${taken.get(slug)}`)
    if (twice.has(slug)) return refused('name', 'is that of another brand of the file')
    const version = versions.get(slug)
    return { outcome: version === undefined ? 'unchanged' : version === 1 ? 'created' : 'changed' }
  })
}

async function settlePlaces(tx: Tx, items: readonly ItemOf<'collection-product'>[]): Promise<Outcome[]> {
  const rows = await tx.query<{ n: number; collection: boolean; productId: string | null; changed: boolean }>(
    `with input as (
       select i.n::int, c.collection_id, p.product_id, i.position,
         row_number() over (partition by c.collection_id, p.product_id order by i.n desc) as again
       from rows from (jsonb_to_recordset($1::jsonb) as (collection text, product text, position int))
         with ordinality as i (collection, product, position, n)
       left join product.collections c on c.slug = i.collection
       left join product.products p on p.slug = i.product
     ), written as (
       insert into product.collection_products as t (collection_id, product_id, position)
       select collection_id, product_id, position from input
       where collection_id is not null and product_id is not null and again = 1 order by collection_id, product_id
       on conflict (collection_id, product_id) do update set position = excluded.position where t.position <> excluded.position
       returning collection_id, product_id
     )
     select i.n, i.collection_id is not null as collection, i.product_id as "productId", w.product_id is not null as changed
     from input i left join written w on w.collection_id = i.collection_id and w.product_id = i.product_id order by i.n`,
    [JSON.stringify(items.map(({ collection, product, position }) => ({ collection, product, position })))],
  )
  await announceAgain(tx, [
    ...new Set(rows.filter(({ changed }) => changed).map(({ productId }) => productId!)),
  ])
  return rows.map(({ collection, productId, changed }, index) =>
    !collection
      ? refused('parent', `there is no collection ${items[index]!.collection}`)
      : productId === null
        ? refused('product', `there is no product ${items[index]!.product}`)
        : { outcome: changed ? 'changed' : 'unchanged' },
  )
}

async function settleRedirects(query: Query, items: readonly ItemOf<'redirect'>[]): Promise<Outcome[]> {
  const rows = await query<{ n: number; target: boolean; used: boolean; changed: boolean }>(
    `with slugs as (
       select 'product' as kind, slug, product_id as id from product.products
       union all select 'category', slug, category_id from product.categories
       union all select 'brand', slug, brand_id from product.brands
       union all select 'collection', slug, collection_id from product.collections
     ), input as (
       select i.n::int, i.kind, i.slug, t.id, u.id is not null as used,
         row_number() over (partition by i.kind, i.slug order by i.n desc) as again
       from rows from (jsonb_to_recordset($1::jsonb) as (kind text, slug text, target text))
         with ordinality as i (kind, slug, target, n)
       left join slugs t on t.kind = i.kind and t.slug = i.target
       left join slugs u on u.kind = i.kind and u.slug = i.slug
     ), written as (
       insert into product.slug_redirects as r (kind, slug, target_id)
       select kind, slug, id from input where id is not null and not used and again = 1 order by kind, slug
       on conflict (kind, slug) do update set target_id = excluded.target_id where r.target_id <> excluded.target_id
       returning kind, slug
     )
     select i.n, i.id is not null as target, i.used, w.slug is not null as changed
     from input i left join written w on w.kind = i.kind and w.slug = i.slug order by i.n`,
    [JSON.stringify(items.map(({ of, slug, to }) => ({ kind: of, slug, target: to })))],
  )
  return rows.map(({ target, used, changed }, index) =>
    used
      ? refused('slug', 'is in use')
      : target
        ? { outcome: changed ? 'changed' : 'unchanged' }
        : refused('to', `there is no ${items[index]!.of} ${items[index]!.to}`),
  )
}
