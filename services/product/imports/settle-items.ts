import type { FieldError } from '@stoa/contract'
import { StockImported } from '@stoa/contracts/product-imports'
import type { AttributeValue } from '@stoa/contracts/search-document'
import type { Query, Tx } from '@stoa/runtime'
import { ensureAttributes, ensureCategories, writeLinks } from '../ensure.ts'
import { seedReviews } from '../reviews/seed-reviews.ts'
import { type WriteMedia, type WriteProduct, writeProducts } from '../write-products.ts'
import { fitAttribute } from './fit-attribute.ts'
import type { RunRow } from './import-runs.ts'
import type { Definition, ImportItem, ItemOf, Note } from './item.ts'
import { type ItemRead, mediaIds, type Outcome, type ReadOf, type StoredPictures } from './outcome.ts'
import { settleAssortment } from './settle-assortment.ts'
import { settlePrices } from './settle-prices.ts'

/** What was there in this process's earlier batches, which have committed: it is not asked for again. */
export type Known = {
  readonly definitions: ReadonlyMap<string, Definition>
  readonly categories: ReadonlyMap<string, string>
}

/** In a call of `ensureAttributes` and `ensureCategories`. */
const MAX_ENSURED = 1000

/**
 * Writes the items of one batch, which are of one kind, in a constant number of statements. Answers what became of each in their order,
 * and what is known now, should the transaction commit.
 */
export async function settleItems(
  tx: Tx,
  run: Pick<RunRow, 'format' | 'stock' | 'importId' | 'dryRun'>,
  reads: readonly ItemRead[],
  from: { readonly known: Known; readonly pictures: StoredPictures },
): Promise<{ outcomes: Outcome[]; known: Known }> {
  const kind = reads[0]!.item.kind
  const of = <Kind extends ImportItem['kind']>() => reads as readonly ReadOf<Kind>[]
  switch (kind) {
    case 'product':
      return settleProducts(tx, run, of<'product'>(), from)
    case 'links':
      return { outcomes: await settleLinks(tx, run, of<'links'>()), known: from.known }
    case 'review':
      return { outcomes: await settleReviews(tx, run, of<'review'>()), known: from.known }
    case 'price-list':
    case 'list-prices':
      return { outcomes: await settlePrices(tx, of<'price-list' | 'list-prices'>()), known: from.known }
    default:
      return { outcomes: await settleAssortment(tx, reads, from.pictures), known: from.known }
  }
}

