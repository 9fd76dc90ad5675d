import type { RankingSettings } from '../engines/engine.ts'

/**
 * What a shop begins with. Chosen on a catalogue of electronics by cross-validation over queries (docs/decisions/0010-search-engine.md);
 * nothing here names a product, a query or a trade.
 */
export const defaultRanking: RankingSettings = {
  version: 1,
  fields: {
    name: { weight: 3, length: 0.6 },
    brand: { weight: 2, length: 0 },
    category: { weight: 2.5, length: 0.3 },
    attributes: { weight: 0.4, length: 0.7 },
    compatibility: { weight: 0.5, length: 0.6 },
    description: { weight: 1, length: 0.8 },
    code: { weight: 3, length: 0 },
  },
  saturation: 1.2,
  signals: { sales: 0.15, rating: 0.05, availability: 0.1, newness: 0.02 },
  steps: { enough: 10, partial: 0.5, coverage: 1, categoryHead: 1.5, adjacency: 0.2, accessory: 0.8 },
}
