import { LevelsChanged } from '@stoa/contracts/inventory'
import {
  AttributeChanged,
  BrandChanged,
  CategoryChanged,
  CollectionChanged,
  ProductChanged,
} from '@stoa/contracts/product'
import { CacheCleared } from '@stoa/contracts/product-cache'
import { ReviewChanged } from '@stoa/contracts/product-reviews'
import { SearchRefreshRequested, SearchSettingsChanged } from '@stoa/contracts/search'
import { ALL, everywhere, type Fact } from '@stoa/runtime'
import type { Context } from '../context.ts'
import type { Kept } from './kept.ts'

const HEARD = [
  ProductChanged,
  CategoryChanged,
  AttributeChanged,
  BrandChanged,
  CollectionChanged,
  ReviewChanged,
  LevelsChanged,
  SearchSettingsChanged,
  SearchRefreshRequested,
  CacheCleared,
] as const

/** Tags of what the index answers, which hears of a change when we do. */
const SETTLING = new Set(['search', 'search:prices', 'search:rating', 'search:available'])

export type HeardFact = Fact<(typeof HEARD)[number]>

/** In every process with a gateway: what is kept there is dropped when it is no longer so. */
export const dropAnswers = everywhere({
  name: 'drop-answers',
  hears: HEARD,
  handle: async (facts, ctx: Context) => hear(facts, ctx.resources),
})

/** Resolves when the other gateways can no longer be given what was dropped. In this process it holds at once. */
export async function hear(facts: readonly HeardFact[], kept: Kept): Promise<void> {
  const { answers, cards } = kept
  const dropped = new Set<string>()
  const touched = new Set<string>()
  let all = false
  /** Of what search answers: its index hears of a change when we do. */
  const settling = new Set<string>()
  for (const { type, payload } of facts) {
    switch (type) {
      case 'product.changed': {
        const { productId, only } = payload
        dropped.add(`product:${productId}`)
        if (only === 'rating') {
          dropped.add(`hit:${productId}`).add('search:rating')
          settling.add('search')
          break
        }
        cards.productChanged(productId)
        if (only === 'prices') {
          touched.add(`hit:${productId}`)
          dropped.add('search:prices')
        } else dropped.add('products').add('search')
        break
      }
      case 'product.category-changed':
        dropped.add('categories').add(`category:${payload.categoryId}`).add('search')
        break
      case 'product.brand-changed':
        dropped.add('brands').add('search')
        break
      case 'product.collection-changed':
        dropped.add('collections').add(`collection:${payload.collectionId}`).add('search')
        break
      case 'product.attribute-changed':
        dropped.add('attributes').add('search')
        break
      case 'product.review-changed':
        dropped.add(`reviews:${payload.productId}`)
        break
      case 'inventory.levels-changed':
        dropped.add('search:available')
        for (const productId of cards.levelsChanged(payload.skus)) touched.add(`hit:${productId}`)
        break
      case 'search.settings-changed':
        kept.test = { known: true, test: payload.test }
        dropped.add('search')
        break
      case 'search.refresh-requested':
        dropped.add('search')
        break
      case 'product.cache-cleared':
        // By which address the others know an answer is not known here.
        if (payload.all || payload.path !== null) all = true
        if (payload.all) {
          answers.dropAll()
          cards.clear()
        }
        if (payload.tag !== null) dropped.add(payload.tag)
        if (payload.path !== null) answers.dropAddress(payload.path)
    }
  }
  for (const tag of dropped) if (SETTLING.has(tag)) settling.add(tag)
  answers.settle(settling)
  answers.drop(dropped)
  for (const tag of touched) answers.touch(tag)
  // Told in the same turn: whatever this process asks the others for from now on is answered after it.
  if (all || dropped.size > 0) await kept.shared?.drop(...(all ? [ALL] : dropped))
}
