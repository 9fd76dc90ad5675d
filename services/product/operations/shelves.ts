import { isDeepStrictEqual } from 'node:util'
import { invalidInput, type OutputOf, Rejection } from '@stoa/contract'
import { BrandChanged, CollectionChanged, type product } from '@stoa/contracts/product'
import { JsonText, type Tx } from '@stoa/runtime'
import { announceAgain, MAX_ANNOUNCED } from '../announce.ts'
import type { Context, Handles } from '../context.ts'
import { scheduleAnnouncement } from '../jobs/announce-again.ts'
import { takenSlugs } from '../products.ts'
import { refuseMoved } from '../redirects.ts'
import {
  adminShelf,
  changedShelf,
  insertShelf,
  loadShelf,
  lockShelf,
  removeShelf,
  type ShelfFields,
  type ShelfKind,
  shelfBySlug,
  shelfPage,
  updateShelf,
} from '../shelves.ts'
import { freeSlug, looksLikeId, slugify } from '../slug.ts'
import { etag, stale } from '../stale.ts'
import { violatedConstraint } from '../violation.ts'

type AdminBrand = OutputOf<typeof product.operations.getBrandForStaff>
type AdminCollection = OutputOf<typeof product.operations.getCollectionForStaff>
type Answers = { brand: AdminBrand; collection: AdminCollection }

const NOT_FOUND = { brand: 'BRAND_NOT_FOUND', collection: 'COLLECTION_NOT_FOUND' } as const

export const brands: Handles<typeof product.operations.brands> = (input, ctx) => page('brand', input, ctx)
export const collections: Handles<typeof product.operations.collections> = (input, ctx) =>
  page('collection', input, ctx)

export const brand: Handles<typeof product.operations.brand> = ({ slug }, ctx) => read('brand', slug, ctx)
export const collection: Handles<typeof product.operations.collection> = ({ slug }, ctx) =>
  read('collection', slug, ctx)

export const getBrandForStaff: Handles<typeof product.operations.getBrandForStaff> = ({ brandId }, ctx) =>
  answer('brand', ctx, brandId)
export const getCollectionForStaff: Handles<typeof product.operations.getCollectionForStaff> = (
  { collectionId },
  ctx,
) => answer('collection', ctx, collectionId)

export const createBrand: Handles<typeof product.operations.createBrand> = (input, ctx) =>
  create('brand', input, ctx)
export const createCollection: Handles<typeof product.operations.createCollection> = (input, ctx) =>
  create('collection', input, ctx)

export const changeBrand: Handles<typeof product.operations.changeBrand> = ({ brandId, ...patch }, ctx) =>
  change('brand', { ...patch, id: brandId.toLowerCase() }, ctx)
export const changeCollection: Handles<typeof product.operations.changeCollection> = (
  { collectionId, ...patch },
  ctx,
) => change('collection', { ...patch, id: collectionId.toLowerCase() }, ctx)

export const deleteBrand: Handles<typeof product.operations.deleteBrand> = async (
  { brandId, version },
  ctx,
) => {
  try {
    return await remove('brand', { id: brandId.toLowerCase(), version }, ctx)
  } catch (error) {
    if (violatedConstraint(error) === 'products_brand_id_fkey') throw new Rejection('BRAND_IN_USE')
    throw error
  }
}
export const deleteCollection: Handles<typeof product.operations.deleteCollection> = (
  { collectionId, version },
  ctx,
) => remove('collection', { id: collectionId.toLowerCase(), version }, ctx)

export const collectionProducts: Handles<typeof product.operations.collectionProducts> = async (
  { collectionId },
  ctx,
) => {
  const found = await loadShelf(ctx.query, 'collection', collectionId)
  if (!found) throw new Rejection('COLLECTION_NOT_FOUND')
  ctx.setHeader('etag', etag(found.version))
  return { productIds: await placed(ctx.query, collectionId) }
}

