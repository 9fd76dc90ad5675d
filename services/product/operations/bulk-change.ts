import { type InputOf, invalidInput, type OutputOf } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { Tx } from '@stoa/runtime'
import { brandKey, knownBrands } from '../brands.ts'
import { changedProduct } from '../change-product.ts'
import type { Handles } from '../context.ts'
import { claim, invalid, type Refusal, refuse } from '../product-rules.ts'
import { loadProducts } from '../products.ts'
import {
  changedFields,
  overlay,
  type ProductState,
  priceStates,
  type StoredProduct,
} from '../stored-product.ts'
import { loadAttributeRules, loadSurroundings } from '../surroundings.ts'
import { priceFaults } from '../variant-rules.ts'
import { type BatchChange, newBrands, writeBatch } from '../write-batch.ts'
import { lockNamed, whileOthersWrite } from '../write-products.ts'

type Item = InputOf<typeof product.operations.bulkChange>['items'][number]
type Report = OutputOf<typeof product.operations.bulkChange>
type Outcome = Omit<Report['items'][number], 'index'>

/** Products changed in one transaction: their rows are held for some 100 ms. */
const CHUNK = 500

/**
 * Each chunk of items is a transaction of its own: after a crash the same request goes on where it ended, since what is there already
 * is left unchanged.
 */
export const bulkChange: Handles<typeof product.operations.bulkChange> = async ({ items }, ctx) => {
  const unclear = items.flatMap(({ productId, sku }, index) =>
    (productId === undefined) === (sku === undefined)
      ? [{ field: `items.${index}.productId`, message: 'or sku must be named, and not both' }]
      : [],
  )
  if (unclear.length > 0) throw invalidInput(...unclear.slice(0, 20))
  const outcomes: Outcome[] = []
  for (let from = 0; from < items.length; from += CHUNK) {
    const chunk = items.slice(from, from + CHUNK)
    outcomes.push(...(await whileOthersWrite(() => ctx.transaction((tx) => changeChunk(tx, chunk)))))
  }
  const count = (outcome: Outcome['outcome']) => outcomes.filter((one) => one.outcome === outcome).length
  return {
    changed: count('changed'),
    unchanged: count('unchanged'),
    refused: count('refused'),
    items: outcomes.map((outcome, index) => ({ index, ...outcome })),
  }
}

/** Reads, decides and writes in a constant number of statements. */
async function changeChunk(tx: Tx, items: readonly Item[]): Promise<Outcome[]> {
  const locked = await lockNamed(tx.query, {
    slugs: [],
    skus: items.flatMap(({ sku }) => sku ?? []),
    ids: items.flatMap(({ productId }) => productId ?? []),
  })
  const stored = await loadProducts(tx.query, locked)
  const named = new Map<string, StoredProduct>()
  for (const one of stored) {
    named.set(one.productId, one)
    for (const { sku } of one.variants) named.set(`sku:${sku}`, one)
  }
  const around = await loadSurroundings(tx.query, {
    slugs: items.flatMap(({ slug }) => slug ?? []),
    stems: [],
    skus: [],
    barcodes: [],
    categoryIds: [
      ...new Set([
        ...items.flatMap(({ categoryIds }) => categoryIds ?? []),
        ...stored.flatMap(({ categoryIds }) => categoryIds),
      ]),
    ].map((id) => id.toLowerCase()),
    mediaIds: [],
  })
  const rules = await loadAttributeRules(
    tx.query,
    items.flatMap(({ attributes }) => Object.keys(attributes ?? {})),
  )
  const known = await knownBrands(
    tx.query,
    items.map(({ brand }) => brand),
  )

  const changes: BatchChange[] = []
  const seen = new Set<string>()
  const outcomes = items.map((item): Outcome => {
    const before = named.get(item.productId?.toLowerCase() ?? `sku:${item.sku}`)
    if (!before) return refused({ code: 'PRODUCT_NOT_FOUND', fields: [] })
    const { productId } = before
    if (seen.has(productId))
      return refused(
        invalid({
          field: item.sku === undefined ? 'productId' : 'sku',
          message: 'names a product that was named before',
        }),
      )
    seen.add(productId)
    const faults = [...wrongVariants(item, before), ...rightPrices(item)]
    if (faults.length > 0) return refused(invalid(...faults))
    const after = changedBy(before, item, known)
    // What is there already needs no version: a repetition after a lost answer.
    if (changedFields(before, after).length === 0) return UNCHANGED
    if (item.version !== undefined && item.version !== before.version)
      return refused({ code: 'STALE', fields: [] })
    const refusal = refuse({ productId, before, after }, rules, around)
    if (refusal) return refused(refusal)
    claim(productId, after, around)
    changes.push({ productId, before, after })
    return { outcome: 'changed', code: null, fields: [] }
  })
  await writeBatch(tx, changes, await newBrands(tx, changes))
  tx.audit({ subject: 'product:bulk', before: null, after: { items: items.length, changed: changes.length } })
  return outcomes
}

const UNCHANGED: Outcome = { outcome: 'unchanged', code: null, fields: [] }

const refused = ({ code, fields }: Refusal): Outcome => ({ outcome: 'refused', code, fields: [...fields] })

function changedBy(
  before: StoredProduct,
  { prices, version: _, productId: __, sku: ___, ...patch }: Item,
  brands: ReadonlyMap<string, { readonly name: string }>,
): ProductState {
  const brand =
    typeof patch.brand === 'string' ? (brands.get(brandKey(patch.brand))?.name ?? patch.brand) : patch.brand
  const after = changedProduct(before, { ...patch, brand })
  if (!prices) return after
  const bySku = new Map(prices.map((one) => [one.sku, priceStates(one.prices)]))
  return overlay(before, {
    ...after,
    variants: before.variants.map((variant) => ({
      ...variant,
      prices: bySku.get(variant.sku) ?? variant.prices,
    })),
  })
}

const wrongVariants = ({ prices = [] }: Item, { variants }: StoredProduct) =>
  prices.flatMap(({ sku }, index) => {
    const field = `prices.${index}.sku`
    if (!variants.some((variant) => variant.sku === sku))
      return [{ field, message: 'is not a variant of this product' }]
    if (prices.findIndex((one) => one.sku === sku) < index) return [{ field, message: 'is named twice' }]
    return []
  })

const rightPrices = ({ prices = [] }: Item) =>
  prices.flatMap((one, index) => priceFaults(one.prices, `prices.${index}.`))
