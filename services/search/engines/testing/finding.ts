import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withinOnce } from '@stoa/testing'
import type { SearchEngine } from '../engine.ts'
import { aDocument, anAttribute, found, named, type Subject, searched } from '../testing.ts'

export const findingContract = ({ aShelf, withinMs }: Subject): void => {
  const ids = async (shelf: SearchEngine, query: string) =>
    (await found(shelf, query)).toSorted((a, b) => a - b)

  test('a model number is found with hyphens, with spaces and in one word', async () => {
    const shelf = await aShelf(
      named('HP Pavilion dv7-1211ea Notebook', 'HP Pavilion dv7 1211ea Notebook', 'HP Pavilion dv6'),
    )
    for (const query of ['dv7-1211ea', 'dv7 1211ea', 'dv71211ea', 'DV7-1211EA'])
      assert.deepEqual(await ids(shelf, query), [1, 2], query)
  })

  test('a compound is found however it is written', async () => {
    const shelf = await aShelf(
      named('Silver notebook', 'Silver note book', 'Silver book', 'A note for a green book'),
    )
    assert.deepEqual(await ids(shelf, 'notebook'), [1, 2])
    assert.deepEqual((await found(shelf, 'note book')).slice(0, 2).toSorted(), [1, 2])
  })

  test('inches and centimetres, gigabytes and terabytes are the same measure', async () => {
    const shelf = await aShelf(
      named(
        'Monitor 43.2 cm',
        'Monitor 17"',
        'Monitor 17 inch',
        'Monitor 17in',
        'Monitor 22"',
        'Disk 500 GB',
        'Disk 0.5TB',
        'Disk 250GB',
      ),
    )
    for (const query of ['monitor 17 inch', 'monitor 17"', 'monitor 17in', 'monitor 43,2cm', 'monitor 17”'])
      assert.deepEqual((await ids(shelf, query)).slice(0, 4), [1, 2, 3, 4], query)
    for (const query of ['disk 500gb', 'disk 500 GB', 'disk 0.5 TB'])
      assert.deepEqual((await ids(shelf, query)).slice(0, 2), [6, 7], query)
  })

  test('who asks for 17 inch is also shown 17.3 inch, after the ones that are just that', async () => {
    assert.deepEqual(
      (
        await found(await aShelf(named('Notebook 17.3"', 'Notebook 17"', 'Notebook 15"')), 'notebook 17 inch')
      ).slice(0, 2),
      [2, 1],
    )
  })

  test('an exact SKU or barcode comes first, whatever else has its words', async () => {
    const shelf = await aShelf([
      aDocument(1, { name: 'AB 12 AB 12 AB 12 cable' }),
      aDocument(2, { name: 'Something', variants: [{ sku: 'AB-12', barcode: '4006381333931' }] }),
      aDocument(3, { name: 'Other', variants: [{ sku: 'X', barcode: '0095205603217' }] }),
    ])
    assert.equal((await found(shelf, 'ab-12'))[0], 2)
    assert.equal((await found(shelf, 'AB12'))[0], 2)
    assert.deepEqual(await found(shelf, '4006381333931'), [2])
    assert.deepEqual(await found(shelf, '095205603217'), [3], 'the UPC-A form of an EAN-13')
  })

  test('endings do not matter, in the language of the shop', async () => {
    assert.deepEqual(
      await ids(await aShelf(named('Rechargeable batteries', 'Battery charger')), 'battery'),
      [1, 2],
    )
    assert.deepEqual(
      await ids(await aShelf(named('Zwei Stühle', 'Ein Tisch'), { language: 'de' }), 'Stuhl'),
      [1],
    )
    assert.deepEqual(
      await ids(await aShelf(named('Chaise longue bleue', 'Table'), { language: 'fr' }), 'chaises'),
      [1],
    )
  })

  test('accents do not matter', async () => {
    assert.deepEqual(await ids(await aShelf(named('Café crème', 'Tea')), 'cafe creme'), [1])
    assert.deepEqual(await ids(await aShelf(named('Cafe creme', 'Tea')), 'café crème'), [1])
  })

  test('name, brand, category, searchable attributes, description and SKU are searched; other attributes are not', async () => {
    const shelf = await aShelf(
      [
        aDocument(1, { name: 'zebra' }),
        aDocument(2, { brand: { slug: 'zebra', name: 'Zebra' } }),
        aDocument(3, {
          categories: [{ categoryId: aDocument(0).productId, path: [{ slug: 'z', name: 'Zebra' }] }],
        }),
        aDocument(4, { attributes: { pattern: 'zebra' } }),
        aDocument(5, { description: 'Striped like a zebra.' }),
        aDocument(6, { variants: [{ sku: 'zebra-1', barcode: null }] }),
        aDocument(7, { attributes: { secret: 'zebra' } }),
        aDocument(8, { attributes: { zebra: true } }),
        aDocument(9, { options: [{ name: 'Pattern', values: ['Plain', 'Zebra'] }] }),
      ],
      {
        attributes: [
          anAttribute('pattern'),
          anAttribute('secret', { searchable: false }),
          anAttribute('zebra', { type: 'boolean' }),
        ],
      },
    )
    assert.deepEqual(await ids(shelf, 'zebra'), [1, 2, 3, 4, 5, 6, 8, 9])
  })

  test('a misspelt word is searched as corrected, and the correction is said', async () => {
    const shelf = await aShelf(named('Epson projector', 'Projector lamp', 'Printer'))
    const result = await searched(shelf, 'projecter')
    assert.deepEqual(result.correction, { query: 'projector', applied: true })
    assert.equal(result.total, 2)
    assert.deepEqual(
      (await searched(shelf, 'projcetor')).correction?.query,
      'projector',
      'two letters swapped',
    )
    assert.equal((await searched(shelf, 'projecter', { recover: false })).total, 0)
    assert.equal((await searched(shelf, 'projector')).correction, null)
  })

  test('of several corrections the one is taken that goes with the other words, and its results alone are shown', async () => {
    const shelf = await aShelf(
      named(
        'USB mouse',
        'USB mouse black',
        'Lamp with sleep mode',
        'Radio with quiet mode',
        'Fan in eco mode',
        'USB cable',
        'House moss',
      ),
    )
    const result = await searched(shelf, 'usb mose')
    assert.deepEqual(result.correction, { query: 'usb mouse', applied: true })
    assert.deepEqual(await ids(shelf, 'usb mose'), [1, 2])
    assert.deepEqual(
      (await searched(shelf, 'mose')).correction,
      { query: 'mode', applied: true },
      'alone: the most frequent',
    )
    assert.deepEqual(await ids(shelf, 'mose'), [3, 4, 5])
    assert.deepEqual((await searched(shelf, 'lanp mose')).correction, { query: 'lamp mode', applied: true })
  })

  test('numbers and codes are never corrected', async () => {
    const shelf = await aShelf(named('Toner TN2110', 'Toner TN2120'))
    assert.deepEqual(await found(shelf, 'TN2111'), [])
    assert.equal((await searched(shelf, 'TN2111')).correction, null)
  })

  test('synonyms hold both ways or one way, also of several words', async () => {
    const shelf = await aShelf(named('Sofa', 'Couch', 'Flat screen', 'Television'), {
      synonyms: [
        { kind: 'equal', terms: ['sofa', 'couch'] },
        { kind: 'one-way', from: 'tv set', to: ['television', 'flat screen'] },
      ],
    })
    assert.deepEqual(await ids(shelf, 'sofa'), [1, 2])
    assert.deepEqual(await ids(shelf, 'couches'), [1, 2])
    assert.deepEqual(await ids(shelf, 'tv set'), [3, 4])
    assert.deepEqual(await ids(shelf, 'television'), [4])
    assert.equal((await found(shelf, 'sofa'))[0], 1, 'the word itself comes before its synonym')
  })

  test('an abbreviation that enough products spell out finds those that only spell it out', async () => {
    const spelled = (number: number, description: string) =>
      aDocument(number, { name: `Acme ${number} solid state drive`, description })
    const five = Array.from({ length: 5 }, (_, at) => spelled(at + 1, 'A fast SSD'))
    assert.deepEqual(await ids(await aShelf([...five, spelled(6, '')]), 'ssd'), [1, 2, 3, 4, 5, 6])
    assert.deepEqual(
      await ids(await aShelf([...five.slice(1), spelled(6, '')]), 'ssd'),
      [2, 3, 4, 5],
      'four may be chance',
    )
    const apart = aDocument(6, { name: 'Solid wooden drive of the state' })
    assert.deepEqual(await ids(await aShelf([...five, apart]), 'ssd'), [1, 2, 3, 4, 5], 'not side by side')
    const several = five.map((document, at) =>
      at < 3 ? document : { ...document, name: 'Super small desk', description: 'SSD' },
    )
    assert.deepEqual(
      await ids(await aShelf([...several, spelled(6, '')]), 'ssd'),
      [1, 2, 3, 4, 5],
      'it means several things',
    )
  })

  test('a product that has two spellings of a word comes before one that has either', async () => {
    const shelf = await aShelf(
      named('Acme notebook black', 'Acme note book black', 'Acme notebook note book'),
    )
    assert.equal((await found(shelf, 'notebook'))[0], 3)
  })

  test('what stands after for or w/ is not the thing', async () => {
    const shelf = await aShelf(
      named(
        'Cooler w/ fan',
        'Cooler without fan',
        'Silent big fan',
        'Bracket for fan',
        'Desk fan',
        'Tower fan',
      ),
    )
    assert.deepEqual((await found(shelf, 'fan')).slice(0, 3).toSorted(), [3, 5, 6])
    assert.deepEqual(
      await found(await aShelf(named('Strip of 5 W/m', 'Strip of 9 W/m')), 'strip 5 w'),
      [1],
      'but watts are',
    )
  })

  test('what is given up is rather a word that describes than one that names the thing, typed well or not', async () => {
    const goods = named(
      'Stoneware mug',
      'Travel mug',
      'Speckled mug',
      'Enamel mug',
      'Blue blanket',
      'Blue truck',
      'Blue lamp',
      'Blue chair',
      'White chair',
      'White lamp',
    )
    for (const query of ['blue mug', 'blue mugg']) {
      const shelf = await aShelf(goods)
      const kept = query.split(' ').slice(1)
      assert.deepEqual(
        (await searched(shelf, query)).relaxation,
        { kind: 'words', dropped: ['blue'], kept },
        query,
      )
      assert.deepEqual((await found(shelf, query)).toSorted(), [1, 2, 3, 4], query)
    }
  })

  test('a word that was only guessed is given up before one that the catalogue has', async () => {
    const goods = named('Coffee beans', 'Coffee mill', 'Over-ear headphones', 'Desk lamp')
    const { relaxation } = await searched(await aShelf(goods), 'coffee ovr')
    assert.deepEqual(relaxation, { kind: 'words', dropped: ['ovr'], kept: ['coffee'] })
  })

  test('the thing itself comes before what is only for it', async () => {
    const shelf = await aShelf(
      named(
        'Acme keyboard cover',
        'Acme keyboard',
        'Zeta keyboard',
        'Acme slim keyboard',
        'Sleeve for keyboard',
        'Keyboard cover',
      ),
    )
    assert.deepEqual((await found(shelf, 'keyboard')).slice(0, 3).toSorted(), [2, 3, 4])
    assert.deepEqual((await found(shelf, 'keyboard cover')).slice(0, 2).toSorted(), [1, 6])
  })

  test('where nothing has all the words, the rarest ones that something has are kept, and what was dropped is said', async () => {
    const shelf = await aShelf(named('Red lamp', 'Blue lamp', 'Blue chair', 'Green chair', 'White chair'))
    const result = await searched(shelf, 'purple lamp')
    assert.deepEqual(result.relaxation, { kind: 'words', dropped: ['purple'], kept: ['lamp'] })
    assert.deepEqual(result.hits.map(({ productId }) => Number(productId.slice(-12))).toSorted(), [1, 2])
    assert.equal((await searched(shelf, 'purple lamp', { recover: false })).total, 0)
  })

  test('where the filters leave nothing, the one that costs most is dropped and said, and the next page knows', async () => {
    const documents = Array.from({ length: 5 }, (_, at) =>
      aDocument(at + 1, { name: `Lamp ${at}`, brand: { slug: at < 4 ? 'acme' : 'zeta', name: 'x' } }),
    )
    const shelf = await aShelf(documents)
    const filters = { brands: ['acme'], price: { min: 5_000 } }
    const first = await searched(shelf, 'lamp', { filters, limit: 2 })
    assert.deepEqual(first.relaxation, { kind: 'filters', dropped: ['price'] })
    assert.equal(first.total, 4)
    const second = await searched(shelf, 'lamp', { filters, limit: 2, after: first.next! })
    assert.equal(new Set([...first.hits, ...second.hits].map(({ productId }) => productId)).size, 4)
  })

  test('of a query that means nothing here, nothing is found', async () => {
    const result = await searched(await aShelf(named('Red lamp')), 'xylophone quartz')
    assert.deepEqual([result.total, result.hits, result.relaxation], [0, [], null])
  })

  test('queries of 10,000 characters, of quotes and brackets, of nothing but marks are answered in time', async () => {
    const shelf = await aShelf(
      named(...Array.from({ length: 500 }, (_, at) => `Lamp (model "${at}") {x} [y] 17" 5'5 a-b-c-d-e-f`)),
    )
    const nasty = [
      'a'.repeat(10_000),
      'lamp '.repeat(2_000),
      '"'.repeat(10_000),
      '(((((((((',
      '[]{}<>|\\^$.*+?',
      '17"""""""',
      "' or 1=1 --",
      '\u202e\u0300\u0301',
      '-'.repeat(10_000),
      '1.1.1.1.'.repeat(1_250),
      '💡💡💡',
      '%00',
      '{"$ne":1}',
      'a-'.repeat(5_000),
      '9'.repeat(10_000),
      '__proto__',
      'constructor',
    ]
    for (const query of nasty) {
      await withinOnce(withinMs, async () => {
        const result = await searched(shelf, query, { facets: 'all', explain: true })
        assert.ok(result.next === null || result.next.length <= 4_000)
      }).catch((cause) => {
        throw new Error(`the query ${query.slice(0, 20)}`, { cause })
      })
      await shelf.suggest({ prefix: query, limit: 5 })
    }
  })

  test('suggestions complete the last word of products, categories, brands and popular queries', async () => {
    const shelf = await aShelf(
      [
        aDocument(1, { name: 'Blue notebook' }),
        aDocument(2, { name: 'Note block' }),
        aDocument(3, { name: 'Chair', brand: { slug: 'notus', name: 'Notus' } }),
        aDocument(4, {
          categories: [
            {
              categoryId: aDocument(0).productId,
              path: [
                { slug: 'office', name: 'Office' },
                { slug: 'notes', name: 'Notes' },
              ],
            },
          ],
        }),
      ],
      {
        popularQueries: [
          { query: 'Notebook 17 inch', count: 9 },
          { query: 'chair', count: 3 },
        ],
      },
    )
    const suggested = await shelf.suggest({ prefix: 'not', limit: 5 })
    assert.deepEqual(suggested.products.map(({ name }) => name).toSorted(), [
      'Blue notebook',
      'Chair',
      'Note block',
      'Thing 4',
    ])
    assert.deepEqual(
      suggested.categories.map(({ path, products }) => [path, products]),
      [['office/notes', 1]],
    )
    assert.deepEqual(
      suggested.brands.map(({ slug, products }) => [slug, products]),
      [['notus', 1]],
    )
    assert.deepEqual(suggested.queries, ['Notebook 17 inch'])
  })

  test('a suggested brand says how many products it has now, and none is suggested without any', async () => {
    const acme = (number: number, change = {}) =>
      aDocument(number, { brand: { slug: 'acme', name: 'Acme' }, ...change })
    const shelf = await aShelf([acme(1), acme(2), acme(3)])
    const brands = async () =>
      (await shelf.suggest({ prefix: 'acm', limit: 5 })).brands.map(({ slug, products }) => [slug, products])
    assert.deepEqual(await brands(), [['acme', 3]])
    await shelf.put([acme(1, { version: 2, name: 'Renamed' }), acme(2, { version: 2 })])
    assert.deepEqual(await brands(), [['acme', 3]], 'written again, each counts once')
    await shelf.put([aDocument(2, { version: 3 })])
    await shelf.remove([{ productId: acme(3).productId, version: 2 }])
    assert.deepEqual(await brands(), [['acme', 1]])
    await shelf.remove([{ productId: acme(1).productId, version: 3 }])
    assert.deepEqual(await brands(), [])
  })
}
