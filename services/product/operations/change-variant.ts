import { isDeepStrictEqual } from 'node:util'
import { invalidInput, Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { announce } from '../announce.ts'
import { changedVariant, isSellable, variantFields } from '../change-product.ts'
import type { Handles } from '../context.ts'
import { relist } from '../listings.ts'
import { reprice } from '../pricing/reprice.ts'
import { loadProduct, productVersion, updateVariant } from '../products.ts'
import { barcodeFaults, combination, costFaults, priceFaults } from '../variant-rules.ts'
import { violatedConstraint } from '../violation.ts'

export const changeVariant: Handles<typeof product.operations.changeVariant> = async (input, ctx) => {
  const faults = [
    ...barcodeFaults(input.barcode, ''),
    ...priceFaults(input.prices ?? [], ''),
    ...costFaults(input.cost, ''),
  ]
  if (faults.length > 0) throw invalidInput(...faults)
  const before = await loadProduct(ctx.query, input.productId)
  if (!before) throw new Rejection('PRODUCT_NOT_FOUND')
  const variantId = input.variantId.toLowerCase()
  const variant = before.variants.find((one) => one.variantId === variantId)
  if (!variant) throw new Rejection('VARIANT_NOT_FOUND')
  const [old, fields] = [variantFields(variant), changedVariant(variant, input)]
  // A repetition after a lost answer.
  if (isDeepStrictEqual(old, fields)) return before
  if (before.version !== input.version) throw new Rejection('STALE', { version: before.version })

  const others = before.variants.filter((one) => one !== variant)
  if (before.status === 'published' && !isSellable([...others, fields])) throw new Rejection('NOT_SELLABLE')
  const twin = others.find(
    (one) => !one.archived && combination(one.options) === combination(variant.options),
  )
  if (!fields.archived && twin)
    throw invalidInput({ field: 'archived', message: `must stay true: ${twin.sku} has the same options` })

  const { productId } = before
  try {
    return await ctx.transaction(async (tx) => {
      const at = { productId, variantId, expectedVersion: input.version }
      const version = await updateVariant(tx.query, at, fields)
      if (version === undefined)
        throw new Rejection('STALE', { version: await productVersion(tx.query, productId) })
      await reprice(tx.query, [productId])
      if (before.status === 'published') await relist(tx.query, [productId])
      const after = (await loadProduct(tx.query, productId))!
      announce(tx, after)
      tx.audit({
        subject: `product:${productId}`,
        before: { sku: variant.sku, ...old },
        after: { sku: variant.sku, ...fields },
      })
      return after
    })
  } catch (error) {
    if (violatedConstraint(error) === 'variants_gtin_key')
      throw new Rejection('SKU_TAKEN', { skus: [variant.sku] })
    throw error
  }
}
