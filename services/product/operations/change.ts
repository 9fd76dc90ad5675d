import { isDeepStrictEqual } from 'node:util'
import { invalidInput, Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { announce } from '../announce.ts'
import { changedProduct, isSellable, productFields } from '../change-product.ts'
import type { Handles } from '../context.ts'
import { relist } from '../listings.ts'
import { loadProduct, productVersion, updateProduct } from '../products.ts'
import { looksLikeId } from '../slug.ts'
import { changedOptionFaults } from '../variant-rules.ts'
import { violatedConstraint } from '../violation.ts'

export const change: Handles<typeof product.operations.change> = async (input, ctx) => {
  const before = await loadProduct(ctx.query, input.productId)
  if (!before) throw new Rejection('PRODUCT_NOT_FOUND')
  const [old, fields] = [productFields(before), changedProduct(before, input)]
  // A repetition after a lost answer, whose version is naturally the old one (RFC 9110, 13.1.1).
  if (isDeepStrictEqual(old, fields)) return before
  if (before.version !== input.version) throw new Rejection('STALE', { version: before.version })

  const faults = input.options ? changedOptionFaults(fields.options, before.variants, before.options) : []
  if (looksLikeId(fields.slug)) faults.unshift({ field: 'slug', message: 'must not look like an id' })
  if (faults.length > 0) throw invalidInput(...faults)
  if (fields.status === 'published' && !isSellable(before.variants)) throw new Rejection('NOT_SELLABLE')

  const { productId } = before
  try {
    return await ctx.transaction(async (tx) => {
      const version = await updateProduct(tx.query, { productId, expectedVersion: input.version }, fields)
      if (version === undefined)
        throw new Rejection('STALE', { version: await productVersion(tx.query, productId) })
      if (old.status === 'published' || fields.status === 'published') await relist(tx.query, [productId])
      const after = (await loadProduct(tx.query, productId))!
      announce(tx, after)
      tx.audit({ subject: `product:${productId}`, before: old, after: fields })
      return after
    })
  } catch (error) {
    switch (violatedConstraint(error)) {
      case 'products_slug_key':
        throw new Rejection('SLUG_TAKEN')
      case 'product_categories_category_id_fkey':
        throw new Rejection('CATEGORY_NOT_FOUND')
    }
    throw error
  }
}
