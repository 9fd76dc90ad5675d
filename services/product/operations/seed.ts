import { type FieldError, type InputOf, invalidInput } from '@stoa/contract'
import { CollectionChanged, type product } from '@stoa/contracts/product'
import type { Tx } from '@stoa/runtime'
import { v7 } from 'uuid'
import { announceAgain, MAX_ANNOUNCED } from '../announce.ts'
import { attributeFaults } from '../attribute-rules.ts'
import type { Context, Handles } from '../context.ts'
import { ensureAttributes, ensureSources, replaceLinks, settleCategories } from '../ensure.ts'
import { insertShelf } from '../shelves.ts'
import { looksLikeId } from '../slug.ts'
import { loadAttributeRules } from '../surroundings.ts'
import { productFaults } from '../variant-rules.ts'
import { MAX_WRITE, type WriteProduct, whileOthersWrite, writeProducts } from '../write-products.ts'
import { definitionFaults } from './attributes.ts'
import { placeProducts } from './shelves.ts'

type Input = InputOf<typeof product.operations.seed>

/** What belongs to all comes first, then the products by the hundred, then what ties them together: each part is there whole or not at all. */
export const seed: Handles<typeof product.operations.seed> = async (input, ctx) => {
  const faults = inputFaults(input)
  if (faults.length > 0) throw invalidInput(...faults.slice(0, 20))
  const ground = await whileOthersWrite(() => ctx.transaction((tx) => layGround(tx, input)))
  const ids = await seedProducts(ctx, input, ground)
  if (input.links.length > 0 || input.collections.length > 0)
    await whileOthersWrite(() => ctx.transaction((tx) => tie(tx, input)))
  return {
    categories: ground.added,
    products: ids.size,
    variants: input.products.reduce(
      (sum, { slug, variants }) => sum + (ids.has(slug) ? variants.length : 0),
      0,
    ),
  }
}

function inputFaults({ products, attributes }: Input): FieldError[] {
  return [
    ...attributes.flatMap((definition, index) => definitionFaults(definition, `attributes.${index}.`)),
    ...products.flatMap((added, index) => [
      ...(looksLikeId(added.slug)
        ? [{ field: `products.${index}.slug`, message: 'must not look like an id' }]
        : []),
      ...productFaults(added, `products.${index}.`),
      ...added.media.flatMap(({ variantSkus }, place) =>
        variantSkus.some((sku) => !added.variants.some((variant) => variant.sku === sku))
          ? [
              {
                field: `products.${index}.media.${place}.variantSkus`,
                message: 'is not a variant of the product',
              },
            ]
          : [],
      ),
    ]),
  ]
}

type Ground = {
  readonly categories: ReadonlyMap<string, string>
  readonly media: ReadonlyMap<string, string>
  readonly added: number
}

/** Two processes that start at once fill the shop one after the other: the second finds all there. */
async function layGround(tx: Tx, input: Input): Promise<Ground> {
  const media = await ensureSources(tx.query, [
    ...input.categories.flatMap(({ image }) => image ?? []),
    ...input.products.flatMap((added) => added.media),
  ])
  const { ids: categories, added } = await settleCategories(
    tx,
    input.categories.map(({ image, seo, ...category }) => ({
      ...category,
      mediaId: image && media.get(image.sourceUrl),
      seo: { title: seo.title ?? null, description: seo.description ?? null },
    })),
    input.products.flatMap(({ categorySlugs }) => categorySlugs),
  )
  await ensureAttributes(tx, input.attributes)
  const known = await loadAttributeRules(
    tx.query,
    input.products.flatMap(({ attributes }) => Object.keys(attributes)),
  )
  input.products.forEach(({ categorySlugs, attributes }, index) => {
    const faults = attributeFaults(attributes, known, `products.${index}.attributes.`)
    categorySlugs.forEach((slug, place) => {
      if (!categories.has(slug))
        faults.push({ field: `products.${index}.categorySlugs.${place}`, message: 'is not a category' })
    })
    if (faults.length > 0) throw invalidInput(...faults.slice(0, 20))
  })
  return { categories, media, added }
}

