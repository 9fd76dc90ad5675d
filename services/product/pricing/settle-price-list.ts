import { job, type Query, type Tx } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { bringPrices } from './bring-prices.ts'
import type { PriceList } from './price-lists.ts'

/** Variants per transaction: some tens of milliseconds, so that a list of 100,000 holds nobody up. */
const PAGE = 500

/**
 * Brings the variants of a list to what it says now, a page per run, and schedules the next. With `boundaryMs`, the list's time
 * begins or ends then: the first page. The list knows how far it has come, so a repetition goes on there or has nothing to do,
 * and a boundary that was moved since changes nothing. The entries of a deleted list go with their page, the list with the last.
 */
export const settlePriceList = job({
  name: 'settle-price-list',
  input: z.strictObject({ priceListId: z.uuid(), boundaryMs: z.int().optional() }),
  handle: ({ priceListId, boundaryMs }, ctx: Context) =>
    ctx.transaction(async (tx) => {
      const list = await lockForSettling(tx.query, priceListId)
      if (!list) return
      const isBoundary =
        boundaryMs !== undefined && [list.startsAt, list.endsAt].some((at) => at?.getTime() === boundaryMs)
      if (!isBoundary && (boundaryMs !== undefined || !list.settling)) return
      const page = await lockPage(tx.query, { priceListId, after: isBoundary ? null : list.settledTo })
      const isLast = page.variantCount < PAGE
      await keepPosition(tx.query, { priceListId, to: page.to, isLast, isDeleted: list.isDeleted })
      if (page.productIds.length > 0) await bringPrices(tx, page.productIds)
      if (!isLast) scheduleSettling(tx, priceListId)
    }),
})

/** Behind a change of the list that set `settling`. */
export const scheduleSettling = (tx: Tx, priceListId: string): void =>
  tx.schedule(settlePriceList, { priceListId }, { key: `price-list:${priceListId}` })

/** A time that was scheduled before is replaced; one that is over comes at once. */
export function scheduleBoundaries(tx: Tx, { priceListId, startsAt, endsAt }: PriceList): void {
  for (const [name, at] of Object.entries({ startsAt, endsAt })) {
    if (at === null) continue
    const input = { priceListId, boundaryMs: Date.parse(at) }
    tx.schedule(settlePriceList, input, { runAt: new Date(at), key: `price-list:${priceListId}:${name}` })
  }
}

type Settling = {
  readonly startsAt: Date | null
  readonly endsAt: Date | null
  readonly settling: boolean
  readonly settledTo: string | null
  readonly isDeleted: boolean
}

async function lockForSettling(query: Query, priceListId: string): Promise<Settling | undefined> {
  const [row] = await query<Settling>(
    `select starts_at as "startsAt", ends_at as "endsAt", settling, settled_to as "settledTo",
       deleted_at is not null as "isDeleted"
     from product.price_lists where price_list_id = $1 for update`,
    [priceListId],
  )
  return row
}

type SettlingPage = {
  readonly productIds: string[]
  readonly variantCount: number
  readonly to: string | null
}

/** The next variants of a list, whose products are locked in the order of their ids. */
async function lockPage(
  query: Query,
  { priceListId, after }: { priceListId: string; after: string | null },
): Promise<SettlingPage> {
  const rows = await query<{ productId: string; variantCount: number; to: string }>(
    `with page as materialized (
       select distinct variant_id from product.price_list_entries
       where price_list_id = $1 and variant_id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
       order by variant_id limit ${PAGE}
     )
     select p.product_id as "productId", (select count(*)::int from page) as "variantCount",
       (select variant_id from page order by variant_id desc limit 1) as "to"
     from product.products p
     where p.product_id in (select v.product_id from page join product.variants v on v.variant_id = page.variant_id)
     order by p.product_id for no key update of p`,
    [priceListId, after],
  )
  return {
    productIds: rows.map(({ productId }) => productId),
    variantCount: rows[0]?.variantCount ?? 0,
    to: rows[0]?.to ?? null,
  }
}

async function keepPosition(
  query: Query,
  {
    priceListId,
    to,
    isLast,
    isDeleted,
  }: { priceListId: string; to: string | null; isLast: boolean; isDeleted: boolean },
): Promise<void> {
  if (!isDeleted) {
    await query(
      `update product.price_lists set settling = not $3, settled_to = case when $3 then null else $2::uuid end
       where price_list_id = $1`,
      [priceListId, to, isLast],
    )
  } else if (isLast) {
    await query('delete from product.price_lists where price_list_id = $1', [priceListId])
  } else {
    await query(
      `with gone as (delete from product.price_list_entries where price_list_id = $1 and variant_id <= $2::uuid)
       update product.price_lists set settled_to = $2::uuid where price_list_id = $1`,
      [priceListId, to],
    )
  }
}
