import type { RequestOf } from '@stoa/contract'
import type { inventory } from '@stoa/contracts/inventory'
import type { product } from '@stoa/contracts/product'
import type { About, Article } from './catalogue/article.ts'
import { pictureOf, seenOptions } from './catalogue/article-pictures.ts'
import { attributes } from './catalogue/attributes.ts'
import { bags } from './catalogue/bags.ts'
import { bath } from './catalogue/bath.ts'
import { categoryTree } from './catalogue/categories.ts'
import { clothing } from './catalogue/clothing.ts'
import { collectionsByCode } from './catalogue/collections.ts'
import { desk } from './catalogue/desk.ts'
import { electronics } from './catalogue/electronics.ts'
import { garden } from './catalogue/garden.ts'
import { home } from './catalogue/home.ts'
import { kids } from './catalogue/kids.ts'
import { kitchen } from './catalogue/kitchen.ts'
import { outdoor } from './catalogue/outdoor.ts'
import { pantry } from './catalogue/pantry.ts'
import { sport } from './catalogue/sport.ts'
import { ean13 } from './ean13.ts'

type Seed = RequestOf<typeof product.operations.seed>
type DemoCategory = Seed['categories'][number]
type DemoProduct = Seed['products'][number]
type DemoVariant = DemoProduct['variants'][number] & { readonly options: Record<string, string> }
type StockLine = RequestOf<typeof inventory.operations.seed>['lines'][number]
type Links = NonNullable<Seed['links']>

/** The goods of a small general shop, for a machine that has none. */
export const articles: readonly Article[] = [
  ...home,
  ...kitchen,
  ...pantry,
  ...desk,
  ...electronics,
  ...clothing,
  ...bags,
  ...garden,
  ...bath,
  ...kids,
  ...outdoor,
  ...sport,
]

const slugByCode = new Map(articles.map(({ code, name }) => [code, slugOf(name)]))

/** `studio`: the origin where the pictures are. */
export function demoCategories(studio: string): DemoCategory[] {
  const parents = new Map(
    categoryTree.flatMap(([root, , , below]) => Object.keys(below).map((slug) => [slug, root])),
  )
  const image = (slug: string, name: string) => {
    const article = articles.find((one) =>
      one.in.some((place) => place === slug || parents.get(place) === slug),
    )
    const choice = article && combinations(article.options ?? {})[0]!
    return article && choice && { image: { sourceUrl: studio + pictureOf(article, choice), alt: name } }
  }
  return [
    ...categoryTree.map(([slug, name, description], index) => ({
      slug,
      name,
      description,
      position: (index + 1) * 10,
      ...image(slug, name),
    })),
    ...categoryTree.flatMap(([parentSlug, , , below]) =>
      Object.entries(below).map(([slug, name], index) => ({
        slug,
        name,
        parentSlug,
        position: (index + 1) * 10,
        ...image(slug, name),
      })),
    ),
  ]
}

/** Selects may take any value: what a merchant imports has colours of its own. */
export const demoAttributes: NonNullable<Seed['attributes']> = Object.values(attributes).map(
  ({ code, name, type, unit, filterable = true, searchable = false }, index) => ({
    code,
    name,
    type,
    ...(unit ? { unit } : {}),
    filterable,
    searchable,
    position: (index + 1) * 10,
  }),
)

export function demoProducts(studio: string): DemoProduct[] {
  return articles.map((article) => ({
    slug: slugOf(article.name),
    name: article.name,
    brand: article.brand,
    description: article.text,
    categorySlugs: [...article.in],
    attributes: attributesOf(article),
    options: Object.entries(article.options ?? {}).map(([name, values]) => ({ name, values: [...values] })),
    variants: variantsOf(article),
    media: mediaOf(article, studio),
    seo: { title: `${article.name} by ${article.brand}`, description: inShort(article.text) },
  }))
}

export const demoCollections: NonNullable<Seed['collections']> = collectionsByCode.map(
  ({ slug, name, text, codes }) => ({
    slug,
    name,
    description: text,
    slugs: codes.map((code) => slugByCode.get(code)!),
  }),
)

/** Beside an article its neighbours in the category, above it those that cost more, with it what its row names. */
export const demoLinks: Links = articles.flatMap((article, at) => {
  const others = [...articles.slice(at + 1), ...articles.slice(0, at)].filter(
    (one) => one.in[0] === article.in[0],
  )
  const dearer = others.filter(
    ({ eurMinor }) => eurMinor > article.eurMinor * 1.15 && eurMinor < article.eurMinor * 2.5,
  )
  const link = (kind: Links[number]['kind'], slugs: readonly string[]) =>
    slugs.length === 0 ? [] : [{ slug: slugOf(article.name), kind, slugs: [...slugs] }]
  return [
    ...link(
      'related',
      others.slice(0, 6).map(({ name }) => slugOf(name)),
    ),
    ...link(
      'up-sell',
      dearer.slice(0, 3).map(({ name }) => slugOf(name)),
    ),
    ...link(
      'cross-sell',
      (article.with ?? []).map((code) => slugByCode.get(code)!),
    ),
  ]
})

