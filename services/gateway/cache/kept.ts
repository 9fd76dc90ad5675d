import type { PayloadOf } from '@stoa/contract'
import type { SearchSettingsChanged } from '@stoa/contracts/search'
import type { Cache } from '@stoa/runtime'
import { KeptAnswers } from './kept-answers.ts'
import { LiveCards } from './live-cards.ts'

/** What a gateway's process keeps of what others answered. */
export type Kept = {
  readonly answers: KeptAnswers
  readonly cards: LiveCards
  /** Zero: nothing is kept. */
  readonly maxBytes: number
  /** What all gateways keep together, in Redis. Undefined without one, and where nothing is kept. */
  readonly shared: Cache | undefined
  /** Which ranking test runs, once an event or an answer has told. */
  test: { readonly known: boolean; readonly test: PayloadOf<typeof SearchSettingsChanged>['test'] }
}

export function openKept({ maxBytes, shared }: { maxBytes: number; shared?: Cache | undefined }): Kept {
  const answers = new KeptAnswers({ maxBytes: Math.max(1, maxBytes) })
  const cards = new LiveCards({ forgotten: (productId) => answers.touch(`hit:${productId}`) })
  return {
    answers,
    cards,
    maxBytes,
    shared: maxBytes > 0 ? shared : undefined,
    test: { known: false, test: null },
  }
}
