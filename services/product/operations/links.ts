import { isDeepStrictEqual } from 'node:util'
import { invalidInput, Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { JsonText, type Query } from '@stoa/runtime'
import { announceEdits } from '../announce.ts'
import type { Handles } from '../context.ts'
import { replaceLinks } from '../ensure.ts'
import { lockProduct, productVersion } from '../products.ts'
import { customerGroupOf, summaryFor } from '../shop-prices.ts'
import { looksLikeId } from '../slug.ts'
import { etag, stale } from '../stale.ts'

const ofKind = (kind: string, summary: string) => `
  coalesce((
    select json_agg(${summary} order by k.position)
    from product.product_links k join product.listings l on l.product_id = k.linked_id and l.currency = $2
    where k.product_id = p.product_id and k.kind = '${kind}'), '[]')`

const links = (by: string, summary: string) => `
  select json_build_object('related', ${ofKind('related', summary)}, 'upSell', ${ofKind('up-sell', summary)},
    'crossSell', ${ofKind('cross-sell', summary)})::text as json
  from product.products p
  where ${by} and p.status = 'published' and $3::text is not null`

const statements = (summary: string) => ({
  byId: links('p.product_id = $1::uuid', summary),
  bySlug: links('p.slug = $1', summary),
})
const FOR_EVERYONE = statements('l.summary')
const FOR_A_GROUP = statements(summaryFor('$2', '$3'))

/** Of those that are published and have a price in the currency. */
export const linksOf: Handles<typeof product.operations.links> = async (
  { idOrSlug, currency },
  { query, config, actor },
) => {
  const group = customerGroupOf(actor)
  const { byId, bySlug } = group === '' ? FOR_EVERYONE : FOR_A_GROUP
  const [row] = await query<{ json: string }>(looksLikeId(idOrSlug) ? byId : bySlug, [
    idOrSlug,
    currency ?? config.shopCurrency,
    group,
  ])
  if (!row) throw new Rejection('PRODUCT_NOT_FOUND')
  return new JsonText(row.json)
}

export const linksForStaff: Handles<typeof product.operations.linksForStaff> = async (
  { productId },
  { query, setHeader },
) => {
  const version = await productVersion(query, productId)
  if (version === 0) throw new Rejection('PRODUCT_NOT_FOUND')
  setHeader('etag', etag(version))
  const of = async (kind: string) => linked(query, productId, kind)
  return { related: await of('related'), upSell: await of('up-sell'), crossSell: await of('cross-sell') }
}

export const putLinks: Handles<typeof product.operations.putLinks> = async (input, ctx) => {
  const { kind } = input
  const productId = input.productId.toLowerCase()
  const productIds = input.productIds.map((id) => id.toLowerCase())
  if (productIds.includes(productId))
    throw invalidInput({
      field: `productIds.${productIds.indexOf(productId)}`,
      message: 'is the product itself',
    })
  if (new Set(productIds).size < productIds.length)
    throw invalidInput({ field: 'productIds', message: 'names a product twice' })
  const seen = await productVersion(ctx.query, productId)
  if (seen === 0) throw new Rejection('PRODUCT_NOT_FOUND')
  // A repetition after a lost answer.
  if (isDeepStrictEqual(await linked(ctx.query, productId, kind), productIds)) {
    ctx.setHeader('etag', etag(seen))
    return { productIds }
  }
  return ctx.transaction(async (tx) => {
    await lockProduct(tx.query, productId)
    const version = await productVersion(tx.query, productId)
    if (version !== input.version)
      throw await stale(tx.query, `product:${productId}`, { now: version, read: input.version })
    const before = await linked(tx.query, productId, kind)
    const known = await tx.query<{ id: string }>(
      'select product_id as id from product.products where product_id = any ($1::uuid[])',
      [productIds],
    )
    const ids = new Set(known.map(({ id }) => id))
    const strangers = productIds.flatMap((id, index) =>
      ids.has(id) ? [] : [{ field: `productIds.${index}`, message: 'is not a product' }],
    )
    if (strangers.length > 0) throw invalidInput(...strangers.slice(0, 20))
    await replaceLinks(tx.query, [{ productId, kind, linkedIds: productIds }])
    const field = `links.${kind}`
    await announceEdits(
      tx,
      new Map([[productId, { before: { [field]: before }, after: { [field]: productIds } }]]),
    )
    ctx.setHeader('etag', etag(version + 1))
    return { productIds }
  })
}

const linked = async (query: Query, productId: string, kind: string): Promise<string[]> =>
  (
    await query<{ id: string }>(
      `select linked_id as id from product.product_links where product_id = $1 and kind = $2 order by position, linked_id`,
      [productId, kind],
    )
  ).map(({ id }) => id)