function attributesOf({ about = {}, options = {} }: Article): NonNullable<DemoProduct['attributes']> {
  const told = Object.entries(about).map(([key, value]) => [
    attributes[key as keyof About].code,
    typeof value === 'object' ? [...value] : value,
  ])
  const colours = options.Colour ? [['colour', [...options.Colour]]] : []
  return Object.fromEntries([...colours, ...told])
}

/** One picture for all variants that look alike. */
function mediaOf(article: Article, studio: string): NonNullable<DemoProduct['media']> {
  const pictures = new Map<string, { skus: string[]; seen: string[] }>()
  for (const { sku, options } of variantsOf(article)) {
    const picture = pictureOf(article, options)
    const one = pictures.get(picture) ?? {
      skus: [],
      seen: seenOptions(article).map((name) => options[name]!),
    }
    one.skus.push(sku)
    pictures.set(picture, one)
  }
  return [...pictures].map(([picture, { skus, seen }]) => ({
    sourceUrl: studio + picture,
    alt: [article.name, ...seen].join(', '),
    width: 1200,
    height: 1200,
    variantSkus: pictures.size > 1 ? skus : [],
  }))
}

/** As much of the first words as a search result shows. */
function inShort(text: string): string {
  const words = text.replaceAll('\n', ' ')
  return words.length <= 155 ? words : `${words.slice(0, words.lastIndexOf(' ', 152))} …`
}

/** Units at which the shop buys more. */
const REORDER_POINT = 5

export const demoStock: readonly StockLine[] = articles.flatMap((article) =>
  variantsOf(article).map(({ sku }, index) => ({
    sku,
    quantity: article.stock?.[sku] ?? plentiful(article.no, index),
    reorderPoint: REORDER_POINT,
  })),
)

function variantsOf(article: Article): DemoVariant[] {
  return combinations(article.options ?? {}).map((options, index) => {
    const values = Object.values(options)
    const sum = (of: Readonly<Record<string, number>> | undefined) =>
      values.reduce((total, value) => total + (of?.[value] ?? 0), 0)
    const extraMinor = sum(article.extraEurMinor)
    const eurMinor = article.eurMinor + extraMinor
    const was = article.wasEurMinor === undefined ? undefined : article.wasEurMinor + extraMinor
    return {
      sku: [article.code, ...values.map(skuPart)].join('-'),
      barcode: barcode(article.no, index),
      options,
      prices: [
        { currency: 'EUR', amountMinor: eurMinor, ...(was ? { compareAtMinor: was } : {}) },
        { currency: 'USD', amountMinor: dollars(eurMinor), ...(was ? { compareAtMinor: dollars(was) } : {}) },
      ],
      cost: { amountMinor: Math.round(eurMinor * 0.45), currency: 'EUR' },
      weightGrams: article.grams + sum(article.extraGrams),
    }
  })
}

/** Every choice of one value for each option; one empty choice where there are none. */
function combinations(options: Readonly<Record<string, readonly string[]>>): Record<string, string>[] {
  return Object.entries(options).reduce<Record<string, string>[]>(
    (choices, [name, values]) =>
      choices.flatMap((choice) => values.map((value) => ({ ...choice, [name]: value }))),
    [{}],
  )
}

function skuPart(value: string): string {
  return value.replaceAll(/[^A-Za-z0-9.]/g, '').toUpperCase()
}

function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/['’]/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '')
}

/**
 * 200 to 299 are GS1 prefixes for use within one company: such a number is nobody's in the world (GS1 General
 * Specifications 1.4).
 */
function barcode(articleNo: number, variantIndex: number): string {
  return ean13(`200${String(articleNo).padStart(6, '0')}${String(variantIndex).padStart(3, '0')}`)
}

/** About a tenth more than in euros, ending in 90 or 40 cents as a price tag does. */
function dollars(eurMinor: number): number {
  return Math.round((eurMinor * 1.1) / 50) * 50 - 10
}

/** Between 12 and 91 units, of a few variants very few; the same on every machine. */
function plentiful(articleNo: number, variantIndex: number): number {
  const draw = (articleNo * 37 + variantIndex * 23) % 80
  return draw < 4 ? draw + 1 : 12 + draw
}

export const slugOfCode = (code: string): string => slugByCode.get(code)!
