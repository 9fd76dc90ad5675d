import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { EngineDocument, Facet, SearchFilters } from '../engine.ts'
import { aDocument, anAttribute, type Subject, searched } from '../testing.ts'

export const facetsContract = ({ aShelf, share }: Subject): void => {
  const attributes = [
    anAttribute('colour'),
    anAttribute('size', { type: 'number' }),
    anAttribute('secret', { filterable: false }),
  ]
  const colours = ['red', 'green', 'blue']
  const brands = ['acme', 'zeta']
  const paths = ['home', 'home/lights', 'garden']

  const document = fc.record({
    colours: fc.subarray(colours),
    size: fc.option(fc.integer({ min: 1, max: 4 })),
    brand: fc.option(fc.constantFrom(...brands)),
    path: fc.option(fc.constantFrom(...paths)),
    price: fc.option(fc.integer({ min: 0, max: 5_000 })),
    stars: fc.option(fc.integer({ min: 10, max: 50 })),
    available: fc.option(fc.integer({ min: 0, max: 1 })),
    isLamp: fc.boolean(),
  })
  type Plain = typeof document extends fc.Arbitrary<infer T> ? T : never

  const filters = fc.record(
    {
      brands: fc.subarray(brands, { minLength: 1 }),
      categories: fc.subarray(paths, { minLength: 1 }),
      price: fc.record({ min: fc.integer({ min: 0, max: 5_000 }) }),
      rating: fc.integer({ min: 1, max: 4 }),
      available: fc.boolean(),
      attributes: fc.record(
        {
          colour: fc.subarray(colours, { minLength: 1 }),
          size: fc.record({ min: fc.integer({ min: 1, max: 4 }) }),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )

  const toDocument = (plain: Plain, at: number): EngineDocument =>
    aDocument(at + 1, {
      name: plain.isLamp ? `Lamp ${at}` : `Chair ${at}`,
      brand: plain.brand === null ? null : { slug: plain.brand, name: plain.brand },
      categories:
        plain.path === null
          ? []
          : [
              {
                categoryId: aDocument(0).productId,
                path: plain.path.split('/').map((slug) => ({ slug, name: slug })),
              },
            ],
      attributes: { colour: plain.colours, secret: 'x', ...(plain.size !== null && { size: plain.size }) },
      prices:
        plain.price === null
          ? []
          : [{ currency: 'EUR', fromMinor: plain.price, toMinor: plain.price, compareAtMinor: null }],
      rating: {
        average: plain.stars === null ? null : plain.stars / 10,
        count: plain.stars === null ? 0 : 3,
      },
      ...(plain.available !== null && { available: plain.available }),
    })

  /** What each filter lets through, written as a shopper would say it. */
  const checks: Record<string, (plain: Plain, filters: SearchFilters) => boolean> = {
    brand: ({ brand }, { brands: wanted }) => !wanted || (brand !== null && wanted.includes(brand)),
    category: ({ path }, { categories: wanted }) =>
      !wanted || (path !== null && wanted.some((one) => path === one || path.startsWith(`${one}/`))),
    price: ({ price }, { price: wanted }) => !wanted || (price !== null && price >= wanted.min!),
    rating: ({ stars }, { rating: wanted }) => wanted === undefined || (stars ?? 0) >= wanted * 10,
    availability: ({ available }, { available: wanted }) =>
      wanted === undefined || (available !== 0) === wanted,
    'attribute:colour': ({ colours: its }, { attributes: wanted }) =>
      !wanted?.colour || its.some((one) => (wanted.colour as readonly string[]).includes(one)),
    'attribute:size': ({ size }, { attributes: wanted }) =>
      !wanted?.size || (size !== null && size >= (wanted.size as { min: number }).min),
  }

  test('totals and facet counts are those of counting by hand, each facet without its own filter', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { minLength: 1, maxLength: 30 }),
        filters,
        fc.constantFrom('', 'lamp'),
        async (plains, asked, query) => {
          const shelf = await aShelf(plains.map(toDocument), { attributes })
          const result = await searched(shelf, query, {
            filters: asked as SearchFilters,
            facets: Object.keys(checks),
            limit: 100,
            recover: false,
          })
          const passes = (without: string) =>
            plains.filter(
              (plain) =>
                (query === '' || plain.isLamp) &&
                Object.entries(checks).every(
                  ([key, holds]) => key === without || holds(plain, asked as SearchFilters),
                ),
            )
          assert.equal(result.total, passes('nothing').length)
          const facet = (key: string): Facet | undefined => result.facets.find((one) => one.key === key)
          const counts = (key: string) =>
            Object.fromEntries(
              (facet(key)?.values ?? [])
                .filter(({ count }) => count > 0)
                .map(({ value, count }) => [value, count]),
            )
          const expected = (key: string, values: (plain: Plain) => readonly string[]) => {
            const all = passes(key).flatMap(values)
            return Object.fromEntries(
              [...new Set(all)].map((value) => [value, all.filter((one) => one === value).length]),
            )
          }
          assert.deepEqual(
            counts('brand'),
            expected('brand', ({ brand }) => (brand === null ? [] : [brand])),
          )
          assert.deepEqual(
            counts('category'),
            expected('category', ({ path }) =>
              path === null ? [] : path === 'home/lights' ? ['home', 'home/lights'] : [path],
            ),
          )
          assert.deepEqual(
            counts('attribute:colour'),
            expected('attribute:colour', ({ colours: its }) => its),
          )
          assert.deepEqual(
            counts('availability'),
            expected('availability', ({ available }) => [String(available !== 0)]),
          )
          const within = (key: string, value: (plain: Plain) => number | null) => {
            const all = passes(key)
              .map(value)
              .filter((one) => one !== null)
            for (const { from, to, count } of facet(key)?.values ?? [])
              assert.equal(
                all.filter((one) => one >= (from ?? -1) && one <= (to ?? 1e9)).length,
                count,
                `${key} ${from} ${to}`,
              )
            const counted = facet(key)?.values.reduce((sum, { count }) => sum + count, 0) ?? 0
            if (key !== 'rating') assert.equal(counted, all.length, key)
          }
          within('price', ({ price }) => price)
          within('attribute:size', ({ size }) => size)
          within('rating', ({ stars }) => (stars === null ? null : stars / 10))
        },
      ),
      { numRuns: Math.ceil(1.5 * share), endOnFailure: share < 100 },
    )
  })

  test('an attribute that is not filterable is no facet, and one that few of the result share is none unless asked for by name', async () => {
    const documents = Array.from({ length: 100 }, (_, at) =>
      aDocument(at + 1, { attributes: { secret: 'x', ...(at < 2 ? { size: 3 } : {}), colour: ['red'] } }),
    )
    const shelf = await aShelf(documents, { attributes })
    const keys = (await searched(shelf, '', { facets: 'all' })).facets.map(({ key }) => key)
    assert.deepEqual(keys, ['price', 'availability', 'attribute:colour'])
    assert.equal((await searched(shelf, '', { facets: ['attribute:size'] })).facets[0]?.values[0]?.count, 2)
  })

  test('a select is shown in its own order, with its name and unit', async () => {
    const sizes = anAttribute('size', {
      name: 'Size',
      unit: 'EU',
      type: 'select',
      allowedValues: ['S', 'M', 'L'],
    })
    const documents = ['L', 'L', 'M', 'S'].map((size, at) => aDocument(at + 1, { attributes: { size } }))
    const facet = (
      await searched(await aShelf(documents, { attributes: [sizes] }), '', { facets: ['attribute:size'] })
    ).facets[0]!
    assert.deepEqual(
      [facet.name, facet.unit, facet.values.map(({ value }) => value)],
      ['Size', 'EU', ['S', 'M', 'L']],
    )
  })
}
