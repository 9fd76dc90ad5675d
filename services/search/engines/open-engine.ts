import { openEmbeddedEngine } from './embedded/embedded-engine.ts'
import type { SearchEngine } from './engine.ts'

export const openEngine = (): SearchEngine => openEmbeddedEngine()
