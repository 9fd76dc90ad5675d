import type { Query } from '@stoa/runtime'
import type { Candidates, ListEntry, OwnPrice } from './price.ts'

/** The database's clock in epoch milliseconds, the unit in which periods are compared: `at` of the CTE `clock`. */
export const CLOCK = `clock as materialized (select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as at)`

/** SQL for a `timestamptz` in epoch milliseconds. */
export const epochMs = (column: string): string => `(extract(epoch from ${column}) * 1000)::bigint`

/** What lists say of the variant `v`, as JSON for `priceOf`. `only` narrows it, of the entry `e` in the list `l`. */
export const entriesJson = (only: string): string => `
  (select json_agg(json_build_object(
      'priceListId', l.price_list_id, 'name', l.name, 'currency', l.currency, 'customerGroup', l.customer_group,
      'priority', l.priority, 'startsAtMs', ${epochMs('l.starts_at')}, 'endsAtMs', ${epochMs('l.ends_at')},
      'minQuantity', e.min_quantity, 'amountMinor', e.amount_minor))
    from product.price_list_entries e
    join product.price_lists l on l.price_list_id = e.price_list_id and l.deleted_at is null
    where e.variant_id = v.variant_id and ${only})`

/** Of the list `l`: whether its time is now, by `clock`. */
export const IN_PERIOD = `(l.starts_at is null or ${epochMs('l.starts_at')} <= clock.at)
  and (l.ends_at is null or ${epochMs('l.ends_at')} > clock.at)`

/** The own prices of the variant `v`, as JSON for `priceOf`. */
export const OWN_PRICES_JSON = `
  (select json_agg(json_build_object('currency', vp.currency, 'amountMinor', vp.amount_minor,
      'compareAtMinor', vp.compare_at_minor))
    from product.variant_prices vp where vp.variant_id = v.variant_id)`

export type CandidateColumns = { readonly own: OwnPrice[] | null; readonly entries: ListEntry[] | null }

export const toCandidates = ({ own, entries }: CandidateColumns): Candidates => ({
  own: own ?? [],
  entries: entries ?? [],
})

/** All that may price a variant, whatever the currency, the group and the time; and the time it is now. */
export async function findCandidates(
  query: Query,
  sku: string,
): Promise<{ sku: string; variantId: string; now: number; candidates: Candidates } | undefined> {
  const [row] = await query<{ sku: string; variantId: string; now: number } & CandidateColumns>(
    `with ${CLOCK}
     select v.sku, v.variant_id as "variantId", clock.at as now, ${OWN_PRICES_JSON} as own, ${entriesJson('true')} as entries
     from product.variants v, clock where v.sku = $1`,
    [sku],
  )
  return row && { sku: row.sku, variantId: row.variantId, now: row.now, candidates: toCandidates(row) }
}
