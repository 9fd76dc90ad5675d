import { Rejection } from '@stoa/contract'
import type { Query } from '@stoa/runtime'

/** The kinds of things that are read by slug, and where. */
const PLACES = {
  product: '/v1/products/',
  category: '/v1/categories/',
  brand: '/v1/brands/',
  collection: '/v1/collections/',
} as const

export type Kind = keyof typeof PLACES

// A slug in use leads nowhere else, whatever stands in the table: two who commit at once may leave a row behind.
const MOVED = {
  product: `
    select p.slug from product.slug_redirects r join product.products p on p.product_id = r.target_id
    where r.kind = 'product' and r.slug = $1 and p.status = 'published'
      and not exists (select from product.products o where o.slug = $1)`,
  category: `
    select c.slug from product.slug_redirects r join product.categories c on c.category_id = r.target_id
    where r.kind = 'category' and r.slug = $1 and not exists (select from product.categories o where o.slug = $1)`,
  brand: `
    select b.slug from product.slug_redirects r join product.brands b on b.brand_id = r.target_id
    where r.kind = 'brand' and r.slug = $1 and not exists (select from product.brands o where o.slug = $1)`,
  collection: `
    select c.slug from product.slug_redirects r join product.collections c on c.collection_id = r.target_id
    where r.kind = 'collection' and r.slug = $1 and not exists (select from product.collections o where o.slug = $1)`,
} as const satisfies Record<Kind, string>

/** Refuses with where a thing has gone, if this was its slug once. */
export async function refuseMoved(query: Query, kind: Kind, slug: string): Promise<void> {
  const [to] = await query<{ slug: string }>(MOVED[kind], [slug])
  if (to) throw new Rejection('MOVED', { slug: to.slug, location: `${PLACES[kind]}${to.slug}` })
}
