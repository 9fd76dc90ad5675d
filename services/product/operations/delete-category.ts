import { Rejection } from '@stoa/contract'
import { CategoryChanged, type product } from '@stoa/contracts/product'
import { announceAgain, MAX_ANNOUNCED } from '../announce.ts'
import { loadCategory, lockTree, removeCategory } from '../categories.ts'
import type { Handles } from '../context.ts'
import { recorded, stale } from '../stale.ts'
import { violatedConstraint } from '../violation.ts'

/** Announced in the transaction that deletes: more would hold the tree for seconds. */
const MAX_PRODUCTS = 20_000

/** Its products stay, and stay in their other categories. */
export const deleteCategory: Handles<typeof product.operations.deleteCategory> = async (input, ctx) => {
  const found = await loadCategory(ctx.query, input.categoryId)
  // Deleted before: a repetition.
  if (!found) return null
  const { categoryId } = found
  try {
    return await ctx.transaction(async (tx) => {
      const treeVersion = await lockTree(tx.query)
      const before = await loadCategory(tx.query, categoryId)
      if (!before) {
        tx.audit({ subject: `category:${categoryId}`, before: null, after: null })
        return null
      }
      if (before.version !== input.version)
        throw await stale(tx.query, `category:${categoryId}`, { now: before.version, read: input.version })
      const products = await tx.query<{ id: string }>(
        `select product_id as id from product.product_categories where category_id = $1
         order by product_id limit ${MAX_PRODUCTS + 1}`,
        [categoryId],
      )
      if (products.length > MAX_PRODUCTS) throw new Rejection('HAS_PRODUCTS')
      await removeCategory(tx.query, categoryId)
      for (let from = 0; from < products.length; from += MAX_ANNOUNCED)
        await announceAgain(
          tx,
          products.slice(from, from + MAX_ANNOUNCED).map(({ id }) => id),
          { edited: true },
        )
      tx.emit(CategoryChanged, { categoryId, deleted: true }, { version: treeVersion })
      tx.audit({
        subject: `category:${categoryId}`,
        version: before.version + 1,
        before: recorded(before),
        after: null,
      })
      return null
    })
  } catch (error) {
    if (violatedConstraint(error) === 'categories_parent_id_fkey') throw new Rejection('HAS_CHILDREN')
    throw error
  }
}
