import { Rejection } from '@stoa/contract'
import type { ProductCard } from '@stoa/contracts/product-cache'
import { LRUCache } from 'lru-cache'

/** What a list shows of a product that events change under it. */
export type LiveCard = Omit<ProductCard, 'skus'> & {
  /** Absent: stock cannot be had. */
  readonly available?: boolean
}

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

export type Scope = { readonly currency: string | undefined; readonly customerGroup: string | undefined }

/** Of all cards together, in SKUs of about 100 bytes; a card itself counts as five. */
const MAX_CARD_SIZE = 300_000
const CARD_SIZE = 5
/** SKUs whose stock is remembered: about 0.2 kB each. */
const MAX_SKUS = 100_000
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
  /** By product, currency and group. */
  readonly #cards = new LRUCache<string, ProductCard>({
    maxSize: MAX_CARD_SIZE,
    sizeCalculation: ({ skus }) => CARD_SIZE + skus.length,
    dispose: ({ productId }, key) => this.#forget(productId, key),
  })
  readonly #keys = new Map<string, Set<string>>()
  /** By SKU: how many can be bought, and whose it is. */
  readonly #stock: LRUCache<string, { readonly available: number; readonly productId: string }>
  readonly #asked = new Set<Asked>()

  /** `forgotten`: the stock of one of its SKUs had to make room, so that a change of it will not name the product. */
  constructor({
    maxSkus = MAX_SKUS,
    forgotten,
  }: { maxSkus?: number | undefined; forgotten: (productId: string) => void }) {
    this.#stock = new LRUCache({
      max: maxSkus,
      dispose: ({ productId }, _sku, reason) => {
        if (reason === 'evict') forgotten(productId)
      },
    })
  }

  /** Cards of these products, asking for what is not known; a product that is not published has none. `isWhole`: they tell their stock. */
  async of(
    productIds: readonly string[],
    scope: Scope,
    source: CardSource,
  ): Promise<{ readonly cards: ReadonlyMap<string, LiveCard>; readonly isWhole: boolean }> {
    const asked: Asked = {
      products: new Set(),
      owners: new Map(),
      changedProducts: new Set(),
      changedSkus: new Set(),
    }
    this.#asked.add(asked)
    try {
      const cards = await this.#cardsOf(productIds, scope, source, asked)
      const stock = await this.#stockOf(cards.values(), source, asked).catch((error: unknown) => {
        if (error instanceof Rejection) return undefined
        throw error
      })
      const live = [...cards.values()].map(
        ({ skus, ...card }): LiveCard => ({
          ...card,
          ...(stock && { available: skus.some((sku) => stock.get(sku)! > 0) }),
        }),
      )
      return { cards: new Map(live.map((card) => [card.productId, card])), isWhole: stock !== undefined }
    } finally {
      this.#asked.delete(asked)
    }
  }

  /** It costs something else, or is sold as something else. */
  productChanged(productId: string): void {
    for (const key of [...(this.#keys.get(productId) ?? [])]) this.#cards.delete(key)
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
    this.#cards.clear()
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
      const card = this.#cards.get(`${productId}/${scope}`)
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
        if (!asked.changedProducts.has(card.productId)) this.#remember(`${card.productId}/${scope}`, card)
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
        if (known) {
          stock.set(sku, known.available)
          if (known.productId !== productId) this.#stock.set(sku, { ...known, productId })
        } else {
          missing.push(sku)
          asked.owners.set(sku, productId)
          // What changed before we ask is in what we are told.
          asked.changedSkus.delete(sku)
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

  #remember(key: string, card: ProductCard): void {
    this.#cards.set(key, card)
    const keys = this.#keys.get(card.productId)
    if (keys) keys.add(key)
    else this.#keys.set(card.productId, new Set([key]))
  }

  #forget(productId: string, key: string): void {
    const keys = this.#keys.get(productId)
    keys?.delete(key)
    if (keys?.size === 0) this.#keys.delete(productId)
  }
}
