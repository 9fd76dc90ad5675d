import type { SearchHit, search } from '@stoa/contracts/search'
import { answering } from '../answering.ts'
import type { Handles } from '../context.ts'

export const suggest: Handles<typeof search.operations.suggest> = ({ q, limit }, ctx) =>
  answering(ctx, async (catalogue) => {
    const { products, categories, brands, queries } = await catalogue.engine.suggest({ prefix: q, limit })
    return {
      products: products.flatMap((product) => {
        const { productId, slug, name } = product
        const card = catalogue.shown(product)?.card
        return card
          ? [
              {
                productId,
                slug,
                name,
                image: (JSON.parse(`${card.head}}`) as Pick<SearchHit, 'image'>).image,
              },
            ]
          : []
      }),
      categories: categories.map(({ path, name, products }) => {
        const slugs = path.split('/')
        return { slug: slugs.at(-1)!, name, path: slugs, products }
      }),
      brands: [...brands],
      queries: [...queries],
    }
  })
