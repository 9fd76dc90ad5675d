import { invalidInput } from '@stoa/contract'
import type { search } from '@stoa/contracts/search'
import type { Context, Handles } from '../context.ts'
import { type AnsweredSearch, cartKey, readSearchId } from '../search-id.ts'

/** Positions that are told apart; who looks further is one of few. */
const MAX_POSITION = 100

/** Counts in memory. What is too old, or of a product that is not there, counts nothing and is no error: the page may have been open long. */
export const track: Handles<typeof search.operations.track> = async (input, ctx) => {
  const { productId, position, cartId } = input
  const { recorder, secret, catalogue, shared } = ctx.resources
  if (input.kind === 'added' && cartId === undefined)
    throw invalidInput({ field: 'cartId', message: 'is required with kind added' })
  const answered = read('searchId', input.searchId, ctx)
  const instead = input.instead === undefined ? undefined : read('instead', input.instead, ctx)
  const card = catalogue.card(productId) ?? (await shared?.card(productId))
  if (!answered || answered.page === 'browsing' || !card) return null
  const { query, testId, variant } = answered
  const day = ctx.now().toISOString().slice(0, 10)
  if (input.kind === 'click') {
    recorder.count({ day, query, testId, variant }, { clicks: 1 })
    if (position <= MAX_POSITION) recorder.clickAt(day, position)
    if (instead?.query && query !== null && instead.query !== query)
      recorder.reformulated(day, { from: instead.query, to: query })
  } else {
    const mark = { cartKey: cartKey(secret, cartId!), productId, skus: card.skus, query, testId, variant }
    recorder.mark(day, mark)
  }
  return null
}

function read(field: string, id: string, ctx: Context): AnsweredSearch | undefined {
  const answered = readSearchId(ctx.resources.secret, id, ctx.now())
  if (answered === 'forged') throw invalidInput({ field, message: 'must be the `searchId` of an answer' })
  return answered === 'expired' ? undefined : answered
}
