import { Rejection } from '@stoa/contract'
import { CategoryChanged, type product } from '@stoa/contracts/product'
import { loadMovingCategory, lockTree, updateCategory } from '../categories.ts'
import { placeBelow, refusal } from '../category-place.ts'
import type { Handles } from '../context.ts'
import { violatedConstraint } from '../violation.ts'

export const changeCategory: Handles<typeof product.operations.changeCategory> = async (input, ctx) => {
  try {
    return await ctx.transaction(async (tx) => {
      const treeVersion = await lockTree(tx.query)
      const moving = await loadMovingCategory(tx.query, input)
      if (!moving || (typeof input.parentId === 'string' && !moving.parent))
        throw new Rejection('CATEGORY_NOT_FOUND')
      const before = moving.category
      const { categoryId } = before
      const refused = refusal({ categoryId, levels: moving.levels }, moving.parent)
      if (refused) throw new Rejection(refused)

      const slug = input.slug ?? before.slug
      const place = placeBelow(moving.parent, { categoryId, slug })
      const fields = {
        categoryId,
        slug,
        name: input.name ?? before.name,
        parentId: place.path.at(-2) ?? null,
        position: input.position ?? before.position,
      }
      const changed = await updateCategory(tx.query, {
        before: moving,
        after: { ...fields, ...place },
        treeVersion,
      })
      const after = { ...fields, path: [...place.slugs] }
      for (const id of changed)
        tx.emit(CategoryChanged, { categoryId: id, deleted: false }, { version: treeVersion })
      tx.audit({ subject: `category:${categoryId}`, before, after })
      return after
    })
  } catch (error) {
    if (violatedConstraint(error) === 'categories_slug_key') throw new Rejection('SLUG_TAKEN')
    throw error
  }
}
