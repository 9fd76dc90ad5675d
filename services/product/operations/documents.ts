import type { product } from '@stoa/contracts/product'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../context.ts'
import { isoTimestamp } from '../json.ts'
import { ratingOfProduct } from '../listings.ts'
import { mainPictureOfProduct } from '../media/media-json.ts'

/** Characters of a description that search reads; the rest of a long one repeats it. */
const MAX_DESCRIPTION = 5000

/** Without tags, then the five entities of XML and the space that must not break (HTML 5, 13.2.5.72, has all 2,231). */
const PLAIN_DESCRIPTION = `
  left(trim(regexp_replace(
    replace(replace(replace(replace(replace(replace(
      regexp_replace(left(p.description, ${MAX_DESCRIPTION * 4}), '<[^<>]*>', ' ', 'g'),
      '&nbsp;', ' '), '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#39;', ''''), '&amp;', '&'),
    '\\s+', ' ', 'g')), ${MAX_DESCRIPTION})`

const DOCUMENTS = `
  select json_build_object('items', coalesce(json_agg(json_build_object(
    'productId', p.product_id, 'version', p.revision, 'slug', p.slug, 'name', p.name, 'description', ${PLAIN_DESCRIPTION},
    'brand', case when b.brand_id is not null then json_build_object('slug', b.slug, 'name', b.name) end,
    'categories', coalesce((
      select json_agg(json_build_object('categoryId', c.category_id, 'path', (
          select json_agg(json_build_object('slug', a.slug, 'name', a.name) order by cardinality(a.path))
          from product.categories a where a.category_id = any (c.path))) order by pc.position)
      from product.product_categories pc join product.categories c on c.category_id = pc.category_id
      where pc.product_id = p.product_id), '[]'),
    'collections', coalesce((
      select json_agg(c.slug order by c.slug)
      from product.collection_products cp join product.collections c on c.collection_id = cp.collection_id
      where cp.product_id = p.product_id), '[]'),
    'attributes', p.attributes,
    'options', coalesce((
      select json_agg(json_build_object('name', o.option->>'name', 'values', (
          select coalesce(json_agg(x.value order by x.place), '[]')
          from jsonb_array_elements_text(o.option->'values') with ordinality as x (value, place)
          where exists (
            select from product.variants v
            where v.product_id = p.product_id and not v.archived and v.options->>(o.option->>'name') = x.value)))
        order by o.place)
      from jsonb_array_elements(p.options) with ordinality as o (option, place)), '[]'),
    'variants', coalesce((
      select json_agg(json_build_object('sku', v.sku, 'barcode', v.barcode) order by v.position)
      from product.variants v where v.product_id = p.product_id and not v.archived), '[]'),
    'prices', coalesce((
      select json_agg(json_build_object('currency', x.currency, 'fromMinor', x.price_from, 'toMinor', x.price_to,
        'compareAtMinor', x.compare_at) order by x.currency)
      from (
        select e.currency, min(e.amount_minor) as price_from, max(e.amount_minor) as price_to,
          (array_agg(e.compare_at_minor order by e.amount_minor, v.position))[1] as compare_at
        from product.variants v
        join product.effective_prices e on e.variant_id = v.variant_id and e.customer_group = ''
        where v.product_id = p.product_id and not v.archived
        group by e.currency) x), '[]'),
    'image', ${mainPictureOfProduct}, 'rating', ${ratingOfProduct},
    'publishedAt', ${isoTimestamp('p.published_at')}) order by p.product_id), '[]'))::text as json
  from product.products p left join product.brands b on b.brand_id = p.brand_id
  where p.product_id = any ($1::uuid[]) and p.status = 'published'`

export const documents: Handles<typeof product.operations.documents> = async ({ productIds }, { query }) => {
  const [row] = await query<{ json: string }>(DOCUMENTS, [productIds])
  return new JsonText(row!.json)
}