export const putCollectionProducts: Handles<typeof product.operations.putCollectionProducts> = async (
  input,
  ctx,
) => {
  const id = input.collectionId.toLowerCase()
  const wanted = input.productIds.map((productId) => productId.toLowerCase())
  if (new Set(wanted).size < wanted.length)
    throw invalidInput({ field: 'productIds', message: 'names a product twice' })
  if (!(await loadShelf(ctx.query, 'collection', id))) throw new Rejection('COLLECTION_NOT_FOUND')
  // A repetition after a lost answer.
  if (isDeepStrictEqual(await placed(ctx.query, id), wanted)) return answer('collection', ctx, id)
  return ctx.transaction(async (tx) => {
    const found = await lockShelf(tx.query, 'collection', id)
    if (!found) throw new Rejection('COLLECTION_NOT_FOUND')
    if (found.version !== input.version)
      throw await stale(tx.query, `collection:${id}`, { now: found.version, read: input.version })
    const before = await placed(tx.query, id)
    const strangers = await missingProducts(tx, wanted)
    if (strangers.length > 0)
      throw invalidInput(
        ...strangers
          .slice(0, 20)
          .map((one) => ({ field: `productIds.${wanted.indexOf(one)}`, message: 'is not a product' })),
      )
    await placeProducts(tx, [{ id, productIds: wanted }])
    await tx.query(
      'update product.collections set version = version + 1, updated_at = now() where collection_id = $1',
      [id],
    )
    // Their place alone is nothing that is told of a product.
    await announceDifference(tx, before, wanted)
    const version = found.version + 1
    tx.emit(CollectionChanged, { collectionId: id, deleted: false }, { version })
    tx.audit({
      subject: `collection:${id}`,
      version,
      before: { productIds: before },
      after: { productIds: wanted },
    })
    ctx.setHeader('etag', etag(version))
    return (await adminShelf<AdminCollection>(tx.query, 'collection', id))!.answer
  })
}

const placed = async (query: Context['query'], id: string): Promise<string[]> =>
  (
    await query<{ id: string }>(
      `select product_id as id from product.collection_products where collection_id = $1 order by position, product_id`,
      [id],
    )
  ).map((row) => row.id)

