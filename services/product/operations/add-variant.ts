import { invalidInput, Rejection } from '@stoa/contract'
import { MAX_VARIANTS, type product } from '@stoa/contracts/product'
import type { Handles } from '../context.ts'
import { loadAdminProduct, loadProduct, lockProduct, takenSkus } from '../products.ts'
import { etag } from '../stale.ts'
import { variantState } from '../stored-product.ts'
import { newVariantFaults } from '../variant-rules.ts'
import { violatedConstraint } from '../violation.ts'
import { NO_BRANDS, writeBatch } from '../write-batch.ts'

export const addVariant: Handles<typeof product.operations.addVariant> = async (input, ctx) => {
  const { productId: given, ...variant } = input
  try {
    return await ctx.transaction(async (tx) => {
      await lockProduct(tx.query, given)
      const before = await loadProduct(tx.query, given)
      if (!before) throw new Rejection('PRODUCT_NOT_FOUND')
      const { productId } = before
      // An earlier try of this very request was still at it when its key was given to us.
      if (before.variants.some(({ variantId }) => variantId === ctx.newId)) throw new Rejection('IN_PROGRESS')
      const faults = newVariantFaults(variant, before)
      if (faults.length > 0) throw invalidInput(...faults)
      if (before.variants.length >= MAX_VARIANTS) throw new Rejection('TOO_MANY_VARIANTS')

      const after = { ...before, variants: [...before.variants, variantState(variant, ctx.newId)] }
      await writeBatch(tx, [{ productId, before, after }], NO_BRANDS)
      const added = (await loadAdminProduct(tx.query, productId))!
      ctx.setHeader('etag', etag(added.version))
      tx.answer(added)
      return added
    })
  } catch (error) {
    switch (violatedConstraint(error)) {
      case 'variants_sku_key':
      case 'variants_gtin_key':
        throw new Rejection('SKU_TAKEN', { skus: await takenSkus(ctx.query, [variant]) })
    }
    throw error
  }
}