async function settleProducts(
  tx: Tx,
  run: Pick<RunRow, 'format' | 'stock' | 'importId'>,
  reads: readonly ReadOf<'product'>[],
  { known, pictures }: { known: Known; pictures: StoredPictures },
): Promise<{ outcomes: Outcome[]; known: Known }> {
  const items = reads.map(({ item }) => item)
  const categories = await categoryIds(tx, items, known.categories)
  const definitions = await attributeDefinitions(tx, items, known.definitions)
  const media = await mediaIds(tx.query, items, pictures)
  const notes = reads.map(() => [] as Note[])

  const place = (index: number, read: Note) => notes[index]!.push(read)
  const outcomes: Outcome[] = reads.map(() => ({ outcome: 'refused' }))
  const written: number[] = []
  const products: WriteProduct[] = []
  items.forEach((item, index) => {
    const lost = item.categorySlugs?.find((slug) => !categories.has(slug))
    if (lost !== undefined) {
      outcomes[index] = {
        outcome: 'refused',
        refused: { field: 'categories', reason: `there is no category ${lost}` },
      }
      return
    }
    const ids = [
      ...(item.categorySlugs ?? []),
      ...(item.categories ?? []).map((path) => path.at(-1)!.slug),
    ].map((slug) => categories.get(slug)!)
    const named = item.categorySlugs !== undefined || item.categories !== undefined
    written.push(index)
    products.push({
      by: item.by,
      name: item.name,
      slug: item.slug,
      brand: item.brand,
      description: item.description,
      categoryIds: named ? [...new Set(ids)] : undefined,
      attributes: item.attributes && fitted(item.attributes, definitions, (note) => place(index, note)),
      options: item.options,
      variants: item.variants,
      missingVariants: item.missingVariants,
      seo: item.seo,
      media: item.pictures && useMedia(item.pictures, media, (note) => place(index, note)),
      status: item.status,
      publishAt: item.publishAt,
      unpublishAt: item.unpublishAt,
    })
  })

  const results = await writeProducts(tx, products)
  const keys: { key: string; productId: string }[] = []
  const stock: { sku: string; quantity: number }[] = []
  results.forEach((result, at) => {
    const index = written[at]!
    const item = items[index]!
    if (result.outcome === 'refused') {
      outcomes[index] = {
        outcome: 'refused',
        refused: noteOf(result.fields, result.code),
        notes: notes[index]!,
      }
      return
    }
    if (item.sourceKey !== undefined) keys.push({ key: item.sourceKey, productId: result.productId })
    if (run.stock === 'replace' || result.outcome !== 'unchanged') stock.push(...item.stock)
    outcomes[index] = {
      outcome: result.outcome,
      notes: notes[index]!,
      ...(result.outcome === 'unchanged'
        ? {}
        : {
            difference: {
              subject: 'slug' in item.by ? item.by.slug : item.by.sku,
              change: result.outcome === 'created' ? ('create' as const) : ('change' as const),
              fields: [...result.changed],
            },
          }),
    }
  })
  if (keys.length > 0) await rememberKeys(tx.query, run.format, keys)
  for (let start = 0; start < stock.length; start += 500)
    tx.emit(
      StockImported,
      { importId: run.importId, mode: run.stock, items: stock.slice(start, start + 500) },
      { version: 1 },
    )
  return { outcomes, known: { definitions, categories } }
}

const noteOf = (fields: readonly FieldError[], code: string): Note => ({
  field: fields[0]?.field ?? null,
  reason: fields[0]?.message ?? REASONS[code] ?? code,
})

const REASONS: Readonly<Record<string, string>> = {
  SKU_TAKEN: 'another product has a variant of this SKU or barcode',
  SLUG_TAKEN: 'another product has this slug',
  CATEGORY_NOT_FOUND: 'there is no such category',
  NOT_SELLABLE: 'a published product needs a variant that is not archived',
}

/** Ids of all categories that the items name, made where a path names them. */
async function categoryIds(
  tx: Tx,
  items: readonly ItemOf<'product'>[],
  known: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const ids = new Map(known)
  const wanted = new Map<string, { slug: string; name: string; parentSlug?: string }>()
  for (const path of items.flatMap(({ categories = [] }) => categories))
    path.forEach(({ slug, name }, level) => {
      const parent = path[level - 1]
      if (!ids.has(slug) && !wanted.has(slug))
        wanted.set(slug, { slug, name, ...(parent ? { parentSlug: parent.slug } : {}) })
    })
  const missing = [...wanted.values()]
  for (let start = 0; start < missing.length; start += MAX_ENSURED)
    for (const [slug, id] of await ensureCategories(tx, missing.slice(start, start + MAX_ENSURED)))
      ids.set(slug, id)
  const named = [...new Set(items.flatMap(({ categorySlugs = [] }) => categorySlugs))].filter(
    (slug) => !ids.has(slug),
  )
  if (named.length > 0)
    for (const { slug, id } of await tx.query<{ slug: string; id: string }>(
      'select slug, category_id as id from product.categories where slug = any ($1::text[])',
      [named],
    ))
      ids.set(slug, id)
  return ids
}

