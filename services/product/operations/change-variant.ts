import { isDeepStrictEqual } from 'node:util'
import { invalidInput, Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { changedVariant } from '../change-product.ts'
import type { Handles } from '../context.ts'
import { loadAdminProduct, loadProduct, productVersion } from '../products.ts'
import { etag, stale } from '../stale.ts'
import { isSellable } from '../stored-product.ts'
import { barcodeFaults, combination, costFaults, priceFaults } from '../variant-rules.ts'
import { violatedConstraint } from '../violation.ts'
import { NO_BRANDS, Overtaken, writeBatch } from '../write-batch.ts'

export const changeVariant: Handles<typeof product.operations.changeVariant> = async (input, ctx) => {
  const faults = [
    ...barcodeFaults(input.barcode, ''),
    ...priceFaults(input.prices ?? [], ''),
    ...costFaults(input.cost, ''),
  ]
  if (faults.length > 0) throw invalidInput(...faults)
  const before = await loadProduct(ctx.query, input.productId)
  if (!before) throw new Rejection('PRODUCT_NOT_FOUND')
  const { productId } = before
  const variantId = input.variantId.toLowerCase()
  const variant = before.variants.find((one) => one.variantId === variantId)
  if (!variant) throw new Rejection('VARIANT_NOT_FOUND')
  const changed = changedVariant(variant, input)
  // A repetition after a lost answer.
  if (isDeepStrictEqual(variant, changed)) {
    ctx.setHeader('etag', etag(before.version))
    return (await loadAdminProduct(ctx.query, productId))!
  }
  const overtaken = async () =>
    stale(ctx.query, `product:${productId}`, {
      now: await productVersion(ctx.query, productId),
      read: input.version,
    })
  if (before.version !== input.version) throw await overtaken()

  const others = before.variants.filter((one) => one !== variant)
  if (before.status === 'published' && !isSellable([...others, changed])) throw new Rejection('NOT_SELLABLE')
  const twin = others.find(
    (one) => !one.archived && combination(one.options) === combination(variant.options),
  )
  if (!changed.archived && twin)
    throw invalidInput({ field: 'archived', message: `must stay true: ${twin.sku} has the same options` })

  const variants = before.variants.map((one) => (one === variant ? changed : one))
  try {
    return await ctx.transaction(async (tx) => {
      await writeBatch(tx, [{ productId, before, after: { ...before, variants } }], NO_BRANDS)
      const after = (await loadAdminProduct(tx.query, productId))!
      ctx.setHeader('etag', etag(after.version))
      return after
    })
  } catch (error) {
    if (error instanceof Overtaken) throw await overtaken()
    if (violatedConstraint(error) === 'variants_gtin_key')
      throw new Rejection('SKU_TAKEN', { skus: [variant.sku] })
    throw error
  }
}
