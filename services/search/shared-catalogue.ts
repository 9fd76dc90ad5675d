import type { SearchDocument } from '@stoa/contracts/search-document'
import { type Card, cardOf } from './cards.ts'
import { type Configured, configureEngine, pages, type Reader, readAll } from './catalogue.ts'
import { type CategoryTree, treeOf } from './category-tree.ts'
import type { Context } from './context.ts'
import { EngineAway, type EngineDocument, type Shown } from './engines/engine.ts'
import { GivenUp, type SharedEngine } from './engines/opensearch/opensearch-engine.ts'
import { Refusals } from './engines/opensearch/refusals.ts'
import { readSales } from './records.ts'
import type { SearchState } from './settings.ts'

const DOCUMENT_PAGE = 50
const AVAILABILITY_PAGE = 200
const SIGNALS_PAGE = 500

/**
 * The catalogue in an index that all processes share. A process holds settings, categories and attributes, by which it plans and words its
 * answers, and nothing of any product. What changes is written once, by the process that has the reaction; each write carries versions and
 * the time of its reading, so that two who write at once for a moment do no harm.
 */
export class SharedCatalogue {
  readonly engine: SharedEngine
  /** When (of `performance.now`) a search last tried to reach it. */
  triedAt = 0
  #configuring: Promise<unknown> = Promise.resolve()
  #configured: Configured | undefined
  #times = 0

  constructor(engine: SharedEngine) {
    this.engine = engine
  }

  /** Whether searches may be answered: the settings were read, and the index was filled once. */
  get ready(): boolean {
    return this.engine.filled && this.#configured !== undefined
  }
  /** Whether the index was built by another version or under other settings, when that was last looked at. */
  get outdated(): boolean {
    return this.#configured?.rebuild ?? false
  }
  get tree(): CategoryTree {
    return this.#configured?.tree ?? treeOf([])
  }
  /** Only when `ready`. */
  get state(): SearchState {
    return this.#configured!.state
  }
  readonly attributeName = (code: string): string | undefined => this.#configured?.attributeNames.get(code)

  /** Reads what is needed to answer, and says whether anybody has filled the index yet, and whether it was built under other settings. */
  async load(reader: Reader): Promise<{ filled: boolean; outdated: boolean }> {
    const outdated = await this.configure(reader)
    return { filled: this.engine.filled, outdated }
  }

