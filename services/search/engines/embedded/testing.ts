import type { EngineDocument, EngineSettings, SearchEngine, SearchRequest, SearchResult } from '../engine.ts'
import { aRequest, numberOf, someSettings } from '../testing.ts'
import type { Message } from './message.ts'
import { openShelf, type Shelf } from './shelf.ts'

/** A shelf without its thread, with these documents. */
export function aShelf(documents: readonly EngineDocument[], change: Partial<EngineSettings> = {}): Shelf {
  const shelf = openShelf({ now: () => Date.parse('2026-06-01T00:00:00Z') })
  shelf.handle({ kind: 'configure', settings: someSettings(change) })
  shelf.handle({ kind: 'put', documents })
  return shelf
}

export const searched = (shelf: Shelf, query: string, change: Partial<SearchRequest> = {}): SearchResult =>
  shelf.handle({ kind: 'search', request: aRequest(query, change) }) as SearchResult

/** Numbers of the products found, in order. */
export const found = (shelf: Shelf, query: string, change: Partial<SearchRequest> = {}): number[] =>
  searched(shelf, query, change).hits.map(({ productId }) => numberOf(productId))

/** The engine without its thread: the same answers, sooner. */
export const shelfEngine = (shelf: Shelf): SearchEngine => {
  const ask = async <Answer>(message: Message): Promise<Answer> => shelf.handle(message) as Answer
  const put = (documents: readonly EngineDocument[]) => ask<void>({ kind: 'put', documents })
  return {
    shared: false,
    put,
    putStock: (signals) => ask({ kind: 'signals', signals }),
    putSignals: (signals) => ask({ kind: 'signals', signals }),
    remove: (products) => ask({ kind: 'remove', products }),
    configure: (settings) => ask({ kind: 'configure', settings }),
    startRebuild: async () => {
      const rebuild = await ask<number>({ kind: 'begin-rebuild' })
      return {
        fill: put,
        finish: () => ask({ kind: 'finish-rebuild', rebuild }),
        abandon: () => ask({ kind: 'abandon-rebuild', rebuild }),
      }
    },
    search: (request) => ask({ kind: 'search', request }),
    suggest: (request) => ask({ kind: 'suggest', request }),
    stats: () => ask({ kind: 'stats' }),
    close: async () => {},
  }
}
