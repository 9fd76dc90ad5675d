import { Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { JsonText } from '@stoa/runtime'
import { categoryDetailJson, loadCategory } from '../categories.ts'
import type { Handles } from '../context.ts'
import { refuseMoved } from '../redirects.ts'
import { looksLikeId } from '../slug.ts'
import { etag } from '../stale.ts'

const BY_ID = `select ${categoryDetailJson}::text as json from product.categories c where c.category_id = $1::uuid`
const BY_SLUG = `select ${categoryDetailJson}::text as json from product.categories c where c.slug = $1`

export const category: Handles<typeof product.operations.category> = async ({ idOrSlug }, { query }) => {
  const isId = looksLikeId(idOrSlug)
  const [row] = await query<{ json: string }>(isId ? BY_ID : BY_SLUG, [idOrSlug])
  if (row) return new JsonText(row.json)
  if (!isId) await refuseMoved(query, 'category', idOrSlug)
  throw new Rejection('CATEGORY_NOT_FOUND')
}

export const getCategoryForStaff: Handles<typeof product.operations.getCategoryForStaff> = async (
  { categoryId },
  { query, setHeader },
) => {
  const found = await loadCategory(query, categoryId)
  if (!found) throw new Rejection('CATEGORY_NOT_FOUND')
  setHeader('etag', etag(found.version))
  return found
}
