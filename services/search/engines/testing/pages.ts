import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CursorRefused, type EngineDocument, type Sort } from '../engine.ts'
import { aDocument, idOf, named, type Subject, searched, someSettings } from '../testing.ts'

/** What a cursor carries, as `planning/cursor.ts` writes it. */
type Forged = [
  check: number,
  pin: number,
  key: unknown,
  productId: string,
  groups: [
    asked: string,
    idf: number,
    thing: number,
    alternatives: [terms: string, weight: number, adjacent: number][],
  ][],
  rest: [exact: unknown, required: number, kept: number, hour: number, ...unknown[]],
]

export const pagesContract = ({ aShelf, share }: Subject): void => {
  const words = ['lamp', 'red', 'blue', 'desk', 'large', 'oak']
  const sorts: readonly Sort[] = [
    'relevance',
    'price-up',
    'price-down',
    'newest',
    'rating',
    'name',
    'bestselling',
  ]

  const goods = (count: number, from = 1): EngineDocument[] =>
    Array.from({ length: count }, (_, at) => {
      const number = from + at
      const price = (number * 37) % 500
      return aDocument(number, {
        name: `${words[number % 6]} ${words[(number * 5) % 4]} lamp`,
        description: words[(number * 7) % 6]!,
        prices:
          number % 9 === 0
            ? []
            : [{ currency: 'EUR', fromMinor: price, toMinor: price, compareAtMinor: null }],
        rating: { average: (number % 5) + 0.5, count: number % 3 },
        publishedAt: new Date(Date.UTC(2026, 0, 1 + (number % 20))).toISOString(),
        sold: number % 4,
      })
    })

  for (const sort of sorts)
    test(`sorted by ${sort}, no product comes twice and no unchanged one is skipped, on two replicas, while the index changes`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({ remove: fc.integer({ min: 1, max: 80 }), add: fc.integer({ min: 100, max: 400 }) }),
            {
              minLength: 8,
              maxLength: 30,
            },
          ),
          fc.constantFrom('lamp', 'red lamp', 'lmap', ''),
          async (changes, query) => {
            // The other replica heard the same in another order, and has not heard all of it.
            const replicas = [await aShelf(goods(80)), await aShelf(goods(80).toReversed())]
            await replicas[1]!.put(goods(40, 500))
            const start = await searched(replicas[0]!, query, { sort, limit: 100 })
            const order = start.hits.map(({ productId }) => productId)
            const removed = new Set<string>()
            const seen: string[] = []
            let page = await searched(replicas[0]!, query, { sort, limit: 7 })
            for (let pages = 0; ; pages += 1) {
              assert.ok(pages < 60)
              seen.push(...page.hits.map(({ productId }) => productId))
              if (page.next === null) break
              const { remove, add } = changes[pages % changes.length]!
              removed.add(idOf(remove))
              for (const replica of replicas) {
                await replica.remove([{ productId: idOf(remove), version: 5 }])
                await replica.put(goods(5, add))
              }
              page = await searched(replicas[pages % 2]!, query, { sort, limit: 7, after: page.next })
            }
            assert.equal(new Set(seen).size, seen.length, 'a product came twice')
            const unchanged = order.filter((id) => !removed.has(id))
            assert.deepEqual(
              seen.filter((id) => unchanged.includes(id)),
              unchanged,
              'an unchanged one was skipped or moved',
            )
          },
        ),
        { numRuns: Math.ceil(share / 4), endOnFailure: share < 100 },
      )
    })

  test('products without a price in the currency come last by price, up and down', async () => {
    const shelf = await aShelf(goods(20))
    for (const sort of ['price-up', 'price-down'] as const)
      assert.deepEqual(
        (await searched(shelf, '', { sort })).hits.slice(-2).map(({ productId }) => productId),
        [idOf(9), idOf(18)],
      )
  })

  test('pages go on by the settings of their first one, though each replica has counted its settings by itself', async () => {
    const last = (await searched(await aShelf(goods(40)), '', { limit: 100 })).hits.at(-1)!.productId
    const pin = { ruleId: 'pin', when: {}, action: 'pin', products: { ids: [last] } } as const
    const bury = { ruleId: 'bury', when: {}, action: 'bury', products: { ids: [idOf(1)] } } as const
    const long = await aShelf(goods(40))
    // It has seen settings come and go.
    for (const [at, rules] of [[pin], [], [bury], [pin]].entries())
      await long.configure(someSettings({ version: at + 2, rules }))
    const young = await aShelf(goods(40), { version: 3, rules: [pin] })
    for (const replicas of [
      [long, young],
      [young, long],
    ] as const) {
      const seen: string[] = []
      for (let after: string | undefined, pages = 0; pages < 20; pages += 1) {
        const page = await searched(replicas[pages % 2]!, '', { limit: 7, ...(after && { after }) })
        seen.push(...page.hits.map(({ productId }) => productId))
        if (page.next === null) break
        after = page.next
      }
      assert.equal(new Set(seen).size, seen.length, 'a product came twice')
      assert.equal(seen.length, 40)
    }
  })

  test('no pinned product is skipped when one before it goes', async () => {
    const pins = [5, 4, 3, 2].map(idOf)
    const shelf = await aShelf(goods(9), {
      rules: [{ ruleId: 'pin', when: {}, action: 'pin', products: { ids: pins } }],
    })
    const first = await searched(shelf, '', { limit: 2 })
    assert.deepEqual(
      first.hits.map(({ productId }) => productId),
      [idOf(5), idOf(4)],
    )
    await shelf.remove([{ productId: idOf(5), version: 9 }])
    const second = await searched(shelf, '', { limit: 2, after: first.next! })
    assert.deepEqual(
      second.hits.map(({ productId }) => productId),
      [idOf(3), idOf(2)],
    )
  })

  test('a cursor leads on to which another engine has added something of its own', async () => {
    const shelf = await aShelf(named('lamp a', 'lamp b', 'lamp c'))
    const { next } = await searched(shelf, 'lamp', { limit: 1 })
    const { hits } = await searched(shelf, 'lamp', { limit: 1, after: `${next}.cG9pbnQ` })
    assert.deepEqual(
      hits.map(({ productId }) => productId),
      [idOf(2)],
    )
  })

  test('a cursor of another query, a shortened or an invented one is refused', async () => {
    const shelf = await aShelf(named('lamp a', 'lamp b', 'lamp c'))
    const { next } = await searched(shelf, 'lamp', { limit: 1 })
    const refused = (query: string, after: string) =>
      assert.rejects(searched(shelf, query, { limit: 1, after }), CursorRefused, after.slice(0, 20))
    await refused('chair', next!)
    await refused('lamp', next!.slice(0, -7))
    await refused('lamp', 'bm9uc2Vuc2U')
    await refused('lamp', 'x'.repeat(5_000))
    await refused('lamp', Buffer.from('[1,2,3,4,5,6]').toString('base64url'))
  })

  test('a cursor is refused that says what no query says, and one that no plan leads to is an answer or is refused', async () => {
    const shelf = await aShelf(named('red lamp a', 'red lamp b', 'lamp c', 'red d'))
    for (const sort of ['relevance', 'price-up', 'name'] as const) {
      const { next } = await searched(shelf, 'red lamp', { sort, limit: 1 })
      const page = (after: string) => searched(shelf, 'red lamp', { sort, limit: 1, after })
      const forged = (change: (written: Forged) => void) => {
        const written: Forged = JSON.parse(Buffer.from(next!, 'base64url').toString())
        change(written)
        return Buffer.from(JSON.stringify(written)).toString('base64url')
      }
      assert.equal((await page(forged(() => {}))).hits.length, 1)

      const lies: readonly ((written: Forged) => void)[] = [
        (written) => {
          written[2] = sort === 'name' ? 5 : 'abc'
        },
        (written) => {
          written[1] = -0.5
        },
        ([, , , , groups]) => {
          groups[0]![1] = -1
        },
        ([, , , , groups]) => {
          groups[0]![1] = 1e300
        },
        ([, , , , groups]) => {
          groups[0]![2] = 2
        },
        ([, , , , groups]) => {
          groups[0]![3][0]![1] = -1
        },
        ([, , , , groups]) => {
          groups[0]![3][0]![0] = 'a '.repeat(1_300)
        },
        (written) => {
          written[5][1] = -1
        },
        (written) => {
          written[5][2] = 0.5
        },
      ]
      for (const lie of lies) await assert.rejects(page(forged(lie)), CursorRefused, String(lie))

      const oddities: readonly ((written: Forged) => void)[] = [
        ([, , , , groups, rest]) => {
          for (const group of groups) group[1] = 0
          rest[1] = 0
        },
        ([, , , , groups, rest]) => {
          for (const group of groups) group[3] = []
          rest[1] = 0
        },
        ([, , , , groups, rest]) => {
          const terms = Array.from({ length: 95 }, (_, at) => at.toString(36)).join(' ')
          for (const group of groups) group[3] = [[terms, 1, 1]]
          rest[1] = 0.1
          rest[2] = 3
        },
        (written) => {
          if (sort !== 'name') written[2] = 1e300
          written[5][3] = 1e300
        },
        (written) => {
          if (sort !== 'name') written[2] = -1e300
          written[5][3] = -1e300
        },
      ]
      for (const odd of oddities)
        await page(forged(odd)).catch((error: unknown) =>
          assert.ok(error instanceof CursorRefused, `${odd}: ${error}`),
        )
    }
  })

  test('a cursor fits into an address, however long the query was', async () => {
    const shelf = await aShelf(
      named(
        ...Array.from({ length: 60 }, (_, at) => `${'extraordinarily '.repeat(3)}long${at} words${at} here`),
      ),
    )
    const query = Array.from({ length: 60 }, (_, at) => `long${at} words${at} extraordinarily`).join(' ')
    const { next } = await searched(shelf, query, { limit: 1 })
    assert.ok(next!.length <= 4_000, String(next!.length))
  })
}
