import type { RequestOf } from '@stoa/contract'
import type { inventory } from '@stoa/contracts/inventory'
import type { product } from '@stoa/contracts/product'
import { ean13 } from './ean13.ts'

/**
 * The goods of a small general shop, for a machine that has none. Brands are invented. `no` is an article's number for good:
 * its barcodes are made of it, so a row may move but never changes its number.
 */
type Article = {
  readonly no: number
  readonly code: string
  readonly name: string
  readonly brand: string
  /** Slugs of categories, the main one first. */
  readonly in: readonly string[]
  readonly text: string
  readonly eurMinor: number
  /** The price before, where it is on sale. */
  readonly wasEurMinor?: number
  readonly grams: number
  /** Every combination is a variant. */
  readonly options?: Readonly<Record<string, readonly string[]>>
  /** What a value adds to the price. */
  readonly extraEurMinor?: Readonly<Record<string, number>>
  /** What a value adds to the weight. */
  readonly extraGrams?: Readonly<Record<string, number>>
  /** First stock by SKU, where it is not what `plentiful` says. */
  readonly stock?: Readonly<Record<string, number>>
}

type Seed = RequestOf<typeof product.operations.seed>
type DemoProduct = Seed['products'][number]
type DemoVariant = DemoProduct['variants'][number]
type StockLine = RequestOf<typeof inventory.operations.seed>['lines'][number]

export const demoCategories: Seed['categories'] = [
  { slug: 'home', name: 'Home', position: 10 },
  { slug: 'kitchen', name: 'Kitchen', position: 20 },
  { slug: 'desk', name: 'Desk', position: 30 },
  { slug: 'bags', name: 'Bags', position: 40 },
  { slug: 'garden', name: 'Garden', position: 50 },
  { slug: 'bath', name: 'Bath', position: 60 },
  { slug: 'kids', name: 'Kids', position: 70 },
  { slug: 'outdoor', name: 'Outdoor', position: 80 },
  { slug: 'lighting', name: 'Lighting', parentSlug: 'home', position: 10 },
  { slug: 'textiles', name: 'Textiles', parentSlug: 'home', position: 20 },
  { slug: 'decoration', name: 'Decoration', parentSlug: 'home', position: 30 },
  { slug: 'cookware', name: 'Cookware', parentSlug: 'kitchen', position: 10 },
  { slug: 'tableware', name: 'Tableware', parentSlug: 'kitchen', position: 20 },
  { slug: 'coffee-and-tea', name: 'Coffee and tea', parentSlug: 'kitchen', position: 30 },
  { slug: 'paper', name: 'Paper and pens', parentSlug: 'desk', position: 10 },
  { slug: 'organisers', name: 'Organisers', parentSlug: 'desk', position: 20 },
  { slug: 'pots-and-seeds', name: 'Pots and seeds', parentSlug: 'garden', position: 10 },
  { slug: 'garden-tools', name: 'Garden tools', parentSlug: 'garden', position: 20 },
]

