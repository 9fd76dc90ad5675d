import { byPriority, type Shelf, type Stock } from './allocate.ts'

/** A shelf as a statement saw it. */
export type SeenShelf = Shelf & { readonly sku: string }

/** How long the choice of a warehouse may rest on what was seen. What is taken is checked under the rows' locks in any case. */
const MAX_AGE_MS = 60_000
/** Some 200 bytes each. */
const MAX_SKUS = 20_000

/**
 * What this process last saw on the shelves. A hint: it saves a read before each reservation, and it is never the reason
 * for a refusal.
 */
export class KnownStock {
  readonly #shelves = new Map<string, { readonly shelves: readonly Shelf[]; readonly readAtMs: number }>()

  /** The shelves of all these SKUs, or undefined when one was not read lately. */
  get(skus: Iterable<string>, nowMs: number): Stock | undefined {
    const stock = new Map<string, readonly Shelf[]>()
    for (const sku of skus) {
      const known = this.#shelves.get(sku)
      if (!known || nowMs - known.readAtMs > MAX_AGE_MS) return undefined
      stock.set(sku, known.shelves)
    }
    return stock
  }

  /** Remembers all shelves of these SKUs; one without any is remembered as such. */
  read(skus: Iterable<string>, stock: Stock, nowMs: number): void {
    for (const sku of skus) {
      this.#shelves.delete(sku)
      this.#shelves.set(sku, { shelves: stock.get(sku) ?? [], readAtMs: nowMs })
    }
    // The first key is the one that was read longest ago.
    for (const sku of this.#shelves.keys()) {
      if (this.#shelves.size <= MAX_SKUS) break
      this.#shelves.delete(sku)
    }
  }

  /** Notes what is left on one shelf of a SKU that was read before. */
  left({ sku, warehouse, available }: { sku: string; warehouse: string; available: number }): void {
    const known = this.#shelves.get(sku)
    if (!known) return
    const shelves = known.shelves.map((shelf) =>
      shelf.warehouse === warehouse ? { ...shelf, available } : shelf,
    )
    this.#shelves.set(sku, { shelves, readAtMs: known.readAtMs })
  }

  /** What was changed by hand is read again. */
  forget(skus: Iterable<string>): void {
    for (const sku of skus) this.#shelves.delete(sku)
  }

  clear(): void {
    this.#shelves.clear()
  }
}

export function stockOf(seen: readonly SeenShelf[]): Stock {
  const stock = new Map<string, Shelf[]>()
  for (const shelf of seen) {
    const shelves = stock.get(shelf.sku)
    if (shelves) shelves.push(shelf)
    else stock.set(shelf.sku, [shelf])
  }
  for (const shelves of stock.values()) shelves.sort(byPriority)
  return stock
}
