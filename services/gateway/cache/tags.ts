import type { Contract, InputOf, OutputOf } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import type { product } from '@stoa/contracts/product'
import type { search } from '@stoa/contracts/search'

type Cached<C extends Contract> = {
  readonly [K in keyof C['operations']]?: (
    input: InputOf<C['operations'][K]>,
    output: OutputOf<C['operations'][K]>,
  ) => readonly string[]
}

const productTags = (items: readonly { productId: string }[]) =>
  items.map(({ productId }) => `product:${productId}`)

const ofProduct: Cached<typeof product> = {
  list: ({ category, brand, collection }, { items }) => [
    'products',
    ...(category === undefined ? [] : ['categories']),
    ...(brand === undefined ? [] : ['brands']),
    ...(collection === undefined ? [] : ['collections']),
    ...productTags(items),
  ],
  get: (_, { productId, categories, collections }) => [
    `product:${productId}`,
    'attributes',
    ...categories.map(({ categoryId }) => `category:${categoryId}`),
    ...collections.map(({ collectionId }) => `collection:${collectionId}`),
  ],
  links: (_, { related, upSell, crossSell }) => [
    'products',
    ...productTags([...related, ...upSell, ...crossSell]),
  ],
  categories: () => ['categories'],
  category: () => ['categories'],
  brands: () => ['brands'],
  brand: () => ['brands'],
  collections: () => ['collections'],
  collection: () => ['collections'],
  reviews: ({ productId }) => [`reviews:${productId}`, `product:${productId}`],
}

const ofSearch: Cached<typeof search> = {
  // Not `product:<id>`: what a product costs is joined, and drops nothing here.
  query: ({ sort, priceFrom, priceTo, rating, available }, { items }) => [
    'search',
    ...(sort.startsWith('price') || priceFrom !== undefined || priceTo !== undefined
      ? ['search:prices']
      : []),
    ...(sort === 'rating' || rating !== undefined ? ['search:rating'] : []),
    ...(available === undefined ? [] : ['search:available']),
    ...items.map(({ productId }) => `hit:${productId}`),
  ],
  suggest: () => ['search'],
}

const ofAuth: Cached<typeof auth> = { jwks: () => ['jwks'] }

/**
 * By what a kept answer is dropped, for each operation whose contract says that it may be kept. An answer is about what it shows
 * and about what, if it came to be, it would show.
 */
export const tagsOf: Readonly<Record<string, (input: never, output: never) => readonly string[]>> =
  Object.fromEntries(
    Object.entries({ product: ofProduct, search: ofSearch, auth: ofAuth }).flatMap(([service, operations]) =>
      Object.entries(operations).map(([name, tags]) => [`${service}.${name}`, tags]),
    ),
  )
