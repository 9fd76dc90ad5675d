import { invalidInput, Rejection } from '@stoa/contract'
import { MAX_VARIANTS, type product } from '@stoa/contracts/product'
import { announce } from '../announce.ts'
import type { Handles } from '../context.ts'
import { relist } from '../listings.ts'
import { reprice } from '../pricing/reprice.ts'
import { insertVariant, loadProduct, lockProduct, takenSkus } from '../products.ts'
import { newVariantFaults } from '../variant-rules.ts'
import { violatedConstraint } from '../violation.ts'

export const addVariant: Handles<typeof product.operations.addVariant> = async (input, ctx) => {
  const { productId, ...fields } = input
  const variant = { ...fields, variantId: ctx.newId }
  try {
    return await ctx.transaction(async (tx) => {
      await lockProduct(tx.query, productId)
      const before = await loadProduct(tx.query, productId)
      if (!before) throw new Rejection('PRODUCT_NOT_FOUND')
      const faults = newVariantFaults(variant, before)
      if (faults.length > 0) throw invalidInput(...faults)
      if (before.variants.length >= MAX_VARIANTS) throw new Rejection('TOO_MANY_VARIANTS')

      await insertVariant(
        tx.query,
        { productId: before.productId, position: before.variants.length + 1 },
        variant,
      )
      await reprice(tx.query, [before.productId])
      if (before.status === 'published') await relist(tx.query, [before.productId])
      const after = (await loadProduct(tx.query, productId))!
      announce(tx, after)
      tx.audit({ subject: `product:${after.productId}`, before: null, after: after.variants.at(-1) })
      tx.answer(after)
      return after
    })
  } catch (error) {
    switch (violatedConstraint(error)) {
      case 'variants_sku_key':
      case 'variants_gtin_key':
        throw new Rejection('SKU_TAKEN', { skus: await takenSkus(ctx.query, [variant]) })
      case 'variants_pkey':
        throw new Rejection('IN_PROGRESS')
    }
    throw error
  }
}