/** The definitions of all attributes that the items name, as they are in the shop: made where they were not there. */
async function attributeDefinitions(
  tx: Tx,
  items: readonly ItemOf<'product'>[],
  known: ReadonlyMap<string, Definition>,
): Promise<Map<string, Definition>> {
  const definitions = new Map(known)
  const ensure = async (wanted: Iterable<Definition>) => {
    const missing = [...wanted]
    for (let start = 0; start < missing.length; start += MAX_ENSURED)
      for (const [code, one] of await ensureAttributes(tx, missing.slice(start, start + MAX_ENSURED)))
        definitions.set(code, one)
  }
  const wanted = new Map<string, Definition>()
  for (const one of items.flatMap((item) => item.definitions))
    if (!definitions.has(one.code) && !wanted.has(one.code)) wanted.set(one.code, one)
  await ensure(wanted.values())

  // Of attributes that the shop, or another row, has with another type of value: the same in words.
  const inWords = new Map<string, Definition>()
  for (const { attributes, definitions: own } of items)
    for (const one of own) {
      const value = attributes?.[one.code]
      const there = definitions.get(one.code)
      if (value === undefined || !there || fitAttribute(value, there) !== undefined) continue
      const code = wordsCode(one.code)
      if (!definitions.has(code))
        inWords.set(code, { ...one, code, type: 'text', unit: null, allowedValues: [], filterable: false })
    }
  await ensure(inWords.values())
  const unnamed = [...new Set(items.flatMap(({ attributes = {} }) => Object.keys(attributes)))].filter(
    (code) => !definitions.has(code),
  )
  if (unnamed.length > 0)
    for (const one of await tx.query<Definition>(
      `select code, name, type, unit, allowed_values as "allowedValues", filterable, searchable, position
       from product.attributes where code = any ($1::text[])`,
      [unnamed],
    ))
      definitions.set(one.code, one)
  return definitions
}

const wordsCode = (code: string): string => `${code.slice(0, 110)}-text`

function fitted(
  attributes: Readonly<Record<string, AttributeValue>>,
  definitions: ReadonlyMap<string, Definition>,
  note: (note: Note) => void,
): Record<string, AttributeValue> {
  const values: Record<string, AttributeValue> = {}
  for (const [code, value] of Object.entries(attributes)) {
    const definition = definitions.get(code)
    const fit = definition && fitAttribute(value, definition)
    if (fit !== undefined) {
      values[code] = fit
      continue
    }
    const inWords = definitions.get(wordsCode(code))
    const words = inWords && fitAttribute(value, inWords)
    if (words !== undefined) values[wordsCode(code)] = words
    else
      note({
        field: `attributes.${code}`,
        reason: definition
          ? `is no ${definition.type} value and was left out`
          : 'is not defined and was left out',
      })
  }
  return values
}

function useMedia(
  pictures: NonNullable<ItemOf<'product'>['pictures']>,
  media: StoredPictures,
  note: (note: Note) => void,
): WriteMedia[] {
  const used = new Map<string, WriteMedia>()
  for (const { source, alt, variantSkus } of pictures) {
    const found = media.get(source)
    if (!found || 'fault' in found)
      note({
        field: 'pictures',
        reason: `${source.slice(0, 200)} ${found ? found.fault : 'is not there'}; the picture was left out`,
      })
    else if (!used.has(found.mediaId)) used.set(found.mediaId, { mediaId: found.mediaId, alt, variantSkus })
  }
  return [...used.values()]
}

async function rememberKeys(
  query: Query,
  source: string,
  keys: readonly { key: string; productId: string }[],
): Promise<void> {
  await query(
    `insert into product.source_keys as k (source, key, product_id)
     select distinct on (i.key) $1, i.key, i."productId"
     from jsonb_to_recordset($2::jsonb) as i (key text, "productId" uuid) order by i.key
     on conflict (source, key) do update set product_id = excluded.product_id where k.product_id <> excluded.product_id`,
    [source, JSON.stringify(keys)],
  )
}

type ProductName = ItemOf<'links'>['of']

