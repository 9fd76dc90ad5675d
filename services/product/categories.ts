import type { AdminCategory } from '@stoa/contracts/product'
import type { Query } from '@stoa/runtime'
import type { z } from 'zod'
import type { Place } from './category-place.ts'
import { mediaJson } from './media/media-json.ts'

export type Category = z.output<typeof AdminCategory>

const FIELDS = `'categoryId', c.category_id, 'slug', c.slug, 'name', c.name, 'parentId', c.parent_id,
  'path', c.slugs, 'position', c.position`

const CATEGORY = `json_build_object(${FIELDS})`

const DETAIL = `${FIELDS}, 'description', c.description,
  'image', (select ${mediaJson} from product.media m where m.media_id = c.media_id),
  'seo', json_build_object('title', c.seo_title, 'description', c.seo_description)`

/** `CategoryDetail` of the row `c`, and `AdminCategory`. */
export const categoryDetailJson = `json_build_object(${DETAIL})`
const adminCategoryJson = `json_build_object(${DETAIL}, 'version', c.version)`

/** The whole tree as the contract's JSON, parents before children. */
export const CATEGORIES_JSON = `
  select json_build_object('items',
    coalesce(json_agg(${CATEGORY} order by cardinality(c.path), c.position, c.name, c.category_id), '[]'))::text as json
  from product.categories c`

/**
 * Makes whoever changes the tree wait for whoever is changing it, until the transaction ends. What is read afterwards is
 * what will be changed. Answers the version of the change.
 */
export async function lockTree(query: Query): Promise<number> {
  const [row] = await query<{ version: number }>(
    'update product.category_tree set version = version + 1 returning version',
  )
  return row!.version
}

export async function loadCategory(query: Query, categoryId: string): Promise<Category | undefined> {
  const [row] = await query<{ category: Category }>(
    `select ${adminCategoryJson} as category from product.categories c where category_id = $1`,
    [categoryId],
  )
  return row?.category
}

/** What is needed to add a category. */
export async function loadParent(
  query: Query,
  parentId: string | undefined,
): Promise<{ parent: Place | undefined; categoryCount: number }> {
  const [row] = await query<{ path: string[] | null; slugs: string[] | null; count: number }>(
    `select p.path, p.slugs, (select count(*) from product.categories)::int as count
     from (values (1)) one left join product.categories p on p.category_id = $1`,
    [parentId ?? null],
  )
  return {
    parent: row!.path && row!.slugs ? { path: row!.path, slugs: row!.slugs } : undefined,
    categoryCount: row!.count,
  }
}

export type NewCategory = Place & {
  readonly categoryId: string
  readonly slug: string
  readonly name: string
  readonly parentId: string | null
  readonly position: number
  readonly description: string
  readonly mediaId: string | null
  readonly seo: { readonly title: string | null; readonly description: string | null }
}

/** Inserts categories in one statement; parents may be among them. The tree is locked. */
export async function insertCategories(
  query: Query,
  categories: readonly NewCategory[],
  treeVersion: number,
): Promise<void> {
  await query(
    `with input as (
       select * from jsonb_to_recordset($1::jsonb) as c ("categoryId" uuid, slug text, name text, "parentId" uuid, position int,
         path jsonb, slugs jsonb, description text, "mediaId" uuid, seo jsonb)
     ), freed as (
       delete from product.slug_redirects r using input where r.kind = 'category' and r.slug = input.slug
     )
     insert into product.categories (category_id, slug, name, parent_id, position, path, slugs, description, media_id, seo_title,
       seo_description, tree_version)
     select "categoryId", slug, name, "parentId", position,
       array(select jsonb_array_elements_text(path)::uuid), array(select jsonb_array_elements_text(slugs)),
       description, "mediaId", seo->>'title', seo->>'description', $2
     from input`,
    [JSON.stringify(categories), treeVersion],
  )
}

