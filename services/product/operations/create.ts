import { invalidInput, Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { v7 } from 'uuid'
import { announce } from '../announce.ts'
import { distinctIds } from '../change-product.ts'
import type { Handles } from '../context.ts'
import { reprice } from '../pricing/reprice.ts'
import { insertProducts, loadProduct, takenSkus, takenSlugs } from '../products.ts'
import { freeSlug, looksLikeId, slugify } from '../slug.ts'
import { productFaults } from '../variant-rules.ts'
import { violatedConstraint } from '../violation.ts'

/** Tries to find a slug that nobody took in the same moment; the last one carries the id and cannot be taken. */
const MAX_SLUG_TRIES = 3

export const create: Handles<typeof product.operations.create> = async (input, ctx) => {
  const faults = productFaults(input)
  if (input.slug !== undefined && looksLikeId(input.slug))
    faults.unshift({ field: 'slug', message: 'must not look like an id' })
  if (faults.length > 0) throw invalidInput(...faults)

  const productId = ctx.newId
  const base = input.slug ?? slugify(input.name, 'product')
  const added = {
    productId,
    name: input.name,
    brand: input.brand,
    description: input.description,
    categoryIds: distinctIds(input.categoryIds),
    options: input.options,
    variants: input.variants.map((variant) => ({ ...variant, variantId: v7() })),
  }
  let slug = base
  for (let tries = 1; ; tries += 1) {
    try {
      return await ctx.transaction(async (tx) => {
        await insertProducts(tx.query, [{ ...added, slug }], 'draft')
        await reprice(tx.query, [productId])
        const created = (await loadProduct(tx.query, productId))!
        announce(tx, created)
        tx.audit({ subject: `product:${productId}`, before: null, after: created })
        tx.answer(created)
        return created
      })
    } catch (error) {
      switch (violatedConstraint(error)) {
        case 'products_slug_key':
          if (input.slug !== undefined || tries > MAX_SLUG_TRIES) throw new Rejection('SLUG_TAKEN')
          slug =
            tries === MAX_SLUG_TRIES
              ? `${base}-${productId.slice(-12)}`
              : freeSlug(base, await takenSlugs(ctx.query, 'products', base))
          continue
        case 'variants_sku_key':
        case 'variants_gtin_key':
          throw new Rejection('SKU_TAKEN', { skus: await takenSkus(ctx.query, input.variants) })
        case 'product_categories_category_id_fkey':
          throw new Rejection('CATEGORY_NOT_FOUND')
        // An earlier try of this very request was still at it when its key was given to us.
        case 'products_pkey':
          throw new Rejection('IN_PROGRESS')
      }
      throw error
    }
  }
}
