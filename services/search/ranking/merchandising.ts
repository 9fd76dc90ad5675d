import type { MerchandisingRule, SearchFilters } from '../engines/engine.ts'

/** Rules that hold for a query, a category filter and an instant. `query` is compared in the form of `sameQuery`. */
export function rulesFor<Rule extends MerchandisingRule & { readonly query: string | undefined }>(
  rules: readonly Rule[],
  asked: { readonly query: string; readonly filters: SearchFilters; readonly atMs: number },
): Rule[] {
  return rules.filter(({ when, query, from, until }) => {
    if (from !== undefined && Date.parse(from) > asked.atMs) return false
    if (until !== undefined && Date.parse(until) <= asked.atMs) return false
    if (query !== undefined && query !== asked.query) return false
    const categories = asked.filters.categories ?? []
    return when.category === undefined || (categories.length === 1 && categories[0] === when.category)
  })
}

const FACTOR = 2
const FACTOR_AT_MOST = 10

/** What a boost multiplies by; a bury divides. */
export const factorOf = ({ action, factor = FACTOR }: MerchandisingRule): number => {
  const bounded = Math.min(FACTOR_AT_MOST, Math.max(1, factor))
  return action === 'bury' ? 1 / bounded : bounded
}