export type MovingCategory = {
  readonly category: Category
  readonly mediaId: string | null
  /** Levels from this category down to its deepest descendant, itself included. */
  readonly levels: number
  readonly path: readonly string[]
  /** The parent that it will have; undefined when it becomes a root or the parent does not exist. */
  readonly parent: Place | undefined
}

/** A category with what is needed to move it below `parentId` (null: to the roots; undefined: it stays). */
export async function loadMovingCategory(
  query: Query,
  { categoryId, parentId }: { categoryId: string; parentId?: string | null | undefined },
): Promise<MovingCategory | undefined> {
  const [row] = await query<{
    category: Category
    mediaId: string | null
    path: string[]
    levels: number
    parentPath: string[] | null
    parentSlugs: string[] | null
  }>(
    `select ${adminCategoryJson} as category, c.media_id as "mediaId", c.path, p.path as "parentPath", p.slugs as "parentSlugs",
       (select max(cardinality(d.path)) from product.categories d where d.path @> array[c.category_id])
         - cardinality(c.path) + 1 as levels
     from product.categories c
     left join product.categories p on p.category_id = case when $3 then $2 else c.parent_id end
     where c.category_id = $1`,
    [categoryId, parentId ?? null, parentId !== undefined],
  )
  if (!row) return undefined
  const { parentPath, parentSlugs } = row
  return {
    category: row.category,
    mediaId: row.mediaId,
    path: row.path,
    levels: row.levels,
    parent: parentPath && parentSlugs ? { path: parentPath, slugs: parentSlugs } : undefined,
  }
}

/**
 * Writes a category and the path of all below it, in one statement. Answers every category that a reader now sees
 * differently. The tree is locked.
 */
export async function updateCategory(
  query: Query,
  {
    before,
    after,
    treeVersion,
  }: { before: { readonly path: readonly string[] }; after: NewCategory; treeVersion: number },
): Promise<string[]> {
  const rows = await query<{ category_id: string }>(
    `with changed as (
       update product.categories c set
         slug = case when c.category_id = $1 then $2 else c.slug end,
         name = case when c.category_id = $1 then $3 else c.name end,
         parent_id = case when c.category_id = $1 then $4::uuid else c.parent_id end,
         position = case when c.category_id = $1 then $5::int else c.position end,
         description = case when c.category_id = $1 then $10 else c.description end,
         media_id = case when c.category_id = $1 then $11::uuid else c.media_id end,
         seo_title = case when c.category_id = $1 then $12 else c.seo_title end,
         seo_description = case when c.category_id = $1 then $13 else c.seo_description end,
         version = case when c.category_id = $1 then c.version + 1 else c.version end,
         path = $6::uuid[] || c.path[$8::int + 1 :],
         slugs = $7::text[] || c.slugs[$8::int + 1 :],
         tree_version = $9, updated_at = now()
       where c.path @> array[$1::uuid]
         and (c.category_id = $1 or c.path[:$8::int] <> $6::uuid[] or c.slugs[:$8::int] <> $7::text[])
       returning c.category_id, old.slug as old_slug, new.slug as new_slug
     ), freed as (
       delete from product.slug_redirects r using changed
       where r.kind = 'category' and r.slug = changed.new_slug and changed.old_slug <> changed.new_slug
     ), redirected as (
       insert into product.slug_redirects (kind, slug, target_id)
       select 'category', old_slug, category_id from changed where old_slug <> new_slug
       on conflict (kind, slug) do update set target_id = excluded.target_id, created_at = now()
     )
     select category_id from changed`,
    [
      after.categoryId,
      after.slug,
      after.name,
      after.parentId,
      after.position,
      after.path,
      after.slugs,
      before.path.length,
      treeVersion,
      after.description,
      after.mediaId,
      after.seo.title,
      after.seo.description,
    ],
  )
  return rows.map((row) => row.category_id)
}

export async function removeCategory(query: Query, categoryId: string): Promise<void> {
  await query(
    `with forgotten as (delete from product.slug_redirects where kind = 'category' and target_id = $1)
     delete from product.categories where category_id = $1`,
    [categoryId],
  )
}
