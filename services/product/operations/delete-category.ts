import { Rejection } from '@stoa/contract'
import { CategoryChanged, type product } from '@stoa/contracts/product'
import { loadCategory, lockTree, removeCategory } from '../categories.ts'
import type { Handles } from '../context.ts'
import { violatedConstraint } from '../violation.ts'

/** Its products stay, and stay in their other categories. */
export const deleteCategory: Handles<typeof product.operations.deleteCategory> = async (input, ctx) => {
  const before = await loadCategory(ctx.query, input.categoryId)
  // Deleted before: a repetition.
  if (!before) return null
  const { categoryId } = before
  try {
    return await ctx.transaction(async (tx) => {
      const treeVersion = await lockTree(tx.query)
      await removeCategory(tx.query, categoryId)
      tx.emit(CategoryChanged, { categoryId, deleted: true }, { version: treeVersion })
      tx.audit({ subject: `category:${categoryId}`, before, after: null })
      return null
    })
  } catch (error) {
    if (violatedConstraint(error) === 'categories_parent_id_fkey') throw new Rejection('HAS_CHILDREN')
    throw error
  }
}