/** The products that rows name, by `slug:...` and `key:...`, each with one of its SKUs. */
async function findProducts(
  query: Query,
  source: string,
  names: readonly ProductName[],
): Promise<Map<string, { productId: string; sku: string }>> {
  const slugs = names.flatMap((name) => ('slug' in name ? [name.slug] : []))
  const keys = names.flatMap((name) => ('key' in name ? [name.key] : []))
  const rows = await query<{ name: string; productId: string; sku: string }>(
    `with named as (
       select 'slug:' || slug as name, product_id from product.products where slug = any ($1::text[])
       union all
       select 'key:' || key, product_id from product.source_keys where source = $3 and key = any ($2::text[])
       union all
       select 'key:' || v.sku, v.product_id from product.variants v
       where v.sku = any ($2::text[])
         and not exists (select from product.source_keys k where k.source = $3 and k.key = v.sku)
     )
     select n.name, n.product_id as "productId",
       (select sku from product.variants v where v.product_id = n.product_id order by position limit 1) as sku
     from named n`,
    [[...new Set(slugs)], [...new Set(keys)], source],
  )
  return new Map(rows.map(({ name, ...found }) => [name, found]))
}

const nameText = (name: ProductName): string => ('slug' in name ? `slug:${name.slug}` : `key:${name.key}`)
const bareName = (name: ProductName): string => ('slug' in name ? name.slug : name.key)

async function settleLinks(
  tx: Tx,
  run: Pick<RunRow, 'format' | 'dryRun'>,
  reads: readonly ReadOf<'links'>[],
): Promise<Outcome[]> {
  const found = await findProducts(
    tx.query,
    run.format,
    reads.flatMap(({ item }) => [item.of, ...item.to]),
  )
  const lists = new Map<string, { productId: string; kind: ItemOf<'links'>['link']; linkedIds: string[] }>()
  const ids = reads.map(({ item }) => {
    const productId = found.get(nameText(item.of))?.productId
    if (productId === undefined) return undefined
    const linkedIds = item.to.flatMap((name) => found.get(nameText(name))?.productId ?? [])
    lists.set(`${productId} ${item.link}`, {
      productId,
      kind: item.link,
      linkedIds: [...new Set(linkedIds)].filter((id) => id !== productId),
    })
    return productId
  })
  const changed = new Set(lists.size === 0 ? [] : await writeLinks(tx, [...lists.values()]))
  return reads.map(({ item }, index) => {
    const productId = ids[index]
    if (productId === undefined)
      // A dry run has not made the products that an import would have made by now.
      return run.dryRun
        ? { outcome: 'changed' }
        : {
            outcome: 'refused',
            refused: { field: 'sku', reason: `there is no product ${bareName(item.of)}` },
          }
    const lost = run.dryRun ? [] : item.to.filter((name) => !found.has(nameText(name))).map(bareName)
    return {
      outcome: changed.has(productId) ? 'changed' : 'unchanged',
      notes:
        lost.length > 0
          ? [
              {
                field: 'linked_sku',
                reason: `there is no product ${lost.join(', ').slice(0, 200)}; the link was left out`,
              },
            ]
          : [],
    }
  })
}

async function settleReviews(
  tx: Tx,
  run: Pick<RunRow, 'format' | 'dryRun'>,
  reads: readonly ReadOf<'review'>[],
): Promise<Outcome[]> {
  const found = await findProducts(
    tx.query,
    run.format,
    reads.map(({ item }) => item.of),
  )
  const known = reads.flatMap((read) => {
    const product = found.get(nameText(read.item.of))
    return product ? [{ read, sku: product.sku }] : []
  })
  const { inserted } = await seedReviews(
    tx,
    known.map(({ read: { item }, sku }) => ({
      sku,
      author: item.author,
      stars: item.stars,
      title: item.title,
      text: item.text,
      verified: false,
    })),
  )
  // Which of them were there is not told, only how many.
  let left = inserted
  return reads.map(({ item }) => {
    if (!found.has(nameText(item.of)))
      return run.dryRun
        ? { outcome: 'created' }
        : {
            outcome: 'refused',
            refused: { field: 'sku', reason: `there is no product ${bareName(item.of)}` },
          }
    left -= 1
    return { outcome: left >= 0 ? 'created' : 'unchanged' }
  })
}
