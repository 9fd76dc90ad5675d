import { type InputOf, invalidInput } from '@stoa/contract'
import { rankingVariant, type search } from '@stoa/contracts/search'
import { JsonText } from '@stoa/runtime'
import { type Answering, answering } from '../answering.ts'
import { hitText } from '../cards.ts'
import type { Context, Handles } from '../context.ts'
import { CursorRefused } from '../engines/engine.ts'
import { recordableQuery } from '../recordable-query.ts'
import { writeSearchId } from '../search-id.ts'
import { filtersOf, shownFacet, shownRelaxation } from '../search-request.ts'

/** Asks no table: the index answers, cards are text already, and what is counted is written later. */
export const query: Handles<typeof search.operations.query> = (input, ctx) =>
  answering(ctx, (catalogue) => answerOf(input, ctx, catalogue))

async function answerOf(
  input: InputOf<typeof search.operations.query>,
  ctx: Context,
  catalogue: Answering,
): Promise<JsonText> {
  const { state, tree } = catalogue
  const currency = input.currency ?? ctx.config.shopCurrency
  const variant = rankingVariant(state.test, input.visitor)
  const now = ctx.now()
  const facets = input.facets ?? input.after === undefined
  const result = await catalogue.engine
    .search({
      query: input.q,
      filters: filtersOf(input, tree),
      sort: input.sort,
      currency,
      limit: input.limit,
      ...(input.after !== undefined && { after: input.after }),
      facets: facets ? 'all' : 'none',
      variant,
      at: now.toISOString(),
    })
    .catch((error: unknown) => {
      if (error instanceof CursorRefused)
        throw invalidInput({ field: 'after', message: 'must be the `next` of a page of the same search' })
      throw error
    })

  const testId = state.test?.testId ?? null
  const found = result.total > 0 && result.relaxation === null
  const page = input.q === '' ? 'browsing' : input.after === undefined ? 'first' : 'later'
  const recordable = recordableQuery(input.q)
  const searchId = writeSearchId(ctx.resources.secret, {
    query: recordable,
    testId,
    variant,
    found,
    page,
    at: now,
  })
  if (page === 'first')
    ctx.resources.recorder.count(
      { day: now.toISOString().slice(0, 10), query: recordable, testId, variant },
      { searches: 1, zeroResults: found ? 0 : 1 },
    )

  const items = result.hits.flatMap((hit) => {
    const shown = catalogue.shown(hit)
    return shown ? [hitText(shown.card, { currency, available: shown.available > 0 })] : []
  })
  const rest = JSON.stringify({
    total: result.total,
    facets: result.facets.map((facet) => shownFacet(facet, tree)),
    correction: result.correction,
    relaxation: result.relaxation && shownRelaxation(result.relaxation, catalogue.attributeName),
    next: result.next,
    searchId,
    ranking: {
      testId,
      sharePercent: state.test?.sharePercent ?? null,
      variant,
      version: state.settings.version,
    },
  })
  return new JsonText(`{"items":[${items.join(',')}],${rest.slice(1)}`)
}
