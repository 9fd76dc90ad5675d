import { invalidInput } from '@stoa/contract'
import type { AttributeDefinition } from '@stoa/contracts/search-document'
import type { Query } from '@stoa/runtime'
import { isoTimestamp } from '../json.ts'
import { decimalAmount } from './readers/amount.ts'
import { type Cells, header, joined, rowLine } from './stoa-csv.ts'

/** Things, or products with all that belongs to them, of one page: some MB of text. */
const PAGE = 200
const MANY = 1000

/** In this order nothing is named before it stands there. */
const SECTIONS = [
  'attributes',
  'brands',
  'categories',
  'collections',
  'products',
  'collection-products',
  'links',
  'price-lists',
  'list-prices',
  'redirects',
] as const
type Section = (typeof SECTIONS)[number]

export type ExportedPage = { readonly text: string; readonly rows: number; readonly next: string | null }

/**
 * A page of the whole catalogue in our own CSV, behind `after`. Sections and keys are read in their order, so that a change meanwhile is in
 * the file or is not, and nothing is there twice.
 */
export async function exportRows(query: Query, after: string | undefined): Promise<ExportedPage> {
  const [section, key] = positionOf(after)
  const page = await READERS[section](query, key)
  const next = page.next === undefined ? SECTIONS[SECTIONS.indexOf(section) + 1] : section
  return {
    text: (after === undefined ? header : '') + page.rows.map(rowLine).join(''),
    rows: page.rows.length,
    next: next === undefined ? null : JSON.stringify([next, page.next ?? '']),
  }
}

function positionOf(after: string | undefined): [Section, string] {
  if (after === undefined) return [SECTIONS[0], '']
  try {
    const [section, key] = JSON.parse(after) as [Section, string]
    if (SECTIONS.includes(section) && typeof key === 'string') return [section, key]
  } catch {
    // Said below.
  }
  throw invalidInput({ field: 'after', message: 'is not the next of a page' })
}

/** `next`: the key behind which the section goes on; undefined at its end. */
type Page = { readonly rows: readonly Cells[]; readonly next: string | undefined }

const pageOf = <Row>(
  found: readonly Row[],
  limit: number,
  { cells, key }: { cells: (row: Row) => readonly Cells[]; key: (row: Row) => string },
): Page => ({
  rows: found.flatMap(cells),
  next: found.length < limit ? undefined : key(found.at(-1)!),
})

/** SQL for the `picture` cell of the row `m`. */
const PICTURE = `case when m.source_url is not null then m.source_url else 'sha256:' || m.sha256 end`
const pictureOf = (column: string) => `(select ${PICTURE} from product.media m where m.media_id = ${column})`

type Thing = {
  slug: string
  name: string
  description: string
  picture: string | null
  seoTitle: string | null
  seoDescription: string | null
}
const thing =
  (type: 'brand' | 'collection') =>
  async (query: Query, after: string): Promise<Page> => {
    const found = await query<Thing>(
      `select slug, name, description, ${pictureOf('t.media_id')} as picture, seo_title as "seoTitle",
       seo_description as "seoDescription"
     from product.${type}s t where slug > $1 order by slug limit ${MANY}`,
      [after],
    )
    return pageOf(found, MANY, {
      key: ({ slug }) => slug,
      cells: ({ seoTitle, seoDescription, ...row }) => [
        { type, ...row, seo_title: seoTitle, seo_description: seoDescription },
      ],
    })
  }

