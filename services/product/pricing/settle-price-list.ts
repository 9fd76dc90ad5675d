import { job, type Query, type Tx } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { bringPrices } from './bring-prices.ts'
import { epochMs } from './candidates.ts'

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
      const start = list && firstPage(list, boundaryMs)
      if (!list || start === 'nothing-to-do') return
      if (start === 'too-early') {
        const field = list.startsAtMs === boundaryMs ? 'startsAt' : 'endsAt'
        return scheduleBoundary(tx, { priceListId, field, boundaryMs: boundaryMs!, runAtMs: boundaryMs! })
      }
      const page = await lockPage(tx.query, { priceListId, after: start === 'first' ? null : list.settledTo })
      const isLast = page.variantCount < PAGE
      await keepPosition(tx.query, { priceListId, to: page.to, isLast, isDeleted: list.isDeleted })
      if (page.productIds.length > 0) await bringPrices(tx, page.productIds)
      if (!isLast) scheduleSettling(tx, priceListId)
    }),
})

/** Behind a change of the list that set `settling`. */
export const scheduleSettling = (tx: Tx, priceListId: string): void =>
  tx.schedule(settlePriceList, { priceListId }, { key: `price-list:${priceListId}` })

/**
 * A job of long ago starts up to five seconds late, when the runner looks; one that was scheduled within five seconds of its
 * time starts then. So the job is first run this much earlier, and schedules itself for the moment.
 */
const EARLY_MS = 4_900

type Period = { readonly startsAt: string | null; readonly endsAt: string | null }

/** For the times of a list that are other than they were before; the job of the earlier time is replaced. */
export function scheduleBoundaries(
  tx: Tx,
  list: Period & { readonly priceListId: string },
  before: Period = { startsAt: null, endsAt: null },
): void {
  for (const field of ['startsAt', 'endsAt'] as const) {
    const at = list[field]
    if (at === null || at === before[field]) continue
    const boundaryMs = Date.parse(at)
    const { priceListId } = list
    scheduleBoundary(tx, { priceListId, field, boundaryMs, runAtMs: boundaryMs - EARLY_MS })
  }
}

type BoundaryJob = {
  readonly priceListId: string
  readonly field: keyof Period
  readonly boundaryMs: number
  readonly runAtMs: number
}

const scheduleBoundary = (tx: Tx, { priceListId, field, boundaryMs, runAtMs }: BoundaryJob): void =>
  tx.schedule(
    settlePriceList,
    { priceListId, boundaryMs },
    { runAt: new Date(runAtMs), key: `price-list:${priceListId}:${field}` },
  )

function firstPage(
  list: Settling,
  boundaryMs: number | undefined,
): 'first' | 'next' | 'too-early' | 'nothing-to-do' {
  if (boundaryMs === undefined) return list.settling ? 'next' : 'nothing-to-do'
  if (list.startsAtMs !== boundaryMs && list.endsAtMs !== boundaryMs) return 'nothing-to-do'
  return boundaryMs > list.nowMs ? 'too-early' : 'first'
}

type Settling = {
  readonly startsAtMs: number | null
  readonly endsAtMs: number | null
  readonly nowMs: number
  readonly settling: boolean
  readonly settledTo: string | null
  readonly isDeleted: boolean
}

async function lockForSettling(query: Query, priceListId: string): Promise<Settling | undefined> {
  const [row] = await query<Settling>(
    `select ${epochMs('starts_at')} as "startsAtMs", ${epochMs('ends_at')} as "endsAtMs",
       floor(extract(epoch from clock_timestamp()) * 1000)::bigint as "nowMs", settling, settled_to as "settledTo",
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
