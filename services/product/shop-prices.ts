import type { Actor } from '@stoa/runtime'

/** The group whose prices a reader sees; '' is everyone. */
export const customerGroupOf = (actor: Actor): string =>
  (actor.kind === 'customer' ? actor.customerGroup : undefined) ?? ''

/** What the variant `v` costs in a currency for a group, as the lateral `e`: its own price of the group, else everyone's. */
export const priceFor = (currency: string, group: string): string => `
  lateral (
    select e.amount_minor, e.compare_at_minor, e.tiers
    from product.effective_prices e
    where e.variant_id = v.variant_id and e.currency = ${currency} and e.customer_group in ('', ${group})
    order by e.customer_group desc
    limit 1) e`

/**
 * The summary of the listing `l` for a group: as it is stored for everyone, with the group's prices instead. `v` are the product's
 * variants.
 */
export const summaryFor = (currency: string, group: string): string => `
  (select l.summary::jsonb || jsonb_build_object(
      'priceFrom', jsonb_build_object('amountMinor', min(e.amount_minor), 'currency', ${currency}),
      'priceTo', jsonb_build_object('amountMinor', max(e.amount_minor), 'currency', ${currency}),
      'compareAtMinor', (array_agg(e.compare_at_minor order by e.amount_minor, v.position))[1],
      'variantCount', count(*))
    from product.variants v cross join ${priceFor(currency, group)}
    where v.product_id = l.product_id and not v.archived)::json`
