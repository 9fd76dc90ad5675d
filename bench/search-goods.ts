import type { EngineDocument } from '@stoa/search/engines/engine'
import { type Catalogue, icecatFolder, readIcecat } from '@stoa/search/judge/icecat'

/** The icecat catalogue as often as it takes; in each copy the names are others. Undefined where the data is not there. */
export function searchGoods(
  products: number,
): (Catalogue & { readonly documents: EngineDocument[] }) | undefined {
  const folder = icecatFolder()
  if (folder === undefined) return undefined
  const catalogue = readIcecat(folder)
  const documents: EngineDocument[] = []
  for (let copy = 0; documents.length < products; copy += 1)
    for (const [index, document] of catalogue.documents.entries()) {
      if (documents.length >= products) break
      const signals = { available: (index * 7) % 5, sold: (index * 13) % 97 }
      // The first copy is the judged one: made up sales would decide its order.
      documents.push(copy === 0 ? document : { ...copied(document, copy), ...signals })
    }
  return { ...catalogue, documents }
}

/** Other model numbers, one word fewer, another price. */
function copied(document: EngineDocument, copy: number): EngineDocument {
  const words = document.name.split(' ')
  const left = words.length > 4 ? words.filter((_, at) => at !== 1 + (copy % (words.length - 2))) : words
  const name = left
    .map((word) => (/\d/.test(word) && /[a-z]/i.test(word) ? `${word}${copy}` : word))
    .join(' ')
  return {
    ...document,
    productId: `${document.productId.slice(0, 14)}7${String(copy).padStart(3, '0')}${document.productId.slice(18)}`,
    slug: `${document.slug}-${copy}`,
    name,
    variants: document.variants.map(({ sku }) => ({ sku: `${sku}-${copy}`, barcode: null })),
    prices: document.prices.map((price) => ({ ...price, fromMinor: price.fromMinor + 100 * copy })),
  }
}

/** What shoppers type: judged queries, two words of a name, a misspelling, a number; the same in each run. */
export function searchQueries(catalogue: Catalogue, count: number): string[] {
  const usual = [
    'laptop',
    'notebook case',
    'usb cable',
    'black',
    'toner',
    'printer',
    'keyboard',
    'mouse',
    'hp',
    '17 inch notebook',
    '500gb hard drive',
    'headphones',
    'network switch',
    'memory card',
    'lcd monitor',
    'battery',
    'power cable 2m',
    'projecter',
    'wireless headset',
    'hdmi',
    'samsung toner cartridge black',
    'intel core i5 notebook',
    'ink cartridge',
    'label',
    'docking station',
  ]
  return Array.from({ length: count }, (_, at) => {
    if (at % 2 === 0) return usual[(at / 2) % usual.length]!
    const words = catalogue.documents[(at * 7_919) % catalogue.documents.length]!.name.split(' ')
    return words.slice(at % 3, (at % 3) + 2).join(' ')
  })
}
