import { invalidInput, Rejection } from '@stoa/contract'
import { CategoryChanged, MAX_CATEGORIES, type product } from '@stoa/contracts/product'
import { insertCategories, loadCategory, loadParent, lockTree } from '../categories.ts'
import { placeBelow, refusal } from '../category-place.ts'
import type { Handles } from '../context.ts'
import { takenSlugs } from '../products.ts'
import { freeSlug, looksLikeId, slugify } from '../slug.ts'
import { etag, recorded } from '../stale.ts'
import { violatedConstraint } from '../violation.ts'

export const createCategory: Handles<typeof product.operations.createCategory> = async (input, ctx) => {
  if (input.slug !== undefined && looksLikeId(input.slug))
    throw invalidInput({ field: 'slug', message: 'must not look like an id' })
  const categoryId = ctx.newId
  try {
    return await ctx.transaction(async (tx) => {
      const treeVersion = await lockTree(tx.query)
      const { parent, categoryCount } = await loadParent(tx.query, input.parentId)
      if (input.parentId !== undefined && !parent) throw new Rejection('CATEGORY_NOT_FOUND')
      const refused = refusal({ categoryId, levels: 1 }, parent)
      if (refused) throw new Rejection(refused)
      if (categoryCount >= MAX_CATEGORIES) throw new Rejection('TOO_MANY_CATEGORIES')

      const base = slugify(input.name, 'category')
      const slug = input.slug ?? freeSlug(base, await takenSlugs(tx.query, 'categories', base))
      const place = placeBelow(parent, { categoryId, slug })
      const created = {
        categoryId,
        slug,
        name: input.name,
        parentId: place.path.at(-2) ?? null,
        position: input.position,
        description: input.description ?? '',
        mediaId: input.mediaId ?? null,
        seo: { title: input.seo?.title ?? null, description: input.seo?.description ?? null },
      }
      await insertCategories(tx.query, [{ ...created, ...place }], treeVersion)
      const answer = (await loadCategory(tx.query, categoryId))!
      tx.emit(CategoryChanged, { categoryId, deleted: false }, { version: treeVersion })
      tx.audit({ subject: `category:${categoryId}`, version: 1, before: null, after: recorded(answer) })
      ctx.setHeader('etag', etag(1))
      tx.answer(answer)
      return answer
    })
  } catch (error) {
    switch (violatedConstraint(error)) {
      case 'categories_slug_key':
        throw new Rejection('SLUG_TAKEN')
      case 'categories_media_id_fkey':
        throw new Rejection('MEDIA_NOT_FOUND')
      case 'categories_pkey':
        throw new Rejection('IN_PROGRESS')
    }
    throw error
  }
}
