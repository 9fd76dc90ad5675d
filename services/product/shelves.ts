import type { Brand } from '@stoa/contracts/product'
import type { Query } from '@stoa/runtime'
import type { z } from 'zod'
import { mediaJson } from './media/media-json.ts'

/** Brands and collections: things with a name, a page of their own, and products. */
export type ShelfKind = 'brand' | 'collection'

const TABLES = {
  brand: { table: 'product.brands', id: 'brand_id', field: 'brandId' },
  collection: { table: 'product.collections', id: 'collection_id', field: 'collectionId' },
} as const

/** What staff say of one. */
export type ShelfFields = {
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly mediaId: string | null
  readonly seo: { readonly title: string | null; readonly description: string | null }
}

export type StoredShelf = { readonly id: string; readonly version: number; readonly fields: ShelfFields }

const summary = (
  kind: ShelfKind,
) => `'${TABLES[kind].field}', t.${TABLES[kind].id}, 'slug', t.slug, 'name', t.name,
  'image', (select ${mediaJson} from product.media m where m.media_id = t.media_id)`

const detail = (kind: ShelfKind) => `${summary(kind)}, 'description', t.description,
  'seo', json_build_object('title', t.seo_title, 'description', t.seo_description)`

const admin = (kind: ShelfKind) =>
  `${detail(kind)}, 'version', t.version${
    kind === 'collection'
      ? `, 'productCount', (select count(*) from product.collection_products cp where cp.collection_id = t.collection_id)`
      : ''
  }`

const statements = (kind: ShelfKind) => {
  const { table, id } = TABLES[kind]
  return {
    // By name, then id: $1 and $2 are where the page before ended.
    page: `
      select json_build_object(
        'items', coalesce(json_agg(item order by place) filter (where place <= $3), '[]'),
        'next', case when count(*) > $3 then
          max(id::text) filter (where place = $3) || '.' || max(key) filter (where place = $3) end)::text as json
      from (
        select lower(t.name) as key, t.${id} as id, json_build_object(${summary(kind)}) as item,
          row_number() over (order by lower(t.name), t.${id}) as place
        from ${table} t
        where $1::text is null or (lower(t.name), t.${id}) > ($1, $2::uuid)
        order by lower(t.name), t.${id}
        limit $3 + 1) page`,
    bySlug: `select json_build_object(${detail(kind)})::text as json from ${table} t where t.slug = $1`,
    admin: `select json_build_object(${admin(kind)}) as answer, t.version from ${table} t where t.${id} = $1`,
    stored: `
      select t.${id} as id, t.version, json_build_object('slug', t.slug, 'name', t.name, 'description', t.description,
        'mediaId', t.media_id, 'seo', json_build_object('title', t.seo_title, 'description', t.seo_description)) as fields
      from ${table} t where t.${id} = $1`,
    lock: `select from ${table} where ${id} = $1 for no key update`,
    insert: `
      with freed as (delete from product.slug_redirects where kind = '${kind}' and slug = $2)
      insert into ${table} (${id}, slug, name, description, media_id, seo_title, seo_description)
      values ($1, $2, $3, $4, $5, $6, $7)`,
    update: `
      with changed as (
        update ${table} set slug = $2, name = $3, description = $4, media_id = $5, seo_title = $6, seo_description = $7,
          version = version + 1, updated_at = now()
        where ${id} = $1
        returning ${id} as id, old.slug as old_slug, new.slug as new_slug
      ), freed as (
        delete from product.slug_redirects r using changed
        where r.kind = '${kind}' and r.slug = changed.new_slug and changed.old_slug <> changed.new_slug
      )
      insert into product.slug_redirects (kind, slug, target_id)
      select '${kind}', old_slug, id from changed where old_slug <> new_slug
      on conflict (kind, slug) do update set target_id = excluded.target_id, created_at = now()`,
    remove: `
      with forgotten as (delete from product.slug_redirects where kind = '${kind}' and target_id = $1)
      delete from ${table} where ${id} = $1`,
  }
}

const SQL = { brand: statements('brand'), collection: statements('collection') }

/** The JSON of one page of the public list. */
export async function shelfPage(
  query: Query,
  kind: ShelfKind,
  { after, limit }: { after: { key: string; id: string } | undefined; limit: number },
): Promise<string> {
  const [row] = await query<{ json: string }>(SQL[kind].page, [after?.key ?? null, after?.id ?? null, limit])
  return row!.json
}

export async function shelfBySlug(query: Query, kind: ShelfKind, slug: string): Promise<string | undefined> {
  const [row] = await query<{ json: string }>(SQL[kind].bySlug, [slug])
  return row?.json
}

/** As staff see it; its type is that of the kind. */
export async function adminShelf<Shelf extends z.output<typeof Brand> | object>(
  query: Query,
  kind: ShelfKind,
  id: string,
): Promise<{ answer: Shelf; version: number } | undefined> {
  const [row] = await query<{ answer: Shelf; version: number }>(SQL[kind].admin, [id])
  return row
}

export async function loadShelf(query: Query, kind: ShelfKind, id: string): Promise<StoredShelf | undefined> {
  const [row] = await query<StoredShelf>(SQL[kind].stored, [id])
  return row
}

/** Holds it against other writers until the transaction ends, and reads it as it is then. */
export async function lockShelf(query: Query, kind: ShelfKind, id: string): Promise<StoredShelf | undefined> {
  await query(SQL[kind].lock, [id])
  return loadShelf(query, kind, id)
}

export async function insertShelf(
  query: Query,
  kind: ShelfKind,
  id: string,
  fields: ShelfFields,
): Promise<void> {
  await query(SQL[kind].insert, [id, ...columns(fields)])
}

export async function updateShelf(
  query: Query,
  kind: ShelfKind,
  id: string,
  fields: ShelfFields,
): Promise<void> {
  await query(SQL[kind].update, [id, ...columns(fields)])
}

export async function removeShelf(query: Query, kind: ShelfKind, id: string): Promise<void> {
  await query(SQL[kind].remove, [id])
}

const columns = ({ slug, name, description, mediaId, seo }: ShelfFields) => [
  slug,
  name,
  description,
  mediaId,
  seo.title,
  seo.description,
]

type Patch = {
  readonly slug?: string | undefined
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly mediaId?: string | null | undefined
  readonly seo?: { title?: string | null | undefined; description?: string | null | undefined } | undefined
}

/** What is not named stays. */
export const changedShelf = (before: ShelfFields, patch: Patch): ShelfFields => ({
  slug: patch.slug ?? before.slug,
  name: patch.name ?? before.name,
  description: patch.description ?? before.description,
  mediaId: patch.mediaId === undefined ? before.mediaId : (patch.mediaId?.toLowerCase() ?? null),
  seo: {
    title: patch.seo?.title === undefined ? before.seo.title : patch.seo.title,
    description: patch.seo?.description === undefined ? before.seo.description : patch.seo.description,
  },
})
