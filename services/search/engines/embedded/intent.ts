import type { RankingSettings } from '../engine.ts'
import type { Plan } from './plan.ts'
import type { Matches } from './scoring.ts'
import type { SearchIndex } from './search-index.ts'

/** What kind of thing is meant, guessed from what the best results share. */
export function intentOf(
  index: SearchIndex,
  plan: Plan,
  matches: Matches,
  ranking: RankingSettings,
): Plan['intent'] {
  void index
  void plan
  void matches
  void ranking
  return []
}
