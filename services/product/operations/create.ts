import { invalidInput, Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { v7 } from 'uuid'
import { announce } from '../announce.ts'
import { attributeFaults } from '../attribute-rules.ts'
import { brandKey, ensureBrands } from '../brands.ts'
import type { Handles } from '../context.ts'
import { schedulePublication } from '../jobs/publication.ts'
import { reprice } from '../pricing/reprice.ts'
import { planFaults } from '../product-rules.ts'
import { loadAdminProduct, saveProducts, takenSkus, takenSlugs } from '../products.ts'
import { freeSlug, looksLikeId, slugify } from '../slug.ts'
import { etag } from '../stale.ts'
import { distinctIds, moment, variantState } from '../stored-product.ts'
import { loadAttributeRules } from '../surroundings.ts'
import { productFaults } from '../variant-rules.ts'
import { violatedConstraint } from '../violation.ts'

/** Tries to find a slug that nobody took in the same moment; the last one carries the id and cannot be taken. */
const MAX_SLUG_TRIES = 3

export const create: Handles<typeof product.operations.create> = async (input, ctx) => {
  const plan = { publishAt: moment(input.publishAt ?? null), unpublishAt: moment(input.unpublishAt ?? null) }
  const faults = [...productFaults(input), ...planFaults(plan)]
  if (input.slug !== undefined && looksLikeId(input.slug))
    faults.unshift({ field: 'slug', message: 'must not look like an id' })
  if (faults.length > 0) throw invalidInput(...faults)

  const productId = ctx.newId
  const base = input.slug ?? slugify(input.name, 'product')
  const variants = input.variants.map((variant) => variantState(variant, v7()))
  const added = {
    name: input.name,
    description: input.description,
    status: 'draft' as const,
    categoryIds: distinctIds(input.categoryIds),
    options: input.options,
    attributes: input.attributes,
    seo: { title: input.seo.title ?? null, description: input.seo.description ?? null },
    ...plan,
    variants,
    media: [],
  }
  let slug = base
  for (let tries = 1; ; tries += 1) {
    try {
      return await ctx.transaction(async (tx) => {
        const wrong = attributeFaults(
          input.attributes,
          await loadAttributeRules(tx.query, Object.keys(input.attributes)),
        )
        if (wrong.length > 0) throw invalidInput(...wrong.slice(0, 20))
        const brands = await ensureBrands(tx, input.brand === undefined ? [] : [input.brand])
        const brand = input.brand === undefined ? undefined : brands.get(brandKey(input.brand))
        const after = { ...added, slug, brand: brand?.name ?? null }
        const versions = await saveProducts(tx.query, [
          { productId, version: 0, brandId: brand?.brandId ?? null, after, variants },
        ])
        // An earlier try of this very request was still at it when its key was given to us.
        if (versions.size === 0) throw new Rejection('IN_PROGRESS')
        await reprice(tx.query, [productId])
        const created = (await loadAdminProduct(tx.query, productId))!
        announce(tx, { ...created, revision: 1 })
        schedulePublication(tx, productId, plan)
        tx.audit({
          subject: `product:${productId}`,
          version: created.version,
          before: null,
          after: { ...after, attributes: created.attributes },
        })
        ctx.setHeader('etag', etag(created.version))
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
      }
      throw error
    }
  }
}
