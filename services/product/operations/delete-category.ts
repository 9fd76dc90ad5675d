import { Rejection } from '@stoa/contract'
import { CategoryChanged, type product } from '@stoa/contracts/product'
import type { Query } from '@stoa/runtime'
import { announceEdits } from '../announce.ts'
import { loadCategory, lockTree, removeCategory } from '../categories.ts'
import type { Handles } from '../context.ts'
import { lockProducts } from '../products.ts'
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
      const products = await holdProducts(tx.query, categoryId)
      await removeCategory(tx.query, categoryId)
      await announceEdits(
        tx,
        new Map(
          products.map(({ id, categoryIds }) => [
            id,
            {
              before: { categoryIds },
              after: { categoryIds: categoryIds.filter((one) => one !== categoryId) },
            },
          ]),
        ),
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

/**
 * The products of a category with all their categories, held until the transaction ends; none comes to it any more. The products first,
 * as whoever writes them does; those that came while we waited for the category are few.
 */
async function holdProducts(
  query: Query,
  categoryId: string,
): Promise<{ id: string; categoryIds: readonly string[] }[]> {
  const read = () =>
    query<{ id: string; categoryIds: string[] }>(
      `select own.product_id as id, array(
         select pc.category_id from product.product_categories pc where pc.product_id = own.product_id order by pc.position
       ) as "categoryIds"
       from product.product_categories own where own.category_id = $1
       order by own.product_id limit ${MAX_PRODUCTS + 1}`,
      [categoryId],
    )
  const hold = async (products: readonly { id: string }[]) => {
    if (products.length > MAX_PRODUCTS) throw new Rejection('HAS_PRODUCTS')
    await lockProducts(
      query,
      products.map(({ id }) => id),
    )
  }
  await hold(await read())
  await query('select from product.categories where category_id = $1 for update', [categoryId])
  await hold(await read())
  return read()
}
