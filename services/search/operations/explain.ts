import type { InputOf } from '@stoa/contract'
import type { search } from '@stoa/contracts/search'
import { type Answering, answering } from '../answering.ts'
import type { Context, Handles } from '../context.ts'
import type { Hit, SearchRequest, SearchResult } from '../engines/engine.ts'
import { filtersOf } from '../search-request.ts'

/** Hits that are looked through for the product: nobody scrolls further. */
const PAGES = 10
const PAGE = 100

export const explain: Handles<typeof search.operations.explain> = (input, ctx) =>
  answering(ctx, (catalogue) => explained(input, ctx, catalogue))

async function explained(
  input: InputOf<typeof search.operations.explain>,
  ctx: Context,
  catalogue: Answering,
) {
  const { productId, variant } = input
  const filters = filtersOf(input, catalogue.tree)
  const request: SearchRequest = {
    query: input.q,
    filters,
    sort: input.sort,
    currency: input.currency ?? ctx.config.shopCurrency,
    limit: PAGE,
    facets: 'none',
    variant,
    explain: true,
    at: ctx.now().toISOString(),
  }
  const find = (asked: SearchRequest): Promise<SearchResult> => catalogue.engine.search(asked)
  const first = await find(request)
  let page: SearchResult = first
  let hit: Hit | undefined
  let position: number | null = null
  for (let pages = 0; pages < PAGES; pages += 1) {
    const at = page.hits.findIndex((one) => one.productId === productId)
    if (at >= 0) {
      hit = page.hits[at]
      position = pages * PAGE + at + 1
      break
    }
    if (page.next === null || ctx.signal.aborted) break
    page = await find({ ...request, after: page.next })
  }
  if (!hit) {
    const alone = await find({
      ...request,
      filters: { ...filters, productIds: [productId] },
      recover: false,
    })
    hit = alone.hits.find((one) => one.productId === productId)
  }
  const told = hit?.explain
  return {
    indexed: (await catalogue.card(productId)) !== undefined,
    position,
    total: first.total,
    score: hit?.score ?? null,
    text: told?.text ?? null,
    terms: [...(told?.terms ?? [])],
    factors: [...(told?.factors ?? [])],
    rules: (told?.rules ?? []).map(({ ruleId, action }) => ({
      ruleId,
      action,
      name: catalogue.state.ruleNames.get(ruleId) ?? null,
    })),
    correction: first.correction,
    settingsVersion: catalogue.state.settings.version,
  }
}