const READERS: Readonly<Record<Section, (query: Query, after: string) => Promise<Page>>> = {
  attributes: async (query, after) => {
    const found = await query<AttributeDefinition>(
      `select code, name, type, unit, allowed_values as "allowedValues", filterable, searchable, position
       from product.attributes where code > $1 order by code limit ${MANY}`,
      [after],
    )
    return pageOf(found, MANY, {
      key: ({ code }) => code,
      cells: ({ code, type, allowedValues, ...row }) => [
        { ...row, type: 'attribute', slug: code, value_type: type, allowed_values: joined(allowedValues) },
      ],
    })
  },
  brands: thing('brand'),
  collections: thing('collection'),
  categories: async (query, after) => {
    // Parents first: by depth, then by slug.
    const [depth = '0', slug = ''] = after.split('/')
    const found = await query<
      Thing & { depth: number; parent: string | null; position: number; attributes: string[] }
    >(
      `select c.slug, c.name, c.description, c.position, cardinality(c.path) as depth, c.slugs[cardinality(c.slugs) - 1] as parent,
         ${pictureOf('c.media_id')} as picture, c.seo_title as "seoTitle", c.seo_description as "seoDescription",
         array(select a.code || case when a.required then '!' else '' end from product.category_attributes a
           where a.category_id = c.category_id order by a.position) as attributes
       from product.categories c where (cardinality(c.path), c.slug) > ($1::int, $2)
       order by cardinality(c.path), c.slug limit ${MANY}`,
      [Number(depth), slug],
    )
    return pageOf(found, MANY, {
      key: (row) => `${row.depth}/${row.slug}`,
      cells: ({ seoTitle, seoDescription, depth: _, attributes, ...row }) => [
        {
          ...row,
          type: 'category',
          seo_title: seoTitle,
          seo_description: seoDescription,
          attributes: joined(attributes),
        },
      ],
    })
  },
  products: async (query, after) => {
    const found = await query<ExportedProduct>(PRODUCTS, [after === '' ? null : after])
    return pageOf(found, PAGE, { key: ({ productId }) => productId, cells: productCells })
  },
  'collection-products': async (query, after) => {
    const [collection = '', product = ''] = after.split('/')
    const found = await query<{ parent: string; product: string; position: number }>(
      `select c.slug as parent, p.slug as product, cp.position
       from product.collection_products cp
       join product.collections c on c.collection_id = cp.collection_id
       join product.products p on p.product_id = cp.product_id
       where (c.slug, p.slug) > ($1, $2) order by c.slug, p.slug limit ${MANY}`,
      [collection, product],
    )
    return pageOf(found, MANY, {
      key: (row) => `${row.parent}/${row.product}`,
      cells: (row) => [{ type: 'collection-product', ...row }],
    })
  },
  links: async (query, after) => {
    const [id = '', kind = ''] = after.split('/')
    const found = await query<{ id: string; product: string; kind: string; to: string[] }>(
      `select k.product_id as id, p.slug as product, k.kind, array_agg(l.slug order by k.position, l.slug) as to
       from product.product_links k
       join product.products p on p.product_id = k.product_id
       join product.products l on l.product_id = k.linked_id
       where (k.product_id, k.kind) > (coalesce($1::uuid, '00000000-0000-0000-0000-000000000000'), $2)
       group by k.product_id, p.slug, k.kind order by k.product_id, k.kind limit ${MANY}`,
      [id === '' ? null : id, kind],
    )
    return pageOf(found, MANY, {
      key: (row) => `${row.id}/${row.kind}`,
      cells: ({ product, kind, to }) => [{ type: 'link', product, kind, to: joined(to) }],
    })
  },
  'price-lists': async (query, after) => {
    const found = await query<{
      key: string
      name: string
      currency: string
      customerGroup: string | null
      priority: number
      startsAt: string | null
      endsAt: string | null
    }>(
      `select price_list_id as key, name, currency, customer_group as "customerGroup", priority,
         ${isoTimestamp('starts_at')} as "startsAt", ${isoTimestamp('ends_at')} as "endsAt"
       from product.price_lists where deleted_at is null and price_list_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
       order by price_list_id limit ${MANY}`,
      [after === '' ? null : after],
    )
    return pageOf(found, MANY, {
      key: ({ key }) => key,
      cells: ({ customerGroup, startsAt, endsAt, ...row }) => [
        { ...row, type: 'price-list', customer_group: customerGroup, starts_at: startsAt, ends_at: endsAt },
      ],
    })
  },
  'list-prices': async (query, after) => {
    const [list = '', sku = ''] = after.split('|')
    const found = await query<{
      key: string
      currency: string
      sku: string
      tiers: { minQuantity: number; amountMinor: number }[]
    }>(
      `select l.price_list_id as key, l.currency, v.sku,
         json_agg(json_build_object('minQuantity', e.min_quantity, 'amountMinor', e.amount_minor) order by e.min_quantity) as tiers
       from product.price_list_entries e
       join product.price_lists l on l.price_list_id = e.price_list_id and l.deleted_at is null
       join product.variants v on v.variant_id = e.variant_id
       where (l.price_list_id, v.sku) > (coalesce($1::uuid, '00000000-0000-0000-0000-000000000000'), $2)
       group by l.price_list_id, l.currency, v.sku order by l.price_list_id, v.sku limit ${MANY}`,
      [list === '' ? null : list, sku],
    )
    return pageOf(found, MANY, {
      key: (row) => `${row.key}|${row.sku}`,
      cells: ({ key, currency, sku, tiers }) => [
        {
          type: 'list-price',
          key,
          currency,
          sku,
          prices: tiers
            .map((tier) => `from ${tier.minQuantity} ${decimalAmount(tier.amountMinor, currency)}`)
            .join('; '),
        },
      ],
    })
  },
  redirects: async (query, after) => {
    const [kind = '', slug = ''] = after.split('/')
    const found = await query<{ kind: string; slug: string; to: string | null }>(
      `select r.kind, r.slug, coalesce(p.slug, c.slug, b.slug, o.slug) as to
       from product.slug_redirects r
       left join product.products p on r.kind = 'product' and p.product_id = r.target_id
       left join product.categories c on r.kind = 'category' and c.category_id = r.target_id
       left join product.brands b on r.kind = 'brand' and b.brand_id = r.target_id
       left join product.collections o on r.kind = 'collection' and o.collection_id = r.target_id
       where (r.kind, r.slug) > ($1, $2) order by r.kind, r.slug limit ${MANY}`,
      [kind, slug],
    )
    return pageOf(found, MANY, {
      key: (row) => `${row.kind}/${row.slug}`,
      cells: (row) => (row.to === null ? [] : [{ type: 'redirect', ...row }]),
    })
  },
}

