import { type InputOf, invalidInput, type OutputOf } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { Handles } from '../context.ts'
import { type CandidateColumns, CLOCK, entriesJson, IN_PERIOD, toCandidates } from '../pricing/candidates.ts'
import { priceOf, tiersOf } from '../pricing/price.ts'

const QUOTE = `
  with ${CLOCK}
  select v.sku, v.variant_id as "variantId", p.product_id as "productId", p.slug as "productSlug", p.name, v.options,
    v.weight_grams as "weightGrams", clock.at,
    json_build_array(json_build_object('currency', vp.currency, 'amountMinor', vp.amount_minor,
      'compareAtMinor', vp.compare_at_minor)) as own,
    ${entriesJson(`l.currency = $2 and (l.customer_group is null or l.customer_group = $3) and ${IN_PERIOD}`)} as entries
  from product.variants v
  join product.products p on p.product_id = v.product_id and p.status = 'published'
  join product.variant_prices vp on vp.variant_id = v.variant_id and vp.currency = $2
  cross join clock
  where v.sku = any ($1::text[]) and not v.archived`

/** By the database's clock, from what is stored of own prices and lists: no list has to have been brought to the products first. */
export const quote: Handles<typeof product.operations.quote> = async (input, { query, actor }) => {
  const { skus, currency } = input
  const customerGroup = (actor.kind === 'customer' ? actor.customerGroup : undefined) ?? null
  const quantities = quantitiesBySku(input)
  const rows = await query<Row>(QUOTE, [skus, currency, customerGroup])
  return {
    items: rows.map(({ at, own, entries, ...item }) => {
      const candidates = toCandidates({ own, entries })
      const who = { currency, customerGroup, at }
      const { amountMinor } = priceOf(candidates, { ...who, quantity: quantities.get(item.sku) ?? 1 })
      return { ...item, unitPriceMinor: amountMinor!, tiers: tiersOf(candidates, who) }
    }),
  }
}

type Item = OutputOf<typeof product.operations.quote>['items'][number]
type Row = Omit<Item, 'unitPriceMinor' | 'tiers'> & { readonly at: number } & CandidateColumns

function quantitiesBySku({
  skus,
  quantities,
}: InputOf<typeof product.operations.quote>): Map<string, number> {
  if (quantities && quantities.length !== skus.length)
    throw invalidInput({ field: 'quantities', message: 'must be as many as skus' })
  return new Map(skus.map((sku, index) => [sku, quantities?.[index] ?? 1]))
}
