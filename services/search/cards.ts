import type { SearchDocument } from '@stoa/contracts/search-document'

/** What a process keeps of a product beside its index: enough to show it in a list. Some 700 bytes. */
export type Card = {
  readonly version: number
  /** JSON of the fields that depend on nothing else, without the closing brace: answers are put together as text. */
  readonly head: string
  readonly name: string
  readonly slug: string
  readonly skus: readonly string[]
  readonly prices: SearchDocument['prices']
  /** Slugs of every category on its paths. */
  readonly categories: readonly string[]
}

export function cardOf(document: SearchDocument): Card {
  const { productId, version, slug, name, brand, image, rating, variants, prices, categories } = document
  const shown = {
    productId,
    slug,
    name,
    brand: brand?.name ?? null,
    image,
    rating: { average: rating.average, count: rating.count },
    variantCount: variants.length,
  }
  return {
    version,
    head: JSON.stringify(shown).slice(0, -1),
    name,
    slug,
    skus: variants.map(({ sku }) => sku),
    prices: prices.map(({ currency, fromMinor, toMinor, compareAtMinor }) => ({
      currency,
      fromMinor,
      toMinor,
      compareAtMinor,
    })),
    categories: [...new Set(categories.flatMap(({ path }) => path.map((step) => step.slug)))],
  }
}

/** The JSON text of a `SearchHit`. */
export function hitText(
  card: Card,
  { currency, available }: { currency: string; available: boolean },
): string {
  const price = card.prices.find((one) => one.currency === currency)
  const money = (amountMinor: number) => `{"amountMinor":${amountMinor},"currency":"${currency}"}`
  const prices = price
    ? `"priceFrom":${money(price.fromMinor)},"priceTo":${money(price.toMinor)},"compareAtMinor":${price.compareAtMinor}`
    : '"priceFrom":null,"priceTo":null,"compareAtMinor":null'
  return `${card.head},${prices},"available":${available}}`
}