type ExportedProduct = {
  productId: string
  slug: string
  name: string
  brand: string | null
  description: string
  status: string
  categories: string[]
  attributes: Record<string, unknown>
  options: unknown[]
  seoTitle: string | null
  seoDescription: string | null
  publishAt: string | null
  unpublishAt: string | null
  variants: {
    sku: string
    barcode: string | null
    options: Record<string, string>
    costMinor: number | null
    costCurrency: string | null
    weightGrams: number | null
    archived: boolean
    prices: { currency: string; amountMinor: number; compareAtMinor: number | null }[] | null
  }[]
  pictures: { picture: string; alt: string | null; skus: string[] }[]
}

const PRODUCTS = `
  select p.product_id as "productId", p.slug, p.name, b.name as brand, p.description, p.status, p.attributes, p.options,
    p.seo_title as "seoTitle", p.seo_description as "seoDescription",
    ${isoTimestamp('p.publish_at')} as "publishAt", ${isoTimestamp('p.unpublish_at')} as "unpublishAt",
    array(select c.slug from product.product_categories pc join product.categories c on c.category_id = pc.category_id
      where pc.product_id = p.product_id order by pc.position) as categories,
    coalesce((select json_agg(json_build_object('sku', v.sku, 'barcode', v.barcode, 'options', v.options, 'costMinor', v.cost_minor,
      'costCurrency', v.cost_currency, 'weightGrams', v.weight_grams, 'archived', v.archived, 'prices', (
        select json_agg(json_build_object('currency', vp.currency, 'amountMinor', vp.amount_minor,
          'compareAtMinor', vp.compare_at_minor) order by vp.currency)
        from product.variant_prices vp where vp.variant_id = v.variant_id)) order by v.position)
      from product.variants v where v.product_id = p.product_id), '[]') as variants,
    coalesce((select json_agg(json_build_object('picture', ${PICTURE}, 'alt', pm.alt, 'skus', (
        select coalesce(json_agg(v.sku order by v.position), '[]') from product.variants v where v.variant_id = any (pm.variant_ids)))
        order by pm.position, pm.media_id)
      from product.product_media pm join product.media m on m.media_id = pm.media_id
      where pm.product_id = p.product_id), '[]') as pictures
  from product.products p left join product.brands b on b.brand_id = p.brand_id
  where p.product_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
  order by p.product_id limit ${PAGE}`

function productCells(product: ExportedProduct): Cells[] {
  const { slug } = product
  return [
    {
      type: 'product',
      slug,
      name: product.name,
      brand: product.brand,
      description: product.description,
      status: product.status,
      categories: joined(product.categories),
      attributes: Object.keys(product.attributes).length === 0 ? null : JSON.stringify(product.attributes),
      options: product.options.length === 0 ? null : JSON.stringify(product.options),
      seo_title: product.seoTitle,
      seo_description: product.seoDescription,
      publish_at: product.publishAt,
      unpublish_at: product.unpublishAt,
    },
    ...product.variants.map(
      (variant): Cells => ({
        type: 'variant',
        product: slug,
        sku: variant.sku,
        barcode: variant.barcode,
        options: Object.keys(variant.options).length === 0 ? null : JSON.stringify(variant.options),
        prices: (variant.prices ?? [])
          .map(
            ({ currency, amountMinor, compareAtMinor }) =>
              `${decimalAmount(amountMinor, currency)} ${currency}${
                compareAtMinor === null ? '' : ` was ${decimalAmount(compareAtMinor, currency)}`
              }`,
          )
          .join('; '),
        cost:
          variant.costMinor === null || variant.costCurrency === null
            ? null
            : `${decimalAmount(variant.costMinor, variant.costCurrency)} ${variant.costCurrency}`,
        weight_grams: variant.weightGrams,
        archived: variant.archived,
      }),
    ),
    ...product.pictures.map(
      ({ picture, alt, skus }): Cells => ({
        type: 'picture',
        product: slug,
        picture,
        alt,
        skus: joined(skus),
      }),
    ),
  ]
}
