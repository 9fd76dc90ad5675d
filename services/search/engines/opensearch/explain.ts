import type { SearchDocument } from '@stoa/contracts/search-document'
import type { CompiledSettings } from '../../planning/compiled-settings.ts'
import type { Plan } from '../../planning/plan.ts'
import { openScratch } from '../embedded/scoring.ts'
import { explainDocuments } from '../embedded/search.ts'
import { openSearchIndex, putDocument } from '../embedded/search-index.ts'
import type { Explanation, RankingSettings, SearchRequest } from '../engine.ts'

export type ExplainedSource = {
  readonly document: SearchDocument
  readonly available?: number
  readonly sold?: number
}

export type Explained = { readonly score: number; readonly explanation: Explanation }

/**
 * Explains hits by the embedded engine's own code: the documents of the page become a small index in memory, and the plan is that of the
 * search. Answers by product.
 */
export async function explainHits(
  sources: readonly ExplainedSource[],
  asked: {
    readonly plan: Plan
    readonly request: SearchRequest
    readonly settings: CompiledSettings
    readonly ranking: RankingSettings
  },
): Promise<ReadonlyMap<string, Explained>> {
  const index = openSearchIndex(asked.settings)
  for (const { document, available, sold } of sources) {
    putDocument(index, {
      ...document,
      ...(available !== undefined && { available }),
      ...(sold !== undefined && { sold }),
    })
    // Reading a long document takes a millisecond.
    await new Promise(setImmediate)
  }
  return explainDocuments(index, { ...asked, scratch: openScratch() })
}
