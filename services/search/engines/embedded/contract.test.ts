import { engineContract } from '../testing/contract.ts'
import { someSettings } from '../testing.ts'
import { openShelf } from './shelf.ts'
import { shelfEngine } from './testing.ts'

engineContract({
  share: 100,
  withinMs: 50,
  aShelf: async (documents, change) => {
    const engine = shelfEngine(openShelf({ now: () => Date.parse('2026-06-01T00:00:00Z') }))
    await engine.configure(someSettings(change))
    await engine.put(documents)
    return engine
  },
})