async function missingProducts(tx: Tx, productIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select id from unnest($1::uuid[]) as id
     where not exists (select from product.products p where p.product_id = id)`,
    [productIds],
  )
  return rows.map(({ id }) => id)
}

/** Puts these products, in this order, in place of those that stand in each of these collections. One statement. */
export async function placeProducts(
  tx: Tx,
  shelves: readonly { readonly id: string; readonly productIds: readonly string[] }[],
): Promise<void> {
  await tx.query(
    `with input as materialized (
       select s.id as collection_id, p.id::uuid as product_id, p.place
       from jsonb_to_recordset($1::jsonb) as s (id uuid, "productIds" jsonb),
         jsonb_array_elements_text(s."productIds") with ordinality as p (id, place)
     ), removed as (
       delete from product.collection_products cp
       where cp.collection_id in (select id from jsonb_to_recordset($1::jsonb) as s (id uuid))
         and not exists (select from input i where i.collection_id = cp.collection_id and i.product_id = cp.product_id)
     )
     insert into product.collection_products (collection_id, product_id, position)
     select collection_id, product_id, place from input
     on conflict (collection_id, product_id) do update set position = excluded.position`,
    [JSON.stringify(shelves)],
  )
}

async function announceDifference(
  tx: Tx,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  const [was, is] = [new Set(before), new Set(after)]
  const changed = [...before.filter((id) => !is.has(id)), ...after.filter((id) => !was.has(id))].sort()
  // At most twice the products that a collection holds.
  for (let from = 0; from < changed.length; from += MAX_ANNOUNCED)
    await announceAgain(tx, changed.slice(from, from + MAX_ANNOUNCED))
}

async function page(
  kind: ShelfKind,
  { after, limit }: { after?: string | undefined; limit: number },
  { query }: Context,
): Promise<JsonText> {
  return new JsonText(
    await shelfPage(query, kind, { after: after === undefined ? undefined : readAfter(after), limit }),
  )
}

/** Reads the `next` that a page answered: an id and a name. */
function readAfter(after: string): { key: string; id: string } {
  const [, id = '', key = ''] = /^([0-9a-f-]{36})\.(.+)$/.exec(after) ?? []
  if (!looksLikeId(id)) throw invalidInput({ field: 'after', message: 'must be the `next` of a page' })
  return { key, id }
}

async function read(kind: ShelfKind, slug: string, { query }: Context): Promise<JsonText> {
  const json = await shelfBySlug(query, kind, slug)
  if (json !== undefined) return new JsonText(json)
  await refuseMoved(query, kind, slug)
  throw new Rejection(NOT_FOUND[kind])
}

async function answer<Kind extends ShelfKind>(kind: Kind, ctx: Context, id: string): Promise<Answers[Kind]> {
  const found = await adminShelf<Answers[Kind]>(ctx.query, kind, id)
  if (!found) throw new Rejection(NOT_FOUND[kind])
  ctx.setHeader('etag', etag(found.version))
  return found.answer
}

const announceShelf = (tx: Tx, kind: ShelfKind, id: string, change: { version: number; deleted: boolean }) =>
  kind === 'brand'
    ? tx.emit(BrandChanged, { brandId: id, deleted: change.deleted }, change)
    : tx.emit(CollectionChanged, { collectionId: id, deleted: change.deleted }, change)

type Patch = Parameters<typeof changedShelf>[1]

async function create<Kind extends ShelfKind>(
  kind: Kind,
  input: Patch & { readonly name: string },
  ctx: Context,
): Promise<Answers[Kind]> {
  const id = ctx.newId
  refuseIdLike(input.slug)
  const base = slugify(input.name, kind)
  const insert = () =>
    shelfErrors(kind, () =>
      ctx.transaction(async (tx) => {
        const slug = input.slug ?? freeSlug(base, await takenSlugs(tx.query, `${kind}s`, base))
        const fields = changedShelf({ ...EMPTY, name: input.name, slug }, input)
        await insertShelf(tx.query, kind, id, fields)
        const { answer } = (await adminShelf<Answers[Kind]>(tx.query, kind, id))!
        announceShelf(tx, kind, id, { version: 1, deleted: false })
        tx.audit({ subject: `${kind}:${id}`, version: 1, before: null, after: fields })
        ctx.setHeader('etag', etag(1))
        tx.answer(answer)
        return answer
      }),
    )
  for (let tries = 1; ; tries += 1) {
    try {
      return await insert()
    } catch (error) {
      const mayTryAnother = input.slug === undefined && tries < MAX_SLUG_TRIES
      if (!mayTryAnother || !(error instanceof Rejection && error.code === 'SLUG_TAKEN')) throw error
    }
  }
}

/** Tries to find a slug that nobody took in the same moment: so many who make things of one name at once have room. */
const MAX_SLUG_TRIES = 5

const EMPTY: ShelfFields = {
  slug: '',
  name: '',
  description: '',
  mediaId: null,
  seo: { title: null, description: null },
}

async function change<Kind extends ShelfKind>(
  kind: Kind,
  { id, version: read, ...patch }: Patch & { readonly id: string; readonly version: number },
  ctx: Context,
): Promise<Answers[Kind]> {
  refuseIdLike(patch.slug)
  const seen = await loadShelf(ctx.query, kind, id)
  if (!seen) throw new Rejection(NOT_FOUND[kind])
  // A repetition after a lost answer.
  if (isDeepStrictEqual(seen.fields, changedShelf(seen.fields, patch))) return answer(kind, ctx, id)
  return shelfErrors(kind, () =>
    ctx.transaction(async (tx) => {
      const before = await lockShelf(tx.query, kind, id)
      if (!before) throw new Rejection(NOT_FOUND[kind])
      if (before.version !== read) throw await stale(tx.query, `${kind}:${id}`, { now: before.version, read })
      const fields = changedShelf(before.fields, patch)
      await updateShelf(tx.query, kind, id, fields)
      const version = before.version + 1
      announceShelf(tx, kind, id, { version, deleted: false })
      const isSeen = before.fields.slug !== fields.slug || before.fields.name !== fields.name
      if (kind === 'brand' && isSeen) scheduleAnnouncement(tx, 'brand', id)
      if (kind === 'collection' && before.fields.slug !== fields.slug)
        await announceDifference(tx, await placed(tx.query, id), [])
      tx.audit({ subject: `${kind}:${id}`, version, before: before.fields, after: fields })
      ctx.setHeader('etag', etag(version))
      return (await adminShelf<Answers[Kind]>(tx.query, kind, id))!.answer
    }),
  )
}

async function remove(
  kind: ShelfKind,
  { id, version: read }: { id: string; version: number },
  ctx: Context,
): Promise<null> {
  // Deleted before: a repetition.
  if (!(await loadShelf(ctx.query, kind, id))) return null
  return ctx.transaction(async (tx) => {
    const before = await lockShelf(tx.query, kind, id)
    if (before && before.version !== read)
      throw await stale(tx.query, `${kind}:${id}`, { now: before.version, read })
    const version = (before?.version ?? 0) + 1
    if (before) {
      const products = kind === 'collection' ? await placed(tx.query, id) : []
      await removeShelf(tx.query, kind, id)
      await announceDifference(tx, products, [])
      announceShelf(tx, kind, id, { version, deleted: true })
    }
    tx.audit({ subject: `${kind}:${id}`, version, before: before?.fields ?? null, after: null })
    return null
  })
}

function refuseIdLike(slug: string | undefined): void {
  if (slug !== undefined && looksLikeId(slug))
    throw invalidInput({ field: 'slug', message: 'must not look like an id' })
}

async function shelfErrors<T>(kind: ShelfKind, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    switch (violatedConstraint(error)) {
      case `${kind}s_slug_key`:
        throw new Rejection('SLUG_TAKEN')
      case 'brands_name_key':
        throw new Rejection('NAME_TAKEN')
      case `${kind}s_media_id_fkey`:
        throw new Rejection('MEDIA_NOT_FOUND')
      case `${kind}s_pkey`:
        throw new Rejection('IN_PROGRESS')
    }
    throw error
  }
}
