import {
  AttributeChanged,
  CategoryChanged,
  ProductChanged,
  type ProductStatus,
} from '@stoa/contracts/product'
import type { Tx } from '@stoa/runtime'
import type { z } from 'zod'

/** Events per transaction. */
const PAGE = 500

/**
 * Announces all categories, then all attributes, then all products, as they are now. A position is `category:<id>`, `attribute:<code>`
 * or `product:<id>`: the last one announced.
 */
export async function republish(after: string | undefined, tx: Tx): Promise<string | undefined> {
  const [kind, id] = after?.split(':') ?? ['category', undefined]
  if (kind === 'category') {
    const last = await republishCategories(id, tx)
    return last === undefined ? 'attribute:' : `category:${last}`
  }
  if (kind === 'attribute') {
    const last = await republishAttributes(id ?? '', tx)
    return last === undefined ? 'product:' : `attribute:${last}`
  }
  const last = await republishProducts(id === '' ? undefined : id, tx)
  return last === undefined ? undefined : `product:${last}`
}

async function republishCategories(after: string | undefined, tx: Tx): Promise<string | undefined> {
  const rows = await tx.query<{ id: string; version: number }>(
    `select category_id as id, tree_version as version from product.categories
     where category_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
     order by category_id limit ${PAGE}
     for share`,
    [after ?? null],
  )
  for (const { id, version } of rows)
    tx.emit(CategoryChanged, { categoryId: id, deleted: false }, { version })
  return rows.length === PAGE ? rows.at(-1)!.id : undefined
}

async function republishAttributes(after: string, tx: Tx): Promise<string | undefined> {
  const rows = await tx.query<{ code: string; version: number }>(
    `select code, version from product.attributes where code > $1 order by code limit ${PAGE} for share`,
    [after],
  )
  for (const { code, version } of rows) tx.emit(AttributeChanged, { code, deleted: false }, { version })
  return rows.length === PAGE ? rows.at(-1)!.code : undefined
}

async function republishProducts(after: string | undefined, tx: Tx): Promise<string | undefined> {
  // Locked first and read then: a change that commits meanwhile is announced after what it replaced.
  const locked = await tx.query<{ id: string }>(
    `select product_id as id from product.products
     where product_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
     order by product_id limit ${PAGE}
     for share`,
    [after ?? null],
  )
  const rows = await tx.query<{ id: string; version: number; status: Status; skus: string[] }>(
    `select p.product_id as id, p.revision as version, p.status,
       array(select v.sku from product.variants v where v.product_id = p.product_id order by v.position) as skus
     from product.products p
     where p.product_id = any ($1::uuid[])
     order by p.product_id`,
    [locked.map(({ id }) => id)],
  )
  for (const { id, version, status, skus } of rows)
    tx.emit(ProductChanged, { productId: id, status, skus }, { version })
  return locked.length === PAGE ? locked.at(-1)!.id : undefined
}

type Status = z.output<typeof ProductStatus>