const articles: readonly Article[] = [
  // Home
  {
    no: 101,
    code: 'LAMP-ARC',
    name: 'Arc desk lamp',
    brand: 'Brightmere',
    in: ['lighting', 'desk'],
    text: 'A slender arm that stays where you put it, over a warm LED with four steps of brightness.\nSteel, powder-coated. Two metres of textile cable.',
    eurMinor: 7900,
    wasEurMinor: 9500,
    grams: 1450,
    options: { Colour: ['Black', 'White', 'Rust'] },
    stock: { 'LAMP-ARC-RUST': 3 },
  },
  {
    no: 102,
    code: 'LAMP-PAPER',
    name: 'Paper pendant shade',
    brand: 'Brightmere',
    in: ['lighting'],
    text: 'Folded by hand from one sheet of washi paper. It softens any bulb up to 12 W into evening light.',
    eurMinor: 3900,
    grams: 420,
    options: { Size: ['30 cm', '45 cm', '60 cm'] },
    extraEurMinor: { '45 cm': 1500, '60 cm': 3500 },
    extraGrams: { '45 cm': 180, '60 cm': 400 },
  },
  {
    no: 103,
    code: 'CANDLE',
    name: 'Beeswax candle',
    brand: 'Saltmarsh',
    in: ['decoration'],
    text: 'Poured from pure beeswax with a cotton wick. Burns 40 hours and smells of nothing but honey.',
    eurMinor: 1650,
    grams: 310,
  },
  {
    no: 104,
    code: 'THROW',
    name: 'Lambswool throw',
    brand: 'Tarn Mill',
    in: ['textiles'],
    text: 'Woven in a herringbone from lambswool, 130 by 180 cm, with a short twisted fringe.\nAir it rather than wash it.',
    eurMinor: 8900,
    grams: 900,
    options: { Colour: ['Oat', 'Heather', 'Forest', 'Ink'] },
    stock: { 'THROW-INK': 2 },
  },
  {
    no: 105,
    code: 'CUSHION',
    name: 'Linen cushion cover',
    brand: 'Tarn Mill',
    in: ['textiles'],
    text: 'Stonewashed linen with a hidden zip. The colour deepens a little with every wash.',
    eurMinor: 2490,
    grams: 180,
    options: { Size: ['40 x 40 cm', '50 x 50 cm'], Colour: ['Natural', 'Sage', 'Clay', 'Midnight'] },
    extraEurMinor: { '50 x 50 cm': 500 },
    extraGrams: { '50 x 50 cm': 70 },
  },
  {
    no: 106,
    code: 'VASE-DROP',
    name: 'Drop vase',
    brand: 'Claybourne',
    in: ['decoration'],
    text: 'Mouth-blown glass with a heavy foot, made for a single branch. No two are quite the same height.',
    eurMinor: 2900,
    grams: 640,
    options: { Colour: ['Clear', 'Smoke', 'Amber'] },
  },
  {
    no: 107,
    code: 'CLOCK',
    name: 'Quiet wall clock',
    brand: 'Hovland',
    in: ['decoration'],
    text: 'A sweeping movement that does not tick, behind a face of birch veneer. 28 cm across, one AA cell.',
    eurMinor: 4900,
    grams: 720,
  },
  {
    no: 108,
    code: 'MIRROR',
    name: 'Round mirror',
    brand: 'Hovland',
    in: ['decoration', 'bath'],
    text: 'A frame of solid oak, oiled, around glass without a visible edge. Hangs on one screw.',
    eurMinor: 8500,
    grams: 3100,
    options: { Diameter: ['40 cm', '60 cm'] },
    extraEurMinor: { '60 cm': 4000 },
    extraGrams: { '60 cm': 2300 },
  },
  // Kitchen
  {
    no: 201,
    code: 'MUG',
    name: 'Stoneware mug',
    brand: 'Claybourne',
    in: ['tableware', 'coffee-and-tea'],
    text: 'Thrown stoneware with a glaze that stops short of the foot. Holds 320 ml and survives the dishwasher.',
    eurMinor: 1490,
    grams: 380,
    options: { Colour: ['Sand', 'Slate', 'Moss', 'Cobalt'] },
  },
  {
    no: 202,
    code: 'BOWL',
    name: 'Nesting bowls, set of three',
    brand: 'Claybourne',
    in: ['tableware'],
    text: 'For cereal, soup and salad: 0.4, 0.8 and 1.6 litres, one inside the other.',
    eurMinor: 4200,
    grams: 1900,
    options: { Colour: ['Sand', 'Slate'] },
  },
  {
    no: 203,
    code: 'PAN-IRON',
    name: 'Cast-iron skillet',
    brand: 'Oxbow Foundry',
    in: ['cookware'],
    text: 'Cast in sand, ground smooth and seasoned three times with flaxseed oil. For every hob and the oven.',
    eurMinor: 5900,
    grams: 1800,
    options: { Diameter: ['20 cm', '24 cm', '28 cm'] },
    extraEurMinor: { '24 cm': 1000, '28 cm': 2000 },
    extraGrams: { '24 cm': 600, '28 cm': 1300 },
  },
  {
    no: 204,
    code: 'POT-STEEL',
    name: 'Stock pot with lid',
    brand: 'Oxbow Foundry',
    in: ['cookware'],
    text: 'Five-ply steel up to the rim, so that nothing catches. Litres are marked inside.',
    eurMinor: 9900,
    grams: 2400,
    options: { Volume: ['5 l', '8 l'] },
    extraEurMinor: { '8 l': 2500 },
    extraGrams: { '8 l': 900 },
  },
  {
    no: 205,
    code: 'KNIFE',
    name: "Chef's knife",
    brand: 'Quillon',
    in: ['cookware'],
    text: 'A 20 cm blade of carbon steel with a handle of smoked oak. It stains, it sharpens in a minute, it lasts.',
    eurMinor: 11900,
    grams: 210,
    stock: { KNIFE: 4 },
  },
  {
    no: 206,
    code: 'BOARD',
    name: 'End-grain chopping board',
    brand: 'Hovland',
    in: ['cookware'],
    text: 'Beech blocks stood on end, kind to a blade. Finger grooves on both sides, so that both sides are the top.',
    eurMinor: 6400,
    wasEurMinor: 7900,
    grams: 2900,
    options: { Size: ['30 x 20 cm', '40 x 30 cm'] },
    extraEurMinor: { '40 x 30 cm': 2500 },
    extraGrams: { '40 x 30 cm': 2100 },
  },
  {
    no: 207,
    code: 'MOKA',
    name: 'Stovetop coffee maker',
    brand: 'Kestrel & Pine',
    in: ['coffee-and-tea'],
    text: 'Polished steel, for induction too. Coffee as it was before pods.',
    eurMinor: 3400,
    grams: 560,
    options: { Cups: ['3', '6', '10'] },
    extraEurMinor: { 6: 800, 10: 1900 },
    extraGrams: { 6: 200, 10: 480 },
  },
  {
    no: 208,
    code: 'TEAPOT',
    name: 'Glass teapot with sieve',
    brand: 'Kestrel & Pine',
    in: ['coffee-and-tea'],
    text: 'Borosilicate glass, 1.2 litres, with a steel sieve as wide as the pot, where leaves have room to open.',
    eurMinor: 3900,
    grams: 610,
  },
  {
    no: 209,
    code: 'GRINDER',
    name: 'Hand coffee grinder',
    brand: 'Kestrel & Pine',
    in: ['coffee-and-tea', 'outdoor'],
    text: 'Steel burrs, forty clicks from Turkish to French press, 25 g at a time.',
    eurMinor: 8900,
    grams: 640,
    stock: { GRINDER: 0 },
  },
  {
    no: 210,
    code: 'TEA-TOWEL',
    name: 'Half-linen tea towels, pair',
    brand: 'Tarn Mill',
    in: ['textiles', 'kitchen'],
    text: 'Dry glasses without lint. 50 by 70 cm, with a loop.',
    eurMinor: 1800,
    grams: 190,
    options: { Stripe: ['Blue', 'Red', 'Grey'] },
  },
  // Desk
  {
    no: 301,
    code: 'NOTEBOOK',
    name: 'Thread-bound notebook',
    brand: 'Marlowe & Finch',
    in: ['paper'],
    text: '192 pages of 100 g paper that takes a fountain pen, sewn so that it lies flat on the first page and the last.',
    eurMinor: 1690,
    grams: 340,
    options: { Size: ['A6', 'A5', 'A4'], Ruling: ['Plain', 'Lined', 'Dotted'] },
    extraEurMinor: { A5: 400, A4: 1000 },
    extraGrams: { A5: 120, A4: 420 },
    stock: { 'NOTEBOOK-A4-PLAIN': 1 },
  },
  {
    no: 302,
    code: 'PEN',
    name: 'Brass ballpoint pen',
    brand: 'Marlowe & Finch',
    in: ['paper'],
    text: 'Turned from one bar of brass, heavy in the hand. Takes every standard G2 refill.',
    eurMinor: 3200,
    grams: 48,
  },
  {
    no: 303,
    code: 'PENCILS',
    name: 'Cedar pencils, box of twelve',
    brand: 'Marlowe & Finch',
    in: ['paper', 'kids'],
    text: 'Incense cedar, unlacquered, with a core that neither breaks nor squeaks.',
    eurMinor: 1290,
    grams: 90,
    options: { Grade: ['2B', 'HB', '2H'] },
  },
  {
    no: 304,
    code: 'TRAY',
    name: 'Oak letter tray',
    brand: 'Hovland',
    in: ['organisers'],
    text: 'Stacks without a sound on four felt points. Takes A4 and folders.',
    eurMinor: 3600,
    grams: 880,
    options: { Wood: ['Oak', 'Walnut'] },
    extraEurMinor: { Walnut: 1200 },
  },
  {
    no: 305,
    code: 'DESK-MAT',
    name: 'Wool felt desk mat',
    brand: 'Tarn Mill',
    in: ['organisers'],
    text: 'Three millimetres of dense felt that keeps a mouse on course and a table quiet.',
    eurMinor: 3900,
    grams: 420,
    options: { Size: ['60 x 30 cm', '90 x 40 cm'], Colour: ['Charcoal', 'Pebble'] },
    extraEurMinor: { '90 x 40 cm': 1600 },
    extraGrams: { '90 x 40 cm': 430 },
  },
  {
    no: 306,
    code: 'STAND',
    name: 'Folding laptop stand',
    brand: 'Alder Works',
    in: ['organisers'],
    text: 'Two pieces of aluminium that find each other in the dark. Lifts a screen by 14 cm and weighs less than a phone.',
    eurMinor: 4500,
    grams: 165,
  },
  // Bags
  {
    no: 401,
    code: 'TOTE',
    name: 'Canvas tote',
    brand: 'Fernhill',
    in: ['bags'],
    text: 'Heavy organic canvas with handles long enough for a winter coat. Carries 15 kg and folds to a book.',
    eurMinor: 2400,
    grams: 310,
    options: { Colour: ['Natural', 'Navy', 'Olive'] },
  },
  {
    no: 402,
    code: 'BACKPACK',
    name: 'Roll-top backpack',
    brand: 'Fernhill',
    in: ['bags', 'outdoor'],
    text: 'Waxed cotton, a padded sleeve for 15 inches, and a roll-top that swallows a loaf of bread on the way home.\n22 litres, mended by us for life.',
    eurMinor: 12900,
    wasEurMinor: 14900,
    grams: 980,
    options: { Colour: ['Black', 'Olive', 'Ochre'] },
    stock: { 'BACKPACK-OCHRE': 2 },
  },
  {
    no: 403,
    code: 'WEEKENDER',
    name: 'Weekend bag',
    brand: 'Fernhill',
    in: ['bags'],
    text: 'Fits under a seat and holds three days. Vegetable-tanned handles, a strap that comes off.',
    eurMinor: 15900,
    grams: 1350,
    options: { Colour: ['Black', 'Sand'] },
  },
  {
    no: 404,
    code: 'POUCH',
    name: 'Zip pouch',
    brand: 'Fernhill',
    in: ['bags', 'organisers'],
    text: 'For cables, crayons or the small things at the bottom of every bag.',
    eurMinor: 1400,
    grams: 60,
    options: { Size: ['S', 'M', 'L'], Colour: ['Natural', 'Navy', 'Olive', 'Ochre'] },
    extraEurMinor: { M: 300, L: 600 },
    extraGrams: { M: 20, L: 45 },
  },
  // Garden
  {
    no: 501,
    code: 'POT-CLAY',
    name: 'Terracotta pot with saucer',
    brand: 'Claybourne',
    in: ['pots-and-seeds'],
    text: 'Fired hot enough to stay out in the frost. The saucer comes with it.',
    eurMinor: 1200,
    grams: 900,
    options: { Diameter: ['14 cm', '20 cm', '28 cm', '36 cm'] },
    extraEurMinor: { '20 cm': 700, '28 cm': 1900, '36 cm': 3900 },
    extraGrams: { '20 cm': 1200, '28 cm': 3400, '36 cm': 7200 },
  },
  {
    no: 502,
    code: 'SEEDS-HERB',
    name: 'Kitchen herb seeds',
    brand: 'Verity Seeds',
    in: ['pots-and-seeds'],
    text: 'Basil, chives, coriander, dill, parsley and thyme: six packets, and a card that says when.',
    eurMinor: 1450,
    grams: 45,
  },
  {
    no: 503,
    code: 'SEEDS-BEE',
    name: 'Meadow for bees',
    brand: 'Verity Seeds',
    in: ['pots-and-seeds'],
    text: 'Forty native flowers that bloom from April to October. Enough for ten square metres and one patient gardener.',
    eurMinor: 990,
    grams: 120,
  },
  {
    no: 504,
    code: 'TROWEL',
    name: 'Hand trowel',
    brand: 'Alder Works',
    in: ['garden-tools'],
    text: 'Forged in one piece, with an ash handle and a blade that remembers how deep a tulip goes.',
    eurMinor: 2200,
    grams: 290,
  },
  {
    no: 505,
    code: 'SECATEURS',
    name: 'Bypass secateurs',
    brand: 'Alder Works',
    in: ['garden-tools'],
    text: 'Cut branches to 22 mm. Every part can be bought and changed.',
    eurMinor: 4600,
    grams: 240,
    options: { Hand: ['Right', 'Left'] },
    stock: { 'SECATEURS-LEFT': 3 },
  },
  {
    no: 506,
    code: 'CAN',
    name: 'Long-spout watering can',
    brand: 'Alder Works',
    in: ['garden-tools'],
    text: 'Galvanised steel. The long spout reaches the back of the window sill and does not drip on the way.',
    eurMinor: 3800,
    grams: 950,
    options: { Volume: ['1 l', '5 l', '9 l'] },
    extraEurMinor: { '5 l': 900, '9 l': 1900 },
    extraGrams: { '5 l': 650, '9 l': 1250 },
  },
  // Bath
  {
    no: 601,
    code: 'TOWEL',
    name: 'Waffle towel',
    brand: 'Tarn Mill',
    in: ['bath', 'textiles'],
    text: 'Organic cotton in a deep waffle that dries you, and then itself, in half the time.',
    eurMinor: 1900,
    grams: 220,
    options: { Size: ['Hand', 'Bath', 'Sheet'], Colour: ['White', 'Fog', 'Clay'] },
    extraEurMinor: { Bath: 1500, Sheet: 3200 },
    extraGrams: { Bath: 260, Sheet: 580 },
  },
  {
    no: 602,
    code: 'SOAP',
    name: 'Olive oil soap',
    brand: 'Saltmarsh',
    in: ['bath'],
    text: 'Cold-stirred and matured for eight weeks. 120 g, wrapped in paper, nothing else in it.',
    eurMinor: 690,
    grams: 125,
    options: { Scent: ['Unscented', 'Lavender', 'Cedar', 'Orange'] },
  },
  {
    no: 603,
    code: 'BRUSH',
    name: 'Bath brush',
    brand: 'Hovland',
    in: ['bath'],
    text: 'Beech with plant bristles. The head comes off its handle for dry brushing.',
    eurMinor: 2300,
    grams: 180,
  },
  // Kids
  {
    no: 701,
    code: 'BLOCKS',
    name: 'Building blocks, 50 pieces',
    brand: 'Little Alder',
    in: ['kids'],
    text: 'Offcuts from our workshop, rounded and waxed, in a cotton sack. From 12 months.',
    eurMinor: 3900,
    grams: 2200,
    options: { Finish: ['Natural', 'Coloured'] },
    extraEurMinor: { Coloured: 600 },
  },
  {
    no: 702,
    code: 'BEAR',
    name: 'Corduroy bear',
    brand: 'Little Alder',
    in: ['kids'],
    text: 'Thirty centimetres of comfort. Washes at 40 degrees and does not hold it against you.',
    eurMinor: 2900,
    grams: 260,
    options: { Colour: ['Honey', 'Berry', 'Moss'] },
  },
  {
    no: 703,
    code: 'PUZZLE',
    name: 'Map of the night sky, puzzle',
    brand: 'Marlowe & Finch',
    in: ['kids', 'decoration'],
    text: '500 pieces, of which 88 are constellations. The bright stars glow when the light goes out.',
    eurMinor: 2600,
    wasEurMinor: 3200,
    grams: 720,
  },
  // Outdoor
  {
    no: 801,
    code: 'FLASK',
    name: 'Insulated flask',
    brand: 'Tidewell',
    in: ['outdoor'],
    text: 'Hot for twelve hours, cold for twenty-four. The cup is the lid, the lid is the cup.',
    eurMinor: 3400,
    grams: 360,
    options: { Volume: ['0.5 l', '0.75 l', '1 l'], Colour: ['Steel', 'Pine'] },
    extraEurMinor: { '0.75 l': 500, '1 l': 900 },
    extraGrams: { '0.75 l': 90, '1 l': 190 },
  },
  {
    no: 802,
    code: 'HAMMOCK',
    name: 'Travel hammock',
    brand: 'Tidewell',
    in: ['outdoor', 'garden'],
    text: 'Holds 180 kg, packs to the size of an apple, and comes with straps that leave no mark on a tree.',
    eurMinor: 5400,
    grams: 520,
    options: { Colour: ['Pine', 'Dusk'] },
  },
  {
    no: 803,
    code: 'LANTERN',
    name: 'Storm lantern',
    brand: 'Brightmere',
    in: ['outdoor', 'lighting'],
    text: 'A rechargeable light in the shape of an old one: 6 to 200 hours, depending on how much you want to see.',
    eurMinor: 6900,
    grams: 780,
    options: { Colour: ['Black', 'Brass'] },
    extraEurMinor: { Brass: 1000 },
  },
  {
    no: 804,
    code: 'BLANKET',
    name: 'Picnic blanket',
    brand: 'Tarn Mill',
    in: ['outdoor', 'textiles'],
    text: 'Recycled wool above, waxed cotton below. 150 by 200 cm, with leather straps to carry it.',
    eurMinor: 7900,
    grams: 1700,
    options: { Check: ['Red', 'Green', 'Blue'] },
  },
]

export const demoProducts: readonly DemoProduct[] = articles.map((article) => ({
  slug: slugOf(article.name),
  name: article.name,
  brand: article.brand,
  description: article.text,
  categorySlugs: [...article.in],
  options: Object.entries(article.options ?? {}).map(([name, values]) => ({ name, values: [...values] })),
  variants: variantsOf(article),
}))

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
    .replaceAll("'", '')
    .replaceAll(/[^a-z0-9]+/g, '-')
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

/** Between 12 and 91 units, the same on every machine. */
function plentiful(articleNo: number, variantIndex: number): number {
  return 12 + ((articleNo * 37 + variantIndex * 23) % 80)
}
