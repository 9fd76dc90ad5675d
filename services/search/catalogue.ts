import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Client } from '@stoa/contract'
import type { inventory } from '@stoa/contracts/inventory'
import type { product } from '@stoa/contracts/product'
import type { SearchDocument } from '@stoa/contracts/search-document'
import type { Query } from '@stoa/runtime'
import { v7 } from 'uuid'
import { type Card, cardOf } from './cards.ts'
import { type CategoryTree, changedCategories, treeOf } from './category-tree.ts'
import type { EngineDocument, Rebuild, SearchEngine } from './engines/engine.ts'
import { readSales } from './records.ts'
import { readState, type SearchState } from './settings.ts'

/** What is needed to read from others: part of every context. */
export type Reader = {
  readonly query: Query
  readonly call: { readonly product: Client<typeof product>; readonly inventory: Client<typeof inventory> }
  readonly signal: AbortSignal
}

/** Ids of one page of a whole catalogue, and documents of one call: some 3 ms of reading JSON, then others have their turn. */
const ID_PAGE = 1_000
const DOCUMENT_PAGE = 50
/** Calls under way while a catalogue is read: the database works while this process reads. */
const AT_ONCE = 3
/** What inventory answers in one call. */
const AVAILABILITY_PAGE = 200
/** Cards that are looked at before others have their turn. */
const TURN = 2_000
/** Products that are not published any more, for those who ask whether their change has come: the last ones. */
const MAX_GONE = 20_000

/**
 * What this process knows of the catalogue: the index, and beside it each product's card, stock and sales. Everything is made of what
 * other services say, and can be read again at any time.
 */
export class Catalogue {
  readonly replicaId = v7()
  readonly startedAt = new Date()
  readonly #open: () => SearchEngine
  #engine: SearchEngine
  readonly #cards = new Map<string, Card>()
  readonly #productOf = new Map<string, string>()
  readonly #available = new Map<string, number>()
  /** SKUs whose level is being asked for: what an event tells of them meanwhile is newer. */
  readonly #asked = new Set<string>()
  #sold = new Map<string, number>()
  /** Version under which a product was last seen to have no document. */
  readonly #gone = new Map<string, number>()
  #tree: CategoryTree = treeOf([])
  /** Under which products were read, or an older one: what differs from it has to be read again. */
  #treeRead: CategoryTree = treeOf([])
  #attributeNames: ReadonlyMap<string, string> = new Map()
  #state: SearchState | undefined
  #configured = 0
  #configuring: Promise<unknown> = Promise.resolve()
  #rebuild: { readonly touched: Set<string>; readonly put: Set<string> } | undefined
  #loaded = false
  #whenLoaded = Promise.withResolvers<void>()
  /** The index was built under settings or attributes that are no longer those of now. */
  outdated = false

  constructor(open: () => SearchEngine) {
    this.#open = open
    this.#engine = open()
  }

  get engine(): SearchEngine {
    return this.#engine
  }

  /** Whether the first load has ended. */
  get ready(): boolean {
    return this.#loaded
  }
  get rebuilding(): boolean {
    return this.#rebuild !== undefined
  }
  get tree(): CategoryTree {
    return this.#tree
  }
  /** Only when `ready`. */
  get state(): SearchState {
    return this.#state!
  }
  get size(): number {
    return this.#cards.size
  }

  readonly attributeName = (code: string): string | undefined => this.#attributeNames.get(code)

  card(productId: string): Card | undefined {
    return this.#cards.get(productId)
  }

  shown({ productId }: { readonly productId: string }): { card: Card; available: number } | undefined {
    const card = this.card(productId)
    return card && { card, available: this.available(card) }
  }

  missing(asked: readonly { readonly productId: string; readonly version: number }[]): number {
    return asked.filter((one) => !this.knows(one)).length
  }

  /** Units that can be bought, over all variants. */
  available(card: Card): number {
    let sum = 0
    for (const sku of card.skus) sum += this.#available.get(sku) ?? 0
    return sum
  }

