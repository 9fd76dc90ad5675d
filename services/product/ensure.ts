import { invalidInput } from '@stoa/contract'
import {
  AttributeChanged,
  CategoryChanged,
  type LinkKind,
  MAX_ATTRIBUTE_DEFINITIONS,
  MAX_CATEGORIES,
} from '@stoa/contracts/product'
import type { AttributeDefinition } from '@stoa/contracts/search-document'
import type { Query, Tx } from '@stoa/runtime'
import { v7 } from 'uuid'
import type { z } from 'zod'
import { announceEdits } from './announce.ts'
import { insertAttributes } from './attributes.ts'
import { insertCategories, lockTree, type NewCategory } from './categories.ts'
import { type Place, placeBelow, refusal } from './category-place.ts'
import { keyOfSource } from './media/picture-key.ts'
import { lockProducts } from './products.ts'

// What each of these makes when it is not there, and leaves alone when it is: in a constant number of statements, in the caller's
// transaction. Callers bound how many.

export type EnsureCategory = {
  readonly slug: string
  readonly name: string
  readonly parentSlug?: string | undefined
  readonly position?: number | undefined
  readonly description?: string | undefined
  readonly mediaId?: string | undefined
  readonly seo?: { readonly title: string | null; readonly description: string | null } | undefined
}

export type EnsuredCategories = {
  /** The id of each slug that was named, as a parent or in `alsoNamed` too. */
  readonly ids: ReadonlyMap<string, string>
  readonly added: number
}

/**
 * Parents before children, or there already. Holds the tree until the transaction ends, so that of two who bring the same categories the
 * second finds them there. What cannot be is refused with INVALID_INPUT that names `categories.<index>.parentSlug`.
 */
export async function settleCategories(
  tx: Tx,
  categories: readonly EnsureCategory[],
  alsoNamed: readonly string[] = [],
): Promise<EnsuredCategories> {
  const treeVersion = await lockTree(tx.query)
  const [present] = await tx.query<{ categories: (Place & { slug: string })[]; count: number }>(
    `select
       coalesce((select json_agg(json_build_object('slug', slug, 'path', path, 'slugs', slugs))
         from product.categories where slug = any ($1::text[])), '[]') as categories,
       (select count(*) from product.categories)::int as count`,
    [
      [
        ...alsoNamed,
        ...categories.flatMap(({ slug, parentSlug }) =>
          parentSlug === undefined ? [slug] : [slug, parentSlug],
        ),
      ],
    ],
  )
  const places = new Map<string, Place>(present!.categories.map((one) => [one.slug, one]))
  const added: NewCategory[] = []
  categories.forEach((category, index) => {
    const { slug, name, parentSlug, position = 0, description = '', mediaId = null } = category
    if (places.has(slug)) return
    const field = `categories.${index}.parentSlug`
    const parent = parentSlug === undefined ? undefined : places.get(parentSlug)
    if (parentSlug !== undefined && !parent)
      throw invalidInput({ field, message: 'is not a category before this one' })
    const categoryId = v7()
    if (refusal({ categoryId, levels: 1 }, parent))
      throw invalidInput({ field, message: 'is as deep as the tree may be' })
    const place = placeBelow(parent, { categoryId, slug })
    places.set(slug, place)
    const seo = category.seo ?? { title: null, description: null }
    const parentId = place.path.at(-2) ?? null
    added.push({ ...place, categoryId, slug, name, parentId, position, description, mediaId, seo })
  })
  if (present!.count + added.length > MAX_CATEGORIES)
    throw invalidInput({ field: 'categories', message: `would be more than ${MAX_CATEGORIES}` })
  if (added.length > 0) await insertCategories(tx.query, added, treeVersion)
  for (const { categoryId } of added)
    tx.emit(CategoryChanged, { categoryId, deleted: false }, { version: treeVersion })
  return {
    ids: new Map([...places].map(([slug, { path }]) => [slug, path.at(-1)!])),
    added: added.length,
  }
}

/** `settleCategories`, of which only the ids are wanted. */
export const ensureCategories = async (
  tx: Tx,
  categories: readonly EnsureCategory[],
): Promise<ReadonlyMap<string, string>> => (await settleCategories(tx, categories)).ids

