import { Rejection } from '@stoa/contract'
import type { Card } from './cards.ts'
import type { CategoryTree } from './category-tree.ts'
import type { Context } from './context.ts'
import { EngineAway, type SearchEngine, type Shown } from './engines/engine.ts'
import { retryShared } from './load-shared.ts'
import { isLostIndex } from './lost-index.ts'
import type { SearchState } from './settings.ts'

/** What answers searches: this process's own index, or the one that all share. */
export type Answering = {
  readonly engine: SearchEngine
  readonly tree: CategoryTree
  readonly state: SearchState
  readonly attributeName: (code: string) => string | undefined
  /** What is shown of a hit; none when it went while the index answered. */
  readonly shown: (
    hit: { readonly productId: string } & Shown,
  ) => { card: Card; available: number } | undefined
  readonly card: (productId: string) => Promise<Card | undefined> | Card | undefined
}

/**
 * Does work with the index that answers: the shared one where there is one, and this process's own where that is away and
 * `SEARCH_FALLBACK` asks for it. Refuses with `SEARCH_NOT_READY` while none can answer, as unavailable when the shared one is away.
 */
export async function answering<T>(ctx: Context, work: (one: Answering) => Promise<T>): Promise<T> {
  const { shared, catalogue, holds } = ctx.resources
  if (shared) void retryShared(ctx, shared)
  if (shared?.ready)
    try {
      return await work(shared)
    } catch (error) {
      if (!(error instanceof EngineAway) || !holds || !catalogue.ready) throw error
    }
  if (!holds || !catalogue.ready) throw new Rejection('SEARCH_NOT_READY')
  try {
    return await work(catalogue)
  } catch (error) {
    if (await isLostIndex(error, ctx)) throw new Rejection('SEARCH_NOT_READY')
    throw error
  }
}
