import { checked, type Note, type Read, type ReadOptions, type Stage } from '../item.ts'
import type { SourceFile } from '../sources/bundle.ts'
import { csvRows } from '../sources/csv-rows.ts'
import type { pictureIndex } from './bundle-pictures.ts'
import { attributesOf, type Row, stockOf, type VariantOf, variantOf } from './magento-row.ts'
import { categoryPath, readableName, stableSlug } from './naming.ts'
import { oneLine, plainText } from './plain-text.ts'

type Member = { readonly line: number; readonly row: Row }

/** Rows of one family, and pictures of one file. The sample data has nine, and 22. */
const MAX_FAMILY = 250
const MAX_PICTURES = 100_000

/** Columns that are no attributes. */
const FIELDS = new Set(
  'category name sku price qty description special_price attribute_set url_key visibility size color'.split(
    ' ',
  ),
)
/** Attributes that say yes or no. */
const FLAGS = new Set(['eco_collection', 'performance_fabric', 'erin_recommends', 'new', 'sale'])

/**
 * The fixtures of Magento's sample data modules (`products_gear_bags.csv` with `images_gear_bags.csv`): a product per row, lists with a
 * line per entry. Rows that are not shown alone (`visibility` 1) and differ by size and colour are the variants of one product, named
 * by their attribute set.
 */
export const gearStages = (
  files: readonly SourceFile[],
  options: ReadOptions,
  pictures: ReturnType<typeof pictureIndex>,
): Stage[] =>
  files
    .filter(({ name }) => /(^|\/)products_gear_[a-z_]+\.csv$/i.test(name))
    .map((file) => ({ name: file.name, read: () => readGear(file, files, options, pictures) }))

async function* readGear(
  file: SourceFile,
  files: readonly SourceFile[],
  options: ReadOptions,
  pictures: ReturnType<typeof pictureIndex>,
): AsyncIterable<Read> {
  const images = await readImages(files, file.name)
  const known = await readCategoryPaths(files)
  const make = (members: readonly Member[]) =>
    gearProduct(file.name, members, { options, pictures, images, known })
  let family: Member[] = []
  for await (const record of csvRows(file)) {
    const place = { file: file.name, line: record.line }
    if ('fault' in record) {
      yield { ...place, refused: { field: null, reason: record.fault } }
      continue
    }
    const { row } = record
    if (!row.sku || !row.name) {
      yield { ...place, refused: { field: row.sku ? 'name' : 'sku', reason: 'is missing' } }
      continue
    }
    const belongs = row.visibility === '1' && Boolean(row.size || row.color)
    const same = belongs && family[0]?.row.attribute_set === row.attribute_set && family.length < MAX_FAMILY
    if (family.length > 0 && !same) {
      yield make(family)
      family = []
    }
    if (belongs) family.push({ line: record.line, row })
    else yield make([{ line: record.line, row }])
  }
  if (family.length > 0) yield make(family)
}

