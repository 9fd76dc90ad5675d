import type { LiveCard } from './live-cards.ts'

type Hit = { readonly productId: string }

/** The products of a search's answer. */
export const hitsOf = (text: string): string[] =>
  (JSON.parse(text) as { items: Hit[] }).items.map(({ productId }) => productId)

/** A search's answer with prices and availability as they are now. A hit without a card is no longer sold: search has not heard of it yet. */
export function joinCards(text: string, cards: ReadonlyMap<string, LiveCard>): string {
  const answer = JSON.parse(text) as { items: Hit[] }
  answer.items = answer.items.flatMap((hit) => {
    const card = cards.get(hit.productId)
    return card ? [Object.assign(hit, card)] : []
  })
  return JSON.stringify(answer)
}