/** Answers the definitions as they are now, by code, those that were there included. */
export async function ensureAttributes(
  tx: Tx,
  definitions: readonly AttributeDefinition[],
): Promise<Map<string, AttributeDefinition>> {
  if (definitions.length === 0) return new Map()
  const added = await insertAttributes(tx.query, definitions, 'leave')
  if (added.length > 0) {
    const [row] = await tx.query<{ count: number }>('select count(*)::int as count from product.attributes')
    if (row!.count > MAX_ATTRIBUTE_DEFINITIONS)
      throw invalidInput({ field: 'attributes', message: `would be more than ${MAX_ATTRIBUTE_DEFINITIONS}` })
  }
  for (const { code, version } of added) tx.emit(AttributeChanged, { code, deleted: false }, { version })
  const rows = await tx.query<AttributeDefinition>(
    `select code, name, type, unit, allowed_values as "allowedValues", filterable, searchable, position
     from product.attributes where code = any ($1::text[])`,
    [definitions.map(({ code }) => code)],
  )
  return new Map(rows.map((row) => [row.code, row]))
}

export type Source = {
  readonly sourceUrl: string
  readonly alt: string
  readonly width?: number | undefined
  readonly height?: number | undefined
}

/** Pictures that will be fetched when they are first asked for. Answers the id of each address. Two statements. */
export async function ensureSources(query: Query, sources: readonly Source[]): Promise<Map<string, string>> {
  if (sources.length === 0) return new Map()
  const wanted = new Map(sources.map((source) => [source.sourceUrl, source]))
  await query(
    `insert into product.media (media_id, key, source_url, alt, width, height)
     select i.id, i.key, i."sourceUrl", i.alt, i.width, i.height
     from jsonb_to_recordset($1::jsonb) as i (id uuid, key text, "sourceUrl" text, alt text, width int, height int)
     where not exists (select from product.media m where m.source_url = i."sourceUrl")
     -- In one order, so that two who bring the same addresses wait for each other instead of in a circle.
     order by i."sourceUrl"
     on conflict (source_url) where source_url is not null do nothing`,
    [
      JSON.stringify(
        [...wanted.values()].map((source) => ({ id: v7(), key: keyOfSource(source.sourceUrl), ...source })),
      ),
    ],
  )
  const rows = await query<{ url: string; id: string }>(
    `select source_url as url, media_id as id from product.media where source_url = any ($1::text[])
     order by source_url for key share`,
    [[...wanted.keys()]],
  )
  return new Map(rows.map(({ url, id }) => [url, id]))
}

export type Links = {
  readonly productId: string
  readonly kind: z.output<typeof LinkKind>
  readonly linkedIds: readonly string[]
}

export type ReplacedLinks = Omit<Links, 'linkedIds'> & {
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/**
 * Puts these links, in this order, in place of those of their product and kind. Answers those that changed. One statement, behind the
 * products' locks.
 */
export async function replaceLinks(query: Query, links: readonly Links[]): Promise<ReplacedLinks[]> {
  if (links.length === 0) return []
  return query<ReplacedLinks>(
    `with list as materialized (
       select * from jsonb_to_recordset($1::jsonb) as l ("productId" uuid, kind text, "linkedIds" jsonb)
     ), wanted as materialized (
       select l."productId" as product_id, l.kind, x.id::uuid as linked_id, x.place::int as position
       from list l, jsonb_array_elements_text(l."linkedIds") with ordinality as x (id, place)
     ), removed as (
       delete from product.product_links k using list l
       where k.product_id = l."productId" and k.kind = l.kind and not exists (
         select from wanted w where w.product_id = k.product_id and w.kind = k.kind and w.linked_id = k.linked_id)
       returning k.product_id, k.kind
     ), written as (
       insert into product.product_links as k (product_id, kind, linked_id, position)
       select product_id, kind, linked_id, position from wanted
       order by product_id, kind, linked_id
       on conflict (product_id, kind, linked_id) do update set position = excluded.position
         where k.position <> excluded.position
       returning k.product_id, k.kind
     )
     select changed.product_id as "productId", changed.kind, l."linkedIds" as after, coalesce((
       -- As they were: a statement does not see what it writes.
       select json_agg(k.linked_id order by k.position, k.linked_id)
       from product.product_links k where k.product_id = changed.product_id and k.kind = changed.kind), '[]') as before
     from (select product_id, kind from removed union select product_id, kind from written) changed
     join list l on l."productId" = changed.product_id and l.kind = changed.kind`,
    [JSON.stringify(links)],
  )
}

/** Locks, replaces, and announces the products of which links changed. Answers those. */
export async function writeLinks(tx: Tx, links: readonly Links[]): Promise<string[]> {
  await lockProducts(
    tx.query,
    links.map(({ productId }) => productId),
  )
  const edits = new Map<string, { before: Record<string, unknown>; after: Record<string, unknown> }>()
  for (const { productId, kind, before, after } of await replaceLinks(tx.query, links)) {
    const edit = edits.get(productId) ?? { before: {}, after: {} }
    edit.before[`links.${kind}`] = before
    edit.after[`links.${kind}`] = after
    edits.set(productId, edit)
  }
  await announceEdits(tx, edits)
  return [...edits.keys()]
}