function gearProduct(
  file: string,
  members: readonly Member[],
  from: {
    options: ReadOptions
    pictures: ReturnType<typeof pictureIndex>
    images: ReadonlyMap<string, readonly string[]>
    known: ReadonlyMap<string, readonly string[]>
  },
): Read {
  const { row, line } = members[0]!
  const place = { file, line }
  const notes: Note[] = []
  const isFamily = row.visibility === '1' && Boolean(row.size || row.color)
  const name = oneLine(plainText(isFamily ? row.attribute_set || row.name! : row.name!)).slice(0, 200)
  const optionCodes = isFamily ? ['size', 'color'].filter((code) => members.some(({ row }) => row[code])) : []
  const variants: (VariantOf & { options: Record<string, string> })[] = []
  for (const member of members) {
    const variant = variantOf(member.row, from.options)
    if ('reason' in variant) return { file, line: member.line, refused: variant }
    variants.push({
      ...variant,
      options: Object.fromEntries(
        optionCodes.map((code) => [readableName(code), oneLine(member.row[code] || 'None').slice(0, 60)]),
      ),
    })
  }
  const values = Object.fromEntries(
    Object.entries(row)
      .filter(([field]) => !FIELDS.has(field))
      .map(([field, value]) => [
        field,
        FLAGS.has(field) ? (value === '1' ? 'Yes' : 'No') : value.trim().split(/\n+/).join('|'),
      ]),
  )
  const media = new Map<string, { source: string; alt: string; variantSkus: string[] }>()
  for (const { row: member } of members)
    for (const path of from.images.get(member.sku!) ?? []) {
      const source = from.pictures.find(path)
      if (source === undefined)
        notes.push({ field: 'image', reason: `the picture ${path.slice(0, 200)} is not there` })
      else if (media.has(source)) media.get(source)!.variantSkus.push(member.sku!)
      else
        media.set(source, {
          source,
          alt: oneLine([name, isFamily ? member.color : ''].filter(Boolean).join(', ')),
          variantSkus: isFamily ? [member.sku!] : [],
        })
    }
  return checked(
    place,
    {
      kind: 'product',
      sourceKey: row.sku!,
      by: { sku: variants[0]!.sku },
      ...(row.url_key && !isFamily ? { slug: stableSlug(row.url_key) } : {}),
      name,
      description: plainText(row.description ?? ''),
      categories: gearCategories(row.category ?? '', from.known).map(categoryPath),
      ...attributesOf(values),
      ...(isFamily
        ? {
            options: optionCodes.map((code) => ({
              name: readableName(code),
              values: [...new Set(variants.map((variant) => variant.options[readableName(code)]!))],
            })),
          }
        : {}),
      variants,
      status: 'published',
      stock: members.flatMap(({ row: member }) => stockOf(member)),
      pictures: [...media.values()].slice(0, 50),
    },
    notes,
  )
}

/**
 * The paths of names that stand one below the other: a name that the categories know has its path there, another stands below the
 * last root. What stands above another one of them says nothing more.
 */
export function gearCategories(text: string, known: ReadonlyMap<string, readonly string[]>): string[][] {
  const paths: string[][] = []
  let root: string | undefined
  for (const name of text.split('\n').map((one) => one.trim())) {
    if (name === '') continue
    const path = known.get(name) ?? (root === undefined ? [name] : [root, name])
    root = path[0]!
    paths.push([...path])
  }
  return paths.filter(
    (path) =>
      !paths.some(
        (other) => other.length > path.length && path.every((name, index) => other[index] === name),
      ),
  )
}

async function readCategoryPaths(files: readonly SourceFile[]): Promise<Map<string, string[]>> {
  const known = new Map<string, string[]>()
  for (const file of files.filter(({ name }) => /(^|\/)categories\.csv$/i.test(name)))
    for await (const record of csvRows(file))
      if ('row' in record && record.row.name && known.size < MAX_PICTURES)
        known.set(record.row.name, [...(record.row.path ?? '').split('/').filter(Boolean), record.row.name])
  return known
}

/** `images_gear_fitness_equipment.csv` serves `products_gear_fitness_equipment.csv` and `..._ball.csv`. */
async function readImages(files: readonly SourceFile[], products: string): Promise<Map<string, string[]>> {
  const images = new Map<string, string[]>()
  const wanted = products.replace(/^.*products_/, 'images_').replace(/\.csv$/i, '')
  for (const file of files) {
    const match = /(?:^|\/)(images_gear_[a-z_]+)\.csv$/i.exec(file.name)
    if (!match || !wanted.startsWith(match[1]!)) continue
    for await (const record of csvRows(file))
      if ('row' in record && record.row.sku && record.row.image && images.size < MAX_PICTURES)
        images.set(record.row.sku, [...(images.get(record.row.sku) ?? []), record.row.image])
  }
  return images
}
