import type { PayloadOf } from '@stoa/contract'
import type { SearchSettingsChanged } from '@stoa/contracts/search'
import { KeptAnswers } from './kept-answers.ts'
import { LiveCards } from './live-cards.ts'

/** What a gateway's process keeps of what others answered. */
export type Kept = {
  readonly answers: KeptAnswers
  readonly cards: LiveCards
  /** Zero: nothing is kept. */
  readonly maxBytes: number
  /** Which ranking test runs, once an event or an answer has told. */
  test: { readonly known: boolean; readonly test: PayloadOf<typeof SearchSettingsChanged>['test'] }
}

export function openKept({ maxBytes }: { maxBytes: number }): Kept {
  const answers = new KeptAnswers({ maxBytes: Math.max(1, maxBytes) })
  const cards = new LiveCards({ forgotten: (productId) => answers.touch(`hit:${productId}`) })
  return { answers, cards, maxBytes, test: { known: false, test: null } }
}
