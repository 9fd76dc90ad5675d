import type { RankingSettings } from '../engines/engine.ts'

/**
 * What a shop begins with: what cross-validation chose on a catalogue of electronics (`npm run search:judge -- --cross-validate`, which says
 * whether this is still so; docs/decisions/0010-search-engine.md). Nothing here names a product, a query or a trade.
 */
export const defaultRanking: RankingSettings = {
  version: 1,
  fields: {
    name: { weight: 2, length: 0.75 },
    brand: { weight: 2, length: 0 },
    category: { weight: 2, length: 0.75 },
    attributes: { weight: 0.25, length: 0.75 },
    compatibility: { weight: 0.25, length: 0.75 },
    description: { weight: 1, length: 0.75 },
    code: { weight: 3, length: 0 },
  },
  saturation: 1.2,
  signals: { sales: 0.15, rating: 0.05, availability: 0.1, newness: 0.02 },
  steps: {
    enough: 10,
    partial: 0.5,
    coverage: 1,
    spelledOut: 0.9,
    together: 1,
    categoryHead: 2,
    adjacency: 0.5,
    accessory: 0.8,
  },
}