  /** Whether a product is known in this version or a newer one, or is known to be gone since. */
  knows({ productId, version }: { productId: string; version: number }): boolean {
    const known = this.#cards.get(productId)?.version ?? this.#gone.get(productId) ?? 0
    return known >= version
  }

  /** Reads everything for the first time. A repetition after a failure goes over the same ground. */
  async load(reader: Reader): Promise<void> {
    await this.configure(reader)
    const tree = this.#tree
    this.#sold = await readSales(reader.query)
    await readAll(reader, async (documents) => this.#put(documents, reader))
    this.#treeRead = tree
    this.#loaded = true
    this.#whenLoaded.resolve()
  }

  /** After the index was lost: begins with an empty one, as a new process does. A load must follow. */
  reopen(): void {
    this.#loaded = false
    this.#whenLoaded = Promise.withResolvers()
    // The one before may live: a load that failed is begun again.
    this.#engine.close().catch(() => {})
    this.#engine = this.#open()
    this.#cards.clear()
    this.#productOf.clear()
    this.#available.clear()
    this.#gone.clear()
    this.outdated = false
  }

  /** Waits until the first load has ended. */
  async loaded(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const aborted = Promise.withResolvers<never>()
    const abort = () => aborted.reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    await Promise.race([this.#whenLoaded.promise, aborted.promise]).finally(() =>
      signal.removeEventListener('abort', abort),
    )
  }

  /** Reads settings, rules, categories and attributes, and answers by them. One after the other: the last one knows the most. */
  configure(reader: Reader): Promise<void> {
    const turn = this.#configuring.then(() => this.#configure(reader))
    this.#configuring = turn.catch(() => {})
    return turn
  }

  async #configure(reader: Reader): Promise<void> {
    // Of this process's own engine, whose order is the order of these calls.
    this.#configured += 1
    const { tree, attributeNames, state, rebuild } = await configureEngine(
      this.#engine,
      this.#configured,
      reader,
    )
    this.#tree = tree
    this.#attributeNames = attributeNames
    this.#state = state
    if (rebuild && this.#cards.size > 0) this.outdated = true
  }

  /** Brings products to what the catalogue says of them now. `versions`: of the changes that were heard. */
  async refresh(versions: ReadonlyMap<string, number>, reader: Reader): Promise<void> {
    for (const ids of pages([...versions.keys()], DOCUMENT_PAGE * AT_ONCE)) {
      const answers = await Promise.all(
        pages(ids, DOCUMENT_PAGE).map((productIds) => reader.call.product.documents({ productIds })),
      )
      const documents = answers.flatMap(({ items }) => items)
      for (const id of ids) this.#rebuild?.touched.add(id)
      await this.#put(documents, reader)
      const there = new Set(documents.map(({ productId }) => productId))
      await this.#remove(ids.filter((id) => !there.has(id)).map((id) => ({ id, version: versions.get(id)! })))
    }
  }

  /** Refreshes the products of all categories, and of those below them, that are others than when products were read. */
  async refreshCategories(reader: Reader): Promise<void> {
    const tree = this.#tree
    const slugs = changedCategories(this.#treeRead, tree)
    if (slugs.size > 0) await this.#refreshCategories(slugs, reader)
    this.#treeRead = tree
  }

  async #refreshCategories(slugs: ReadonlySet<string>, reader: Reader): Promise<void> {
    const concerned = new Map<string, number>()
    let looked = 0
    for (const [id, card] of this.#cards) {
      if (card.categories.some((slug) => slugs.has(slug))) concerned.set(id, card.version)
      looked += 1
      if (looked % TURN === 0) await nextTurn()
    }
    await this.refresh(concerned, reader)
  }

  /** Reads levels that inventory says have changed; of goods that are in no card nothing is kept. */
  async refreshStock(skus: readonly string[], { call }: Pick<Reader, 'call'>): Promise<void> {
    const known = skus.filter((sku) => this.#productOf.has(sku) || this.#asked.has(sku))
    const products = new Set<string>()
    for (const page of pages(known, AVAILABILITY_PAGE)) {
      for (const { sku, available } of (await call.inventory.availability({ skus: page })).items) {
        this.#available.set(sku, available)
        const productId = this.#productOf.get(sku)
        if (productId !== undefined) products.add(productId)
      }
    }
    if (products.size === 0) return
    await this.#engine.putStock(
      [...products].map((productId) => ({
        productId,
        available: this.available(this.#cards.get(productId)!),
      })),
    )
  }

  async addSales(lines: readonly { readonly sku: string; readonly quantity: number }[]): Promise<void> {
    const products = new Set<string>()
    for (const { sku, quantity } of lines) {
      this.#sold.set(sku, (this.#sold.get(sku) ?? 0) + quantity)
      const productId = this.#productOf.get(sku)
      if (productId !== undefined) products.add(productId)
    }
    await this.#putSales(products)
  }

  /** Sales grow old: they are counted anew. */
  async refreshSales(reader: Pick<Reader, 'query'>): Promise<void> {
    const before = this.#sold
    this.#sold = await readSales(reader.query)
    const products = new Set<string>()
    for (const sku of new Set([...before.keys(), ...this.#sold.keys()])) {
      const productId = this.#productOf.get(sku)
      if (productId !== undefined && before.get(sku) !== this.#sold.get(sku)) products.add(productId)
    }
    await this.#putSales(products)
  }

  /** Reads everything again into a new index while the present one answers; then the new one takes its place. */
  async rebuild(reader: Reader): Promise<void> {
    this.outdated = false
    const tree = this.#tree
    const rebuild = { touched: new Set<string>(), put: new Set<string>() }
    this.#rebuild = rebuild
    let index: Rebuild | undefined
    try {
      index = await this.#engine.startRebuild()
      const read = await readAll(reader, async (documents) => {
        // What was told since the rebuild began is newer than what this page says, and in the new index already.
        await this.#put(
          documents.filter(({ productId }) => !rebuild.touched.has(productId)),
          reader,
        )
        for (const { productId } of documents) rebuild.put.add(productId)
      })
      await index.finish(read)
      index = undefined
      this.#treeRead = tree
      for (const [id, card] of this.#cards)
        if (!rebuild.put.has(id) && !rebuild.touched.has(id)) this.#forget(id, card.version)
    } catch (error) {
      this.outdated = true
      throw error
    } finally {
      this.#rebuild = undefined
      await index?.abandon()
    }
  }

  close(): Promise<void> {
    return this.#engine.close()
  }

  async #put(documents: readonly SearchDocument[], reader: Reader): Promise<void> {
    if (documents.length === 0) return
    const cards = documents.map((document) => [document, cardOf(document)] as const)
    const unknown = cards.flatMap(([, { skus }]) => skus.filter((sku) => !this.#available.has(sku)))
    for (const sku of unknown) this.#asked.add(sku)
    try {
      const levels = await Promise.all(
        pages(unknown, AVAILABILITY_PAGE).map((skus) => reader.call.inventory.availability({ skus })),
      )
      for (const { sku, available } of levels.flatMap(({ items }) => items))
        if (!this.#available.has(sku)) this.#available.set(sku, available)
    } finally {
      for (const sku of unknown) this.#asked.delete(sku)
    }
    const put: EngineDocument[] = []
    for (const [document, card] of cards) {
      const { productId } = document
      const old = this.#cards.get(productId)
      if ((old?.version ?? this.#gone.get(productId) ?? 0) > card.version) continue
      for (const sku of old?.skus ?? []) if (!card.skus.includes(sku)) this.#drop(sku, productId)
      for (const sku of card.skus) this.#productOf.set(sku, productId)
      this.#cards.set(productId, card)
      this.#gone.delete(productId)
      put.push({ ...document, available: this.available(card), sold: this.#soldOf(card) })
    }
    await this.#engine.put(put)
    // What was told of them while a long list was on its way may have come before its last piece.
    const overtaken = put.flatMap(({ productId, available, sold }) => {
      const card = this.#cards.get(productId)
      if (!card) return []
      const now = { productId, available: this.available(card), sold: this.#soldOf(card) }
      return now.available === available && now.sold === sold ? [] : [now]
    })
    if (overtaken.length > 0) await this.#engine.putSignals(overtaken)
  }

  async #remove(products: readonly { readonly id: string; readonly version: number }[]): Promise<void> {
    if (products.length === 0) return
    for (const { id, version } of products) this.#forget(id, version)
    await this.#engine.remove(products.map(({ id, version }) => ({ productId: id, version })))
  }

  #forget(productId: string, version: number): void {
    for (const sku of this.#cards.get(productId)?.skus ?? []) this.#drop(sku, productId)
    this.#cards.delete(productId)
    this.#gone.delete(productId)
    this.#gone.set(productId, version)
    for (const id of this.#gone.keys()) {
      if (this.#gone.size <= MAX_GONE) break
      this.#gone.delete(id)
    }
  }

  #drop(sku: string, productId: string): void {
    // It may be another product's by now.
    if (this.#productOf.get(sku) !== productId) return
    this.#productOf.delete(sku)
    this.#available.delete(sku)
  }

  async #putSales(products: ReadonlySet<string>): Promise<void> {
    if (products.size === 0) return
    await this.#engine.putSignals(
      [...products].flatMap((productId) => {
        const card = this.#cards.get(productId)
        return card ? [{ productId, sold: this.#soldOf(card) }] : []
      }),
    )
  }

  #soldOf(card: Card): number {
    let sum = 0
    for (const sku of card.skus) sum += this.#sold.get(sku) ?? 0
    return sum
  }
}

/** What a process answers by, besides its index. */
export type Configured = {
  readonly tree: CategoryTree
  readonly attributeNames: ReadonlyMap<string, string>
  readonly state: SearchState
  /** The index was built under others. */
  readonly rebuild: boolean
}

/** Reads settings, rules, categories and attributes, and has the engine answer by them. */
export async function configureEngine(
  engine: SearchEngine,
  version: number,
  { query, call }: Reader,
): Promise<Configured> {
  const [categories, attributes] = await Promise.all([
    call.product.categories({}),
    call.product.attributeDefinitions({}),
  ])
  const tree = treeOf(categories.items)
  const state = await readState(query, tree)
  const { settings, rules, test, popularQueries } = state
  const { rebuild } = await engine.configure({
    version,
    language: settings.language,
    attributes: attributes.items,
    synonyms: settings.synonyms,
    rankings: {
      default: { ...settings.ranking, version: settings.version },
      ...(test && { challenger: { ...test.ranking, version: settings.version } }),
    },
    rules,
    popularQueries,
  })
  return {
    tree,
    attributeNames: new Map(attributes.items.map(({ code, name }) => [code, name])),
    state,
    rebuild,
  }
}

/** Reads every document of the catalogue, three pages at a time. Answers how many there were. */
export async function readAll(
  { call, signal }: Reader,
  take: (documents: readonly SearchDocument[]) => Promise<void>,
): Promise<number> {
  let after: string | undefined
  let read = 0
  do {
    const { items } = await call.product.documentIds({ limit: ID_PAGE, ...(after && { after }) })
    const waiting = pages(items, DOCUMENT_PAGE)
    const work = async () => {
      for (let productIds = waiting.shift(); productIds; productIds = waiting.shift()) {
        signal.throwIfAborted()
        const { items } = await call.product.documents({ productIds })
        read += items.length
        await take(items)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    after = items.length === ID_PAGE ? items.at(-1) : undefined
  } while (after !== undefined)
  return read
}

export function pages<T>(items: readonly T[], size: number): T[][] {
  const found: T[][] = []
  for (let at = 0; at < items.length; at += size) found.push(items.slice(at, at + size))
  return found
}
