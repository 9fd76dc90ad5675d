import type { ProductCard } from '@stoa/contracts/product-cache'
import { LRUCache } from 'lru-cache'

/** What a list shows of a product that events change under it. */
export type LiveCard = Omit<ProductCard, 'skus'> & { readonly available: boolean }

/** Where prices and stock come from. */
export type CardSource = {
  readonly cards: (input: {
    productIds: string[]
    currency?: string
    customerGroup?: string
  }) => Promise<{ items: ProductCard[] }>
  readonly availability: (input: {
    skus: string[]
  }) => Promise<{ items: { sku: string; available: number }[] }>
}

type Scope = { readonly currency: string | undefined; readonly customerGroup: string | undefined }

/** Products and SKUs that are remembered: about 0.5 and 0.2 kB each. */
const MAX_PRODUCTS = 20_000
const MAX_SKUS = 100_000
/** Currencies and groups of one product. */
const MAX_SCOPES = 100
/** Ids of one call: what the operations take. */
const MAX_IDS = 200

/** What was asked for and is not here yet; what changes meanwhile is not remembered from it. */
type Asked = {
  readonly products: Set<string>
  readonly owners: Map<string, string>
  readonly changedProducts: Set<string>
  readonly changedSkus: Set<string>
}

/**
 * Prices and availability of products as they are now: read once, forgotten when an event says that they are others. Serves the
 * answers of search, which hold ids and facets and outlive a change of price or stock.
 */
export class LiveCards {
  readonly #cards = new LRUCache<string, Map<string, ProductCard>>({ max: MAX_PRODUCTS })
  /** By SKU: how many can be bought, and whose it is. */
  readonly #stock = new LRUCache<string, { readonly available: number; readonly productId: string }>({
    max: MAX_SKUS,
  })
  readonly #asked = new Set<Asked>()

  /** Cards of these products, asking for what is not known; a product that is not published has none. */
  async of(
    productIds: readonly string[],
    scope: Scope,
    source: CardSource,
  ): Promise<ReadonlyMap<string, LiveCard>> {
    const asked: Asked = {
      products: new Set(),
      owners: new Map(),
      changedProducts: new Set(),
      changedSkus: new Set(),
    }
    this.#asked.add(asked)
    try {
      const cards = await this.#cardsOf(productIds, scope, source, asked)
      const stock = await this.#stockOf(cards.values(), source, asked)
      return new Map(
        [...cards.values()].map(({ skus, ...card }) => [
          card.productId,
          { ...card, available: skus.some((sku) => stock.get(sku)! > 0) },
        ]),
      )
    } finally {
      this.#asked.delete(asked)
    }
  }

  /** It costs something else, or is sold as something else. */
  productChanged(productId: string): void {
    this.#cards.delete(productId)
    for (const asked of this.#asked) asked.changedProducts.add(productId)
  }

  /** Answers the products whose card may be another now. */
  levelsChanged(skus: readonly string[]): string[] {
    const owners = new Set<string>()
    for (const sku of skus) {
      const known = this.#stock.peek(sku)
      if (known) {
        owners.add(known.productId)
        this.#stock.delete(sku)
      }
      for (const asked of this.#asked) {
        asked.changedSkus.add(sku)
        const owner = asked.owners.get(sku)
        if (owner !== undefined) owners.add(owner)
      }
    }
    return [...owners]
  }

  clear(): void {
    for (const productId of this.#cards.keys()) this.productChanged(productId)
    for (const asked of this.#asked) {
      for (const productId of asked.products) asked.changedProducts.add(productId)
      for (const sku of asked.owners.keys()) asked.changedSkus.add(sku)
    }
    this.#stock.clear()
  }

  async #cardsOf(
    productIds: readonly string[],
    { currency, customerGroup }: Scope,
    source: CardSource,
    asked: Asked,
  ): Promise<Map<string, ProductCard>> {
    const scope = `${currency ?? ''}/${customerGroup ?? ''}`
    const found = new Map<string, ProductCard>()
    const missing: string[] = []
    for (const productId of new Set(productIds)) {
      const card = this.#cards.get(productId)?.get(scope)
      if (card) found.set(productId, card)
      else missing.push(productId)
    }
    for (const productId of missing) asked.products.add(productId)
    for (let at = 0; at < missing.length; at += MAX_IDS) {
      const { items } = await source.cards({
        productIds: missing.slice(at, at + MAX_IDS),
        ...(currency !== undefined && { currency }),
        ...(customerGroup !== undefined && { customerGroup }),
      })
      for (const card of items) {
        found.set(card.productId, card)
        if (asked.changedProducts.has(card.productId)) continue
        let scopes = this.#cards.get(card.productId)
        if (!scopes || scopes.size >= MAX_SCOPES) {
          scopes = new Map()
          this.#cards.set(card.productId, scopes)
        }
        scopes.set(scope, card)
      }
    }
    return found
  }

  async #stockOf(
    cards: Iterable<ProductCard>,
    source: CardSource,
    asked: Asked,
  ): Promise<Map<string, number>> {
    const stock = new Map<string, number>()
    const missing: string[] = []
    for (const { productId, skus } of cards) {
      for (const sku of skus) {
        const known = this.#stock.get(sku)
        if (known) stock.set(sku, known.available)
        else {
          missing.push(sku)
          asked.owners.set(sku, productId)
        }
      }
    }
    for (let at = 0; at < missing.length; at += MAX_IDS) {
      const { items } = await source.availability({ skus: missing.slice(at, at + MAX_IDS) })
      for (const { sku, available } of items) {
        stock.set(sku, available)
        if (!asked.changedSkus.has(sku))
          this.#stock.set(sku, { available, productId: asked.owners.get(sku)! })
      }
    }
    for (const sku of missing) if (!stock.has(sku)) stock.set(sku, 0)
    return stock
  }
}
