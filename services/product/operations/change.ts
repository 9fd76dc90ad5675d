import { isDeepStrictEqual } from 'node:util'
import { type InputOf, invalidInput, Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { Query } from '@stoa/runtime'
import { attributeFaults } from '../attribute-rules.ts'
import { brandKey, ensureBrands } from '../brands.ts'
import { changedProduct } from '../change-product.ts'
import type { Handles } from '../context.ts'
import { missingAttributes, planFaults, sizeFaults } from '../product-rules.ts'
import { type AdminProduct, adminProductJson, loadProduct, lockProduct, productVersion } from '../products.ts'
import { looksLikeId } from '../slug.ts'
import { etag, stale } from '../stale.ts'
import { changedFields, isSellable, type ProductState } from '../stored-product.ts'
import { loadAttributeRules, requiredAttributes } from '../surroundings.ts'
import { changedOptionFaults } from '../variant-rules.ts'
import { violatedConstraint } from '../violation.ts'
import { NO_BRANDS, Overtaken, writeBatch } from '../write-batch.ts'

export const change: Handles<typeof product.operations.change> = async (input, ctx) => {
  const before = await loadProduct(ctx.query, input.productId)
  if (!before) throw new Rejection('PRODUCT_NOT_FOUND')
  const { productId } = before
  // A repetition after a lost answer, whose version is naturally the old one (RFC 9110, 13.1.1).
  if (changedFields(before, changedProduct(before, sameBrand(before, input))).length === 0)
    return answer(ctx.query, ctx.setHeader, productId)
  const overtaken = async () =>
    stale(ctx.query, `product:${productId}`, {
      now: await productVersion(ctx.query, productId),
      read: input.version,
    })
  if (before.version !== input.version) throw await overtaken()

  try {
    return await ctx.transaction(async (tx) => {
      const same = sameBrand(before, input)
      const comesTo = same.brand !== before.brand ? (same.brand ?? undefined) : undefined
      // The product before its brand, as whoever writes many does: two never wait in a circle.
      if (comesTo !== undefined) await lockProduct(tx.query, productId)
      const brands = comesTo === undefined ? NO_BRANDS : await ensureBrands(tx, [comesTo])
      const [brand] = brands.values()
      const after = changedProduct(before, brand ? { ...same, brand: brand.name } : same)
      const changed = changedFields(before, after)
      const faults = planFaults(after)
      if (changed.includes('options'))
        faults.push(...changedOptionFaults(after.options, before.variants, before.options))
      if (looksLikeId(after.slug)) faults.unshift({ field: 'slug', message: 'must not look like an id' })
      if (input.attributes) {
        const differing = Object.fromEntries(
          Object.entries(input.attributes).filter(
            ([code, value]) => !isDeepStrictEqual(before.attributes[code], value),
          ),
        )
        const rules = await loadAttributeRules(tx.query, Object.keys(differing))
        faults.push(...attributeFaults(differing, rules))
      }
      faults.push(...sizeFaults(after))
      if (faults.length > 0) throw invalidInput(...faults.slice(0, 20))
      if (after.status === 'published') {
        if (!isSellable(before.variants)) throw new Rejection('NOT_SELLABLE')
        if (changed.some((field) => ['status', 'categoryIds', 'attributes'].includes(field))) {
          const required = await requiredAttributes(tx.query, after.categoryIds)
          const missing = missingAttributes(after.attributes, required)
          if (missing.length > 0) throw invalidInput(...missing.slice(0, 20))
        }
      }
      await writeBatch(tx, [{ productId, before, after }], brands)
      return answer(tx.query, ctx.setHeader, productId)
    })
  } catch (error) {
    if (error instanceof Overtaken) throw await overtaken()
    switch (violatedConstraint(error)) {
      case 'products_slug_key':
        throw new Rejection('SLUG_TAKEN')
      case 'product_categories_category_id_fkey':
        throw new Rejection('CATEGORY_NOT_FOUND')
    }
    throw error
  }
}

type Input = InputOf<typeof product.operations.change>

/** A brand is the same however it is capitalised. */
const sameBrand = ({ brand }: ProductState, input: Input): Input =>
  brand !== null && typeof input.brand === 'string' && brandKey(input.brand) === brandKey(brand)
    ? { ...input, brand }
    : input

async function answer(
  query: Query,
  setHeader: (name: string, value: string) => void,
  productId: string,
): Promise<AdminProduct> {
  const { json, version } = (await adminProductJson(query, productId))!
  setHeader('etag', etag(version))
  return JSON.parse(json)
}