/** The slugs of those that were not there. */
async function seedProducts(ctx: Context, { products }: Input, ground: Ground): Promise<Set<string>> {
  const created = new Set<string>()
  for (let from = 0; from < products.length; from += MAX_WRITE) {
    const items = products.slice(from, from + MAX_WRITE).map((added) => complete(added, ground))
    const outcomes = await whileOthersWrite(() =>
      ctx.transaction((tx) => writeProducts(tx, items, { createOnly: true })),
    )
    outcomes.forEach(({ outcome }, index) => {
      if (outcome === 'created') created.add(products[from + index]!.slug)
    })
  }
  return created
}

const complete = (
  { slug, categorySlugs, seo, media, ...added }: Input['products'][number],
  ground: Ground,
): WriteProduct => ({
  ...added,
  by: { slug },
  categoryIds: categorySlugs.map((one) => ground.categories.get(one)!),
  missingVariants: 'keep',
  seo: { title: seo.title ?? null, description: seo.description ?? null },
  media: [...new Map(media.map((picture) => [picture.sourceUrl, picture])).values()].map(
    ({ sourceUrl, alt, variantSkus }) => ({ mediaId: ground.media.get(sourceUrl)!, alt, variantSkus }),
  ),
  status: 'published',
})

/** Links and collections that are not there yet, among the products that are. */
async function tie(tx: Tx, { links, collections }: Input): Promise<void> {
  const slugs = [
    ...links.flatMap(({ slug, slugs }) => [slug, ...slugs]),
    ...collections.flatMap(({ slugs }) => slugs),
  ]
  const rows = await tx.query<{ slug: string; id: string }>(
    'select slug, product_id as id from product.products where slug = any ($1::text[])',
    [[...new Set(slugs)]],
  )
  const ids = new Map(rows.map(({ slug, id }) => [slug, id]))
  const known = (named: readonly string[]) => [...new Set(named)].flatMap((slug) => ids.get(slug) ?? [])

  const present = await tx.query<{ key: string }>(
    `select distinct product_id || kind as key from product.product_links where product_id = any ($1::uuid[])`,
    [known(links.map(({ slug }) => slug))],
  )
  const keys = new Set(present.map(({ key }) => key))
  const lists = new Map(
    links.flatMap(({ slug, kind, slugs }) => {
      const productId = ids.get(slug)
      if (productId === undefined || keys.has(productId + kind)) return []
      return [
        [productId + kind, { productId, kind, linkedIds: known(slugs).filter((id) => id !== productId) }],
      ]
    }),
  )
  const replaced = await replaceLinks(tx.query, [...lists.values()])
  const touched = new Set(replaced.map(({ productId }) => productId))

  const shelves = await tx.query<{ slug: string }>(
    'select slug from product.collections where slug = any ($1::text[])',
    [collections.map(({ slug }) => slug)],
  )
  const shelved = new Set(shelves.map(({ slug }) => slug))
  const added = collections.flatMap(({ slugs, seo, ...fields }) => {
    if (shelved.has(fields.slug)) return []
    shelved.add(fields.slug)
    return [{ id: v7(), productIds: known(slugs), fields, seo }]
  })
  for (const { id, fields, seo } of added) {
    await insertShelf(tx.query, 'collection', id, {
      ...fields,
      mediaId: null,
      seo: { title: seo.title ?? null, description: seo.description ?? null },
    })
    tx.emit(CollectionChanged, { collectionId: id, deleted: false }, { version: 1 })
  }
  if (added.length > 0) await placeProducts(tx, added)
  for (const { productIds } of added) for (const id of productIds) touched.add(id)

  const changed = [...touched].sort()
  for (let from = 0; from < changed.length; from += MAX_ANNOUNCED)
    await announceAgain(tx, changed.slice(from, from + MAX_ANNOUNCED))
}