  /** One after the other: the last one knows the most. Answers whether the index was built under other settings. */
  configure(reader: Reader): Promise<boolean> {
    const turn = this.#configuring.then(async () => {
      this.#times += 1
      this.#configured = await configureEngine(this.engine, this.#times, reader)
      return this.#configured.rebuild
    })
    this.#configuring = turn.catch(() => {})
    return turn
  }

  shown({ card, available }: Shown): { card: Card; available: number } | undefined {
    return card === undefined ? undefined : { card: JSON.parse(card) as Card, available: available ?? 0 }
  }

  async card(productId: string): Promise<Card | undefined> {
    const card = (await this.engine.told([productId])).get(productId)?.card
    return card === undefined ? undefined : (JSON.parse(card) as Card)
  }

  /** How many of these changes the index has not been told. */
  async missing(asked: readonly { readonly productId: string; readonly version: number }[]): Promise<number> {
    const told = await this.engine.told(asked.map(({ productId }) => productId))
    return asked.filter(({ productId, version }) => (told.get(productId)?.version ?? 0) < version).length
  }

  /**
   * Brings products to what the catalogue says of them now. `versions`: of the changes that were heard. Throws `DocumentsRefused` once all
   * others were brought.
   */
  async refresh(versions: ReadonlyMap<string, number>, reader: Reader): Promise<void> {
    const refusals = new Refusals()
    for (const ids of pages([...versions.keys()], DOCUMENT_PAGE)) {
      const { items } = await reader.call.product.documents({ productIds: ids })
      const documents = await this.#withSignals(items, reader)
      await refusals.past(this.#bring(documents, reader, (its) => this.engine.put(its)))
      const there = new Set(items.map(({ productId }) => productId))
      await this.engine.remove(
        ids.filter((id) => !there.has(id)).map((id) => ({ productId: id, version: versions.get(id)! })),
      )
    }
    refusals.throwAny()
  }

  /** Reads levels that inventory says have changed. */
  async refreshStock(skus: readonly string[], { call }: Pick<Reader, 'call'>): Promise<void> {
    for (const asked of pages(skus, AVAILABILITY_PAGE)) {
      const products = await this.engine.productsOf(asked)
      const at = Date.now()
      const available = await levelsOf(
        products.flatMap((product) => product.skus),
        call,
      )
      await this.engine.putStock(
        products.map((product) => ({
          productId: product.productId,
          available: sumOf(product.skus, available),
          at,
        })),
      )
    }
  }

  /** Counts anew what was sold of these, or of all that sold lately and of those that did before. */
  async refreshSales({ query }: Pick<Reader, 'query'>, skus?: readonly string[]): Promise<void> {
    const at = Date.now()
    const sold = await readSales(query, skus)
    const write = async (products: readonly { productId: string; skus: readonly string[] }[]) => {
      // Of a product with several SKUs the others count, too.
      const all = skus
        ? await readSales(
            query,
            products.flatMap((product) => product.skus),
          )
        : sold
      await this.engine.putSignals(
        products.map((product) => ({ productId: product.productId, sold: sumOf(product.skus, all), at })),
      )
    }
    for (const asked of pages(skus ?? [...sold.keys()], SIGNALS_PAGE))
      await write(await this.engine.productsOf(asked))
    if (!skus) for await (const products of this.engine.sold()) await write(products)
  }

  /** Brings again the products of categories that have another name or place by now. Throws as `refresh` does. */
  async refreshCategories(reader: Reader): Promise<void> {
    const refusals = new Refusals()
    const names = new Map([...this.tree.entries.values()].map(({ path, name }) => [path.join('/'), name]))
    for (const category of await this.engine.categories()) {
      if (names.get(category.path) === category.name) continue
      for await (const products of this.engine.inCategory(category))
        await refusals.past(
          this.refresh(new Map(products.map(({ productId, version }) => [productId, version])), reader),
        )
    }
    refusals.throwAny()
  }

  /**
   * Reads everything into a new index while the present one answers; then the new one takes its place. False: another that began since
   * goes on in its place, and has its own reason to end. Single products that the new index refuses are named in the log.
   */
  async rebuild(reader: Reader & { readonly log: Pick<Context['log'], 'error'> }): Promise<boolean> {
    const index = await this.engine.startRebuild()
    let done = false
    try {
      const sold = await readSales(reader.query)
      const read = await readAll(reader, async (documents) =>
        this.#bring(await this.#withSignals(documents, reader, sold), reader, index.fill),
      )
      done = (await index.finish(read)).replaced
      const { count, first } = index.refused
      if (done && count > 0)
        reader.log.error({ count, first }, 'the search index has refused products and is without them')
      // What was sold since the count above, of products that could not be found yet.
      if (done) await this.refreshSales(reader)
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error
    } finally {
      if (!done)
        await index.abandon().catch((error: unknown) => {
          // The next rebuild clears it away.
          if (!(error instanceof EngineAway)) throw error
        })
    }
    return done
  }

  /**
   * Whoever heard of a level before the product could be found had nowhere to write it; it was there to be read by then. So levels are read
   * once more when the product can be found: what changes after that finds it.
   */
  async #bring(
    documents: readonly EngineDocument[],
    { call }: Pick<Reader, 'call'>,
    write: (documents: readonly EngineDocument[]) => Promise<void>,
  ): Promise<void> {
    if (documents.length === 0) return
    const refusals = new Refusals()
    await refusals.past(write(documents))
    const at = Date.now()
    const skusOf = ({ variants }: EngineDocument) => variants.map(({ sku }) => sku)
    const available = await levelsOf(documents.flatMap(skusOf), call)
    await this.engine.putStock(
      documents
        .map((document) => ({ document, now: sumOf(skusOf(document), available) }))
        .filter(({ document, now }) => document.available !== now)
        .map(({ document, now }) => ({ productId: document.productId, available: now, at })),
    )
    refusals.throwAny()
  }

  async #withSignals(
    documents: readonly SearchDocument[],
    { call, query }: Pick<Reader, 'call' | 'query'>,
    known?: ReadonlyMap<string, number>,
  ): Promise<EngineDocument[]> {
    const at = Date.now()
    const skus = documents.flatMap(({ variants }) => variants.map(({ sku }) => sku))
    const [available, sold] = await Promise.all([levelsOf(skus, call), known ?? readSales(query, skus)])
    return documents.map((document) => {
      const its = document.variants.map(({ sku }) => sku)
      return {
        ...document,
        at,
        available: sumOf(its, available),
        sold: sumOf(its, sold),
        card: JSON.stringify(cardOf(document)),
      }
    })
  }
}

async function levelsOf(skus: readonly string[], call: Reader['call']): Promise<Map<string, number>> {
  const answers = await Promise.all(
    pages(skus, AVAILABILITY_PAGE).map((asked) => call.inventory.availability({ skus: asked })),
  )
  return new Map(answers.flatMap(({ items }) => items.map(({ sku, available }) => [sku, available] as const)))
}

const sumOf = (skus: readonly string[], amounts: ReadonlyMap<string, number>): number =>
  skus.reduce((sum, sku) => sum + (amounts.get(sku) ?? 0), 0)
