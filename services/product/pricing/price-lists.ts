import { Rejection } from '@stoa/contract'
import {
  MAX_OPEN_PRICE_LISTS,
  MAX_PRICE_LISTS,
  MAX_VARIANT_ENTRIES,
  type PriceList as PriceListSchema,
} from '@stoa/contracts/product-pricing'
import { changedSince, type Query } from '@stoa/runtime'
import type { z } from 'zod'

export type PriceList = z.output<typeof PriceListSchema>

/** What staff say of a list. Times are ISO 8601 in UTC, to the millisecond. */
export type PriceListFields = Pick<PriceList, 'name' | 'customerGroup' | 'priority' | 'startsAt' | 'endsAt'>

export const priceListFields = (list: PriceList): PriceListFields => ({
  name: list.name,
  customerGroup: list.customerGroup,
  priority: list.priority,
  startsAt: list.startsAt,
  endsAt: list.endsAt,
})

export const priceListSubject = (priceListId: string): string => `price-list:${priceListId}`

type Row = Omit<PriceList, 'startsAt' | 'endsAt' | 'createdAt' | 'updatedAt'> & {
  readonly startsAt: Date | null
  readonly endsAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

const COLUMNS = `l.price_list_id as "priceListId", l.name, l.currency, l.customer_group as "customerGroup", l.priority,
  l.starts_at as "startsAt", l.ends_at as "endsAt", l.entry_count as "entryCount", l.settling, l.version,
  l.created_at as "createdAt", l.updated_at as "updatedAt"`

const toPriceList = (row: Row): PriceList => ({
  ...row,
  startsAt: row.startsAt?.toISOString() ?? null,
  endsAt: row.endsAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
})

export async function findPriceList(query: Query, priceListId: string): Promise<PriceList | undefined> {
  const [row] = await query<Row>(FIND, [priceListId])
  return row && toPriceList(row)
}

const FIND = `select ${COLUMNS} from product.price_lists l where l.price_list_id = $1 and l.deleted_at is null`

/** Holds a list, and with it its entries, against other writers until the transaction ends. */
export async function lockPriceList(query: Query, priceListId: string): Promise<PriceList | undefined> {
  const [row] = await query<Row>(`${FIND} for update`, [priceListId])
  return row && toPriceList(row)
}

/** Newest first, before `before`. */
export async function findPriceLists(
  query: Query,
  { currency, before, limit }: { currency: string | undefined; before: string | undefined; limit: number },
): Promise<PriceList[]> {
  const rows = await query<Row>(
    `select ${COLUMNS} from product.price_lists l
     where l.deleted_at is null and l.currency = coalesce($1, l.currency)
       and l.price_list_id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     order by l.price_list_id desc limit $3`,
    [currency ?? null, before ?? null, limit],
  )
  return rows.map(toPriceList)
}

/**
 * Throws TOO_MANY_PRICE_LISTS when there is no room for one more, besides `priceListId`. Those who make room and those who take it wait
 * for each other; those who write a list that is there do not. To be called before a list is locked, as everybody does.
 */
export async function assertRoom(
  query: Query,
  { priceListId, currency, endsAt }: Pick<PriceList, 'priceListId' | 'currency' | 'endsAt'>,
): Promise<void> {
  await query('lock table product.price_lists in share update exclusive mode')
  const [row] = await query<{ all: number; open: number }>(
    `select count(*)::int as all,
       count(*) filter (where currency = $2 and (ends_at is null or ends_at > now()))::int as open
     from product.price_lists where deleted_at is null and price_list_id <> $1`,
    [priceListId, currency],
  )
  const isOpen = endsAt === null || Date.parse(endsAt) > Date.now()
  if (row!.all >= MAX_PRICE_LISTS || (isOpen && row!.open >= MAX_OPEN_PRICE_LISTS))
    throw new Rejection('TOO_MANY_PRICE_LISTS')
}

/** Nothing when it is there already. */
export async function insertPriceList(
  query: Query,
  list: PriceListFields & Pick<PriceList, 'priceListId' | 'currency'>,
): Promise<void> {
  await query(
    `insert into product.price_lists (price_list_id, name, currency, customer_group, priority, starts_at, ends_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (price_list_id) do nothing`,
    [
      list.priceListId,
      list.name,
      list.currency,
      list.customerGroup,
      list.priority,
      list.startsAt,
      list.endsAt,
    ],
  )
}

/**
 * Writes a list's fields; with `settling`, its variants are to be brought to it from the first one on. Undefined when it is no longer
 * at `expectedVersion`.
 */
export async function updatePriceList(
  query: Query,
  at: { priceListId: string; expectedVersion: number; settling: boolean },
  fields: PriceListFields,
): Promise<PriceList | undefined> {
  const [row] = await query<Row>(
    `update product.price_lists l set name = $3, customer_group = $4, priority = $5, starts_at = $6, ends_at = $7,
       version = version + 1, updated_at = now(),
       settling = settling or $8, settled_to = case when $8 then null else settled_to end
     where price_list_id = $1 and version = $2 and deleted_at is null
     returning ${COLUMNS}`,
    [
      at.priceListId,
      at.expectedVersion,
      fields.name,
      fields.customerGroup,
      fields.priority,
      fields.startsAt,
      fields.endsAt,
      at.settling,
    ],
  )
  return row && toPriceList(row)
}

/** It gives no price from now on. Answers its last version; undefined when it is no longer at `expectedVersion`. */
export async function markDeleted(
  query: Query,
  { priceListId, expectedVersion }: { priceListId: string; expectedVersion: number },
): Promise<number | undefined> {
  const [row] = await query<{ version: number }>(
    `update product.price_lists set deleted_at = now(), settling = true, settled_to = null, version = version + 1
     where price_list_id = $1 and version = $2 and deleted_at is null
     returning version`,
    [priceListId, expectedVersion],
  )
  return row?.version
}

export async function stale(
  query: Query,
  { priceListId, readVersion }: { priceListId: string; readVersion: number },
): Promise<Rejection> {
  const now = await findPriceList(query, priceListId)
  if (!now) return new Rejection('PRICE_LIST_NOT_FOUND')
  const subject = priceListSubject(priceListId)
  return new Rejection('STALE', {
    version: now.version,
    changed: await changedSince(query, { schema: 'product', subject, version: readVersion }),
  })
}

export type Tier = { readonly minQuantity: number; readonly amountMinor: number }

/** What a list says of a variant, all its steps ascending. */
export type ListedVariant = {
  readonly sku: string
  readonly variantId: string
  readonly productId: string
  readonly tiers: readonly Tier[]
}

const TIERS = `
  coalesce((
    select json_agg(json_build_object('minQuantity', e.min_quantity, 'amountMinor', e.amount_minor) order by e.min_quantity)
    from product.price_list_entries e where e.price_list_id = $1 and e.variant_id = v.variant_id), '[]')`

/** Of these SKUs those that exist, with their steps in a list: none when it does not name them. */
export const findListedBySku = (
  query: Query,
  { priceListId, skus }: { priceListId: string; skus: readonly string[] },
): Promise<ListedVariant[]> =>
  query<ListedVariant>(
    `select v.sku, v.variant_id as "variantId", v.product_id as "productId", ${TIERS} as tiers
     from product.variants v where v.sku = any ($2::text[])`,
    [priceListId, skus],
  )

/** The variants of a list in the order of their ids, after `after`. */
export const findListed = (
  query: Query,
  { priceListId, after, limit }: { priceListId: string; after: string | undefined; limit: number },
): Promise<ListedVariant[]> =>
  query<ListedVariant>(
    `select v.sku, v.variant_id as "variantId", v.product_id as "productId", ${TIERS} as tiers
     from (
       select distinct variant_id from product.price_list_entries
       where price_list_id = $1 and variant_id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
       order by variant_id limit $3) page
     join product.variants v on v.variant_id = page.variant_id
     order by v.variant_id`,
    [priceListId, after ?? null, limit],
  )

/** Replaces all steps of some variants in a locked list, whose variants' products are locked, too. */
export async function writeEntries(
  query: Query,
  { priceListId, entryCount }: { priceListId: string; entryCount: number },
  variants: readonly Pick<ListedVariant, 'variantId' | 'tiers'>[],
): Promise<void> {
  await query(
    `with input as (
       select * from jsonb_to_recordset($3::jsonb) as i ("variantId" uuid, tiers jsonb)
     ), step as (
       select i."variantId" as variant_id, t."minQuantity" as min_quantity, t."amountMinor" as amount_minor
       from input i, jsonb_to_recordset(i.tiers) as t ("minQuantity" int, "amountMinor" bigint)
     ), counted as (
       update product.price_lists set entry_count = $2 where price_list_id = $1
     ), removed as (
       delete from product.price_list_entries e using input i
       where e.price_list_id = $1 and e.variant_id = i."variantId" and not exists (
         select from step s where s.variant_id = e.variant_id and s.min_quantity = e.min_quantity)
     )
     insert into product.price_list_entries as e (price_list_id, variant_id, min_quantity, amount_minor)
     select $1, variant_id, min_quantity, amount_minor from step
     on conflict (price_list_id, variant_id, min_quantity) do update set amount_minor = excluded.amount_minor
       where e.amount_minor <> excluded.amount_minor`,
    [priceListId, entryCount, JSON.stringify(variants.map(({ variantId, tiers }) => ({ variantId, tiers })))],
  )
}

/** Which of these variants have more steps over all lists than one may have. */
export async function overfullVariants(query: Query, variantIds: readonly string[]): Promise<string[]> {
  const rows = await query<{ sku: string }>(
    `select v.sku
     from product.price_list_entries e
     join product.price_lists l on l.price_list_id = e.price_list_id and l.deleted_at is null
     join product.variants v on v.variant_id = e.variant_id
     where e.variant_id = any ($1::uuid[])
     group by v.sku having count(*) > ${MAX_VARIANT_ENTRIES}
     order by v.sku limit 20`,
    [variantIds],
  )
  return rows.map(({ sku }) => sku)
}
