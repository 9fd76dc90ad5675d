import { Rejection } from '@stoa/contract'
import type { SearchHit, search } from '@stoa/contracts/search'
import type { Handles } from '../context.ts'
import { isLostIndex } from '../lost-index.ts'
import { readyCatalogue } from '../ready-catalogue.ts'

export const suggest: Handles<typeof search.operations.suggest> = async ({ q, limit }, ctx) => {
  const catalogue = readyCatalogue(ctx.resources)
  const { products, categories, brands, queries } = await catalogue.engine
    .suggest({ prefix: q, limit })
    .catch(async (error: unknown) => {
      if (await isLostIndex(error, ctx)) throw new Rejection('SEARCH_NOT_READY')
      throw error
    })
  return {
    products: products.flatMap(({ productId, slug, name }) => {
      const card = catalogue.card(productId)
      return card
        ? [{ productId, slug, name, image: (JSON.parse(`${card.head}}`) as Pick<SearchHit, 'image'>).image }]
        : []
    }),
    categories: categories.map(({ path, name, products }) => {
      const slugs = path.split('/')
      return { slug: slugs.at(-1)!, name, path: slugs, products }
    }),
    brands: [...brands],
    queries: [...queries],
  }
}
