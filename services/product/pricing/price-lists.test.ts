import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, Rejection } from '@stoa/contract'
import { product } from '@stoa/contracts/product'
import type { Actor, Query } from '@stoa/runtime'
import { eventually, startTestHost, statements, type TestHost, withinOnce } from '@stoa/testing'
import { v7 } from 'uuid'
import service from '../service.ts'
import { aMerchant, aProduct, aVariant } from '../testing.ts'
import { reprice } from './reprice.ts'

type Tier = { minQuantity?: number; amountMinor: number }

const refused = (code: string, data?: unknown) => (error: unknown) => {
  assert.ok(error instanceof Rejection, String(error))
  assert.equal(error.code, code)
  if (data !== undefined) assert.deepEqual(error.data, data)
  return true
}

const aCustomer = (customerGroup?: string): Actor => ({
  kind: 'customer',
  id: v7(),
  sessionId: v7(),
  email: 'ada@example.com',
  emailVerified: true,
  ...(customerGroup !== undefined && { customerGroup }),
})

describe('price lists', () => {
  let host: TestHost
  let staff: Client<typeof product>
  before(async () => {
    host = await startTestHost({ services: [service], environment: { SHOP_CURRENCY: 'EUR' } })
    staff = host.client(product, { actor: aMerchant() })
  })
  after(() => host[Symbol.asyncDispose]())

  /** A published product with one variant at 10.00 EUR, and what it costs wherever one looks. */
  const onSale = async (amountMinor = 1000) => {
    const input = aProduct({ variants: [aVariant({ prices: [{ amountMinor, currency: 'EUR' }] })] })
    const created = await staff.create(input, { idempotencyKey: v7() })
    const { productId, version } = await staff.change({
      productId: created.productId,
      version: created.version,
      status: 'published',
    })
    const { sku, variantId } = created.variants[0]!
    return { productId, sku, variantId, version }
  }
  type OnSale = Awaited<ReturnType<typeof onSale>>
  const shown = async ({ productId }: OnSale, actor?: Actor) => {
    const shop = host.client(product, actor ? { actor } : {})
    const { variants } = await shop.get({ idOrSlug: productId })
    const listed = (await shop.list({ limit: 100 })).items.find((item) => item.productId === productId)
    return { page: variants[0]!.price.amountMinor, list: listed?.priceFrom.amountMinor }
  }
  const quoted = async (
    { sku }: OnSale,
    { quantity = 1, actor }: { quantity?: number; actor?: Actor } = {},
  ) => {
    const inside = host.client(product, { via: 'cart', ...(actor ? { actor } : {}) })
    const { items } = await inside.quote({ skus: [sku], quantities: [quantity], currency: 'EUR' })
    return items[0]?.unitPriceMinor
  }
  const everywhere = async (item: OnSale, amountMinor: number, actor?: Actor) => {
    assert.deepEqual(await shown(item, actor), { page: amountMinor, list: amountMinor })
    assert.equal(await quoted(item, actor ? { actor } : {}), amountMinor)
  }
  /** `change` says what to write over a version, and the price that it makes. */
  const settlesWithinOnce = async (
    item: OnSale,
    priceListId: string,
    change: (
      version: number,
    ) => [Omit<Parameters<typeof staff.changePriceList>[0], 'priceListId' | 'version'>, number],
  ) => {
    await withinOnce(1_000, async (version) => {
      const [fields, amountMinor] = change(version)
      const changed = await staff.changePriceList({ priceListId, version, ...fields })
      assert.equal(changed.settling, true)
      assert.equal(await quoted(item), amountMinor)
      await eventually(() => everywhere(item, amountMinor))
    })
    await host.settled()
    assert.equal((await staff.getPriceList({ priceListId })).settling, false)
  }
  const aList = (fields: Partial<Parameters<typeof staff.createPriceList>[0]> = {}) =>
    staff.createPriceList({ name: 'Sale', currency: 'EUR', ...fields }, { idempotencyKey: v7() })
  const put = (priceListId: string, sku: string, ...tiers: Tier[]) =>
    staff.putPriceListEntries({ priceListId, entries: [{ sku, tiers }] })
  /** Published products with one variant each at 10.00 EUR, made in one statement. Their SKUs are the prefix and a number. */
  const makeMany = (prefix: string, count: number) =>
    host.pool.query(
      `with made as (
         insert into product.products (product_id, slug, name, description, status, published_at)
         select uuidv7(), $1 || n, $1 || n, '', 'published', now() from generate_series(1, $2::int) n
         returning product_id, slug),
       sold as (
         insert into product.variants (variant_id, product_id, sku, position)
         select uuidv7(), product_id, slug, 1 from made returning variant_id),
       priced as (
         insert into product.variant_prices (variant_id, currency, amount_minor) select variant_id, 'EUR', 1000 from sold)
       insert into product.effective_prices (variant_id, currency, amount_minor) select variant_id, 'EUR', 1000 from sold`,
      [prefix, count],
    )
  const inMs = (ms: number) => new Date(Date.now() + ms).toISOString()
  const eventsOf = async ({ productId }: OnSale) =>
    (await host.loggedEvents()).filter(
      ({ name, payload }) =>
        name === 'product.changed' && (payload as { productId: string }).productId === productId,
    )

  describe('an entry', () => {
    test('is in effect when it is put: on the page, in the list, in a quote; and gone when it is removed', async () => {
      const lamp = await onSale()
      const { priceListId } = await aList()
      assert.deepEqual(await put(priceListId, lamp.sku, { amountMinor: 800 }), { changed: 1, entryCount: 1 })
      await everywhere(lamp, 800)
      const { variants } = await host.client(product).get({ idOrSlug: lamp.productId })
      assert.deepEqual(variants[0]!.price, { amountMinor: 800, currency: 'EUR', compareAtMinor: 1000 })
      assert.deepEqual(await put(priceListId, lamp.sku), { changed: 1, entryCount: 0 })
      await everywhere(lamp, 1000)
    })

    test('is announced under the next number of its product, and not when nothing changed', async () => {
      const [lamp, stool] = [await onSale(), await onSale()]
      const { priceListId } = await aList({ priority: 1 })
      await staff.putPriceListEntries({
        priceListId,
        entries: [lamp, stool].map(({ sku }) => ({ sku, tiers: [{ amountMinor: 800 }] })),
      })
      const last = (await eventsOf(lamp)).at(-1)!
      assert.equal(last.version, lamp.version + 1)
      assert.deepEqual(last.payload, {
        productId: lamp.productId,
        status: 'published',
        skus: [lamp.sku],
        only: 'prices',
      })
      assert.equal((await staff.getForStaff({ productId: lamp.productId })).version, lamp.version)

      const before = (await eventsOf(stool)).length
      assert.equal((await put(priceListId, stool.sku, { amountMinor: 800 })).changed, 0)
      const hidden = await aList({ priority: 0 })
      assert.equal((await put(hidden.priceListId, stool.sku, { amountMinor: 700 })).changed, 1)
      await everywhere(stool, 800)
      assert.equal((await eventsOf(stool)).length, before)
    })

    test('of a group is the price of those in it and of nobody else', async () => {
      const lamp = await onSale()
      const { priceListId } = await aList({ customerGroup: 'wholesale' })
      await put(priceListId, lamp.sku, { amountMinor: 700 })
      await everywhere(lamp, 700, aCustomer('wholesale'))
      await everywhere(lamp, 1000, aCustomer('club'))
      await everywhere(lamp, 1000, aCustomer())
      await everywhere(lamp, 1000)
      await everywhere(lamp, 1000, aMerchant())
    })

    test('with steps gives the price of the quantity, and shows it beside that of one', async () => {
      const lamp = await onSale()
      const { priceListId } = await aList()
      await put(
        priceListId,
        lamp.sku,
        { minQuantity: 10, amountMinor: 900 },
        { minQuantity: 50, amountMinor: 800 },
      )
      await everywhere(lamp, 1000)
      for (const [quantity, amountMinor] of [
        [9, 1000],
        [10, 900],
        [49, 900],
        [50, 800],
        [1_000_000, 800],
      ] as const)
        assert.equal(await quoted(lamp, { quantity }), amountMinor)
      const tiers = [
        { minQuantity: 10, amountMinor: 900 },
        { minQuantity: 50, amountMinor: 800 },
      ]
      const inside = host.client(product, { via: 'cart' })
      const { items } = await inside.quote({ skus: [lamp.sku], currency: 'EUR' })
      assert.deepEqual(items[0]!.tiers, tiers)
      const { variants } = await host.client(product).get({ idOrSlug: lamp.productId })
      assert.deepEqual(variants[0]!.tiers, tiers)
    })

    test('is refused for a SKU that does not exist or is named twice, and for two prices of a quantity', async () => {
      const lamp = await onSale()
      const { priceListId } = await aList()
      const step = { amountMinor: 800 }
      await assert.rejects(
        staff.putPriceListEntries({
          priceListId,
          entries: [
            { sku: lamp.sku, tiers: [step] },
            { sku: 'NOBODY', tiers: [step] },
          ],
        }),
        refused('INVALID_INPUT', {
          fields: [{ field: 'entries.1.sku', message: 'is not the SKU of a variant' }],
        }),
      )
      await assert.rejects(
        staff.putPriceListEntries({
          priceListId,
          entries: [
            { sku: lamp.sku, tiers: [step, { amountMinor: 700, minQuantity: 1 }] },
            { sku: lamp.sku, tiers: [] },
          ],
        }),
        refused('INVALID_INPUT', {
          fields: [
            { field: 'entries.0.tiers.1.minQuantity', message: 'has a price already' },
            { field: 'entries.1.sku', message: 'is the same as that of entries.0' },
          ],
        }),
      )
      await everywhere(lamp, 1000)
      await assert.rejects(put(v7(), lamp.sku, step), refused('PRICE_LIST_NOT_FOUND'))
    })

    test('is refused beyond 200 steps of a variant, and nothing of it is kept', async () => {
      const lamp = await onSale()
      const tiers = Array.from({ length: 20 }, (_, n) => ({ minQuantity: n + 2, amountMinor: 900 - n }))
      for (let n = 0; n < 10; n += 1) await put((await aList()).priceListId, lamp.sku, ...tiers)
      const { priceListId } = await aList()
      await assert.rejects(
        put(priceListId, lamp.sku, { amountMinor: 1 }),
        refused('TOO_MANY_ENTRIES', { skus: [lamp.sku] }),
      )
      assert.equal((await staff.getPriceList({ priceListId })).entryCount, 0)
      await everywhere(lamp, 1000)
    })

    test('is listed page by page with all its steps', async () => {
      const items = [await onSale(), await onSale(), await onSale()]
      const { priceListId } = await aList()
      const tiers = [
        { minQuantity: 1, amountMinor: 800 },
        { minQuantity: 5, amountMinor: 700 },
      ]
      await staff.putPriceListEntries({
        priceListId,
        entries: items.map(({ sku }) => ({ sku, tiers: tiers.toReversed() })),
      })
      const first = await staff.listPriceListEntries({ priceListId, limit: 2 })
      const second = await staff.listPriceListEntries({ priceListId, limit: 2, after: first.next! })
      assert.equal(second.next, null)
      const expected = items.map(({ sku, variantId }) => ({ sku, variantId, tiers }))
      assert.deepEqual(
        [...first.items, ...second.items],
        expected.sort((a, b) => (a.variantId < b.variantId ? -1 : 1)),
      )
      await assert.rejects(
        staff.listPriceListEntries({ priceListId, after: 'x' }),
        refused('INVALID_INPUT', { fields: [{ field: 'after', message: 'must be the `next` of a page' }] }),
      )
    })

    test('costs as many statements for 200 products as for two', async () => {
      await makeMany('counted-', 200)
      const { priceListId } = await aList({ customerGroup: 'counted' })
      await host.settled()
      const counter = statements(host.database.url)
      const cost = async (count: number, amountMinor: number) => {
        await counter.reset()
        const entries = Array.from({ length: count }, (_, n) => ({
          sku: `counted-${n + 1}`,
          tiers: [{ amountMinor }],
        }))
        await staff.putPriceListEntries({ priceListId, entries })
        // Those of foreign keys and of the relay are not ours.
        return (await counter.ofServices()).statements
          .filter(({ query }) => /\bproduct"?\./.test(query) && !/FOR KEY SHARE OF x$/.test(query))
          .reduce((sum, { calls }) => sum + calls, 0)
      }
      const two = await cost(2, 700)
      assert.equal(await cost(200, 600), two)
      // List, variants, locks, entries, bound, two of prices, versions, listings, settle.
      assert.equal(two, 10)
    })
  })

  describe('staff', () => {
    test('create a list once per key, read it with its entity tag, and find it among the others', async () => {
      const key = v7()
      const input = {
        name: 'Summer',
        currency: 'EUR',
        startsAt: '2031-06-01T00:00:00+00:00'.replace('+00:00', 'Z'),
      }
      const created = await staff.createPriceList(input, { idempotencyKey: key })
      assert.deepEqual(await staff.createPriceList(input, { idempotencyKey: key }), created)
      const { createdAt, updatedAt, priceListId, ...rest } = created
      assert.deepEqual(rest, {
        name: 'Summer',
        currency: 'EUR',
        customerGroup: null,
        priority: 0,
        startsAt: '2031-06-01T00:00:00.000Z',
        endsAt: null,
        entryCount: 0,
        settling: false,
        version: 1,
      })
      assert.deepEqual(await staff.getPriceList({ priceListId }), created)
      const other = await staff.createPriceList({ name: 'Francs', currency: 'CHF' }, { idempotencyKey: v7() })
      const found = await staff.listPriceLists({ currency: 'CHF' })
      assert.deepEqual(found, { items: [other], next: null })
      const page = await staff.listPriceLists({ limit: 1 })
      assert.deepEqual(page.items, [other])
      assert.deepEqual((await staff.listPriceLists({ limit: 1, after: page.next! })).items, [created])
    })

    test('are refused periods and currencies that are none, field by field', async () => {
      const field = async (fields: object) => {
        try {
          await aList(fields)
        } catch (error) {
          assert.ok(error instanceof Rejection && error.code === 'INVALID_INPUT')
          return (error.data as { fields: { field: string }[] }).fields.map((one) => one.field)
        }
        return []
      }
      const noon = '2030-01-01T12:00:00Z'
      assert.deepEqual(await field({ startsAt: noon, endsAt: noon }), ['endsAt'])
      assert.deepEqual(await field({ startsAt: '0001-01-01T00:00:00Z', endsAt: '9999-01-01T00:00:00Z' }), [
        'startsAt',
        'endsAt',
      ])
      assert.deepEqual(await field({ currency: 'XYZ' }), ['currency'])
      assert.deepEqual(await field({ customerGroup: 'Not a slug' }), ['customerGroup'])
    })

    test('who change a list that others changed meanwhile are told what', async () => {
      const { priceListId } = await aList({ name: 'Old', priority: 1 })
      const changed = await staff.changePriceList({ priceListId, version: 1, name: 'New' })
      assert.deepEqual([changed.name, changed.version], ['New', 2])
      assert.deepEqual(await staff.changePriceList({ priceListId, version: 1, name: 'New' }), changed)
      await assert.rejects(
        staff.changePriceList({ priceListId, version: 1, priority: 2 }),
        refused('STALE', { version: 2, changed: [{ field: 'name', from: 'Old', to: 'New' }] }),
      )
      await assert.rejects(staff.deletePriceList({ priceListId, version: 1 }), refused('STALE'))
      await assert.rejects(
        staff.changePriceList({ priceListId: v7(), version: 1, priority: 2 }),
        refused('PRICE_LIST_NOT_FOUND'),
      )
    })

    test('of two who change a list at once one is told that it is stale', async () => {
      const { priceListId } = await aList()
      const outcomes = await Promise.allSettled(
        [1, 2].map((priority) => staff.changePriceList({ priceListId, version: 1, priority })),
      )
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    })

    test('delete a list at once, and again without harm; its prices end and its rows go', async () => {
      const lamp = await onSale()
      const { priceListId, version } = await aList()
      await put(priceListId, lamp.sku, { amountMinor: 800 })
      await staff.deletePriceList({ priceListId, version })
      assert.equal(await quoted(lamp), 1000)
      await assert.rejects(staff.getPriceList({ priceListId }), refused('PRICE_LIST_NOT_FOUND'))
      await staff.deletePriceList({ priceListId, version })
      await host.settled()
      await everywhere(lamp, 1000)
      const { rows } = await host.pool.query('select from product.price_lists where price_list_id = $1', [
        priceListId,
      ])
      assert.equal(rows.length, 0)
    })

    test('have room for 200 lists of a currency whose time is not over', async () => {
      const old = await staff.createPriceList(
        { name: 'Old', currency: 'NOK', endsAt: '2001-01-01T00:00:00Z' },
        { idempotencyKey: v7() },
      )
      await host.pool.query(
        `insert into product.price_lists (price_list_id, name, currency) select uuidv7(), 'One of many', 'NOK' from generate_series(1, 200)`,
      )
      await assert.rejects(aList({ currency: 'NOK' }), refused('TOO_MANY_PRICE_LISTS'))
      await assert.rejects(
        staff.changePriceList({ priceListId: old.priceListId, version: 1, endsAt: null }),
        refused('TOO_MANY_PRICE_LISTS'),
      )
      await aList({ currency: 'NOK', endsAt: '2002-01-01T00:00:00Z' })
      await aList({ currency: 'SEK' })
      await host.pool.query(`delete from product.price_lists where currency = 'NOK'`)
    })

    test('do not wait in a circle with what brings their list to its products', async () => {
      const { priceListId } = await aList()
      const other = await host.pool.connect()
      try {
        await other.query('begin')
        // As `settle-price-list` does.
        await other.query('select from product.price_lists where price_list_id = $1 for update', [
          priceListId,
        ])
        const changed = staff.changePriceList({ priceListId, version: 1, endsAt: inMs(60_000) })
        changed.catch(() => {})
        await eventually(async () => {
          const { rows } = await host.pool.query('select from pg_locks where not granted')
          assert.ok(rows.length > 0)
        })
        await other.query(`set local lock_timeout = '500ms'`)
        await other.query('update product.price_lists set settling = false where price_list_id = $1', [
          priceListId,
        ])
        await other.query('commit')
        await changed
      } finally {
        await other.query('rollback')
        other.release()
      }
    })

    test('need the permission to write, and shoppers get nothing of it', async () => {
      const reader = host.client(product, { actor: aMerchant(['product:read']) })
      await assert.rejects(
        reader.createPriceList({ name: 'No', currency: 'EUR' }, { idempotencyKey: v7() }),
        refused('FORBIDDEN'),
      )
      await assert.rejects(host.client(product).listPriceLists({}), refused('UNAUTHENTICATED'))
      await assert.rejects(
        host.client(product, { actor: aCustomer('club') }).explainPrice({ sku: 'X' }),
        refused('FORBIDDEN'),
      )
    })
  })

  describe('a period', () => {
    const LATER = '2030-01-01T00:00:00.000Z'
    /** Until a period begins that is moved near: a call. */
    const SOON_MS = 300
    /** Products at 10.00 EUR, and 8.00 on a list of their own that begins later: one for each round. */
    const listed = () =>
      Promise.all(
        Array.from({ length: 3 }, async () => {
          const lamp = await onSale()
          const { priceListId } = await aList({ startsAt: LATER })
          await put(priceListId, lamp.sku, { amountMinor: 800 })
          await everywhere(lamp, 1000)
          return { lamp, priceListId }
        }),
      )

    test('begins by itself, everywhere within a second', async () => {
      const items = await listed()
      await withinOnce(SOON_MS + 1_000, async (attempt) => {
        const { lamp, priceListId } = items[attempt - 1]!
        await staff.changePriceList({ priceListId, version: 1, startsAt: inMs(SOON_MS) })
        await eventually(() => everywhere(lamp, 800))
      })
    })

    test('ends by itself, everywhere within a second, and is announced each time', async () => {
      const items = await listed()
      // Time enough for its prices to be seen.
      const endsMs = 4_000
      const ended: OnSale[] = []
      await withinOnce(endsMs + 1_000, async (attempt) => {
        const { lamp, priceListId } = items[attempt - 1]!
        const [startsAt, endsAt] = [inMs(SOON_MS), inMs(endsMs)]
        await staff.changePriceList({ priceListId, version: 1, startsAt, endsAt })
        await eventually(() => everywhere(lamp, 800))
        await sleep(Date.parse(endsAt) - Date.now())
        await eventually(() => everywhere(lamp, 1000))
        ended.push(lamp)
      })
      for (const lamp of ended)
        assert.deepEqual(
          (await eventsOf(lamp)).slice(-2).map(({ version }) => version),
          [lamp.version + 1, lamp.version + 2],
        )
    })

    test('is looked at five seconds early, and then to the moment', async () => {
      const boundaryMs = Date.parse(LATER)
      const { priceListId } = await aList({ startsAt: LATER })
      const waiting = `graphile_worker._private_jobs where payload->'input'->>'priceListId' = $1`
      const runAt = async () => {
        await host.settled()
        const { rows } = await host.pool.query(`select run_at from ${waiting}`, [priceListId])
        return rows.map(({ run_at }) => run_at.getTime() - boundaryMs)
      }
      assert.deepEqual(await runAt(), [-4_900])
      await host.pool.query(
        `update graphile_worker._private_jobs set run_at = now() where payload->'input'->>'priceListId' = $1`,
        [priceListId],
      )
      assert.deepEqual(await runAt(), [0])
    })

    test('holds for a quote to the millisecond, whatever the job does', async () => {
      const lamp = await onSale()
      const startsAt = inMs(300)
      const { priceListId } = await aList({ startsAt })
      await put(priceListId, lamp.sku, { amountMinor: 800 })
      for (let early = true; early; ) {
        const before = Date.now()
        const price = await quoted(lamp)
        if (before > Date.parse(startsAt)) assert.equal(price, 800)
        if (Date.now() < Date.parse(startsAt)) assert.equal(price, 1000)
        early = before <= Date.parse(startsAt)
      }
    })

    test('is not taken back by who began before it and wrote after it', async () => {
      const lamp = await onSale()
      const { priceListId } = await aList({ startsAt: LATER })
      await put(priceListId, lamp.sku, { amountMinor: 800 })
      const client = await host.pool.connect()
      try {
        await client.query('begin')
        // PostgreSQL's now() is the moment of this, for the whole transaction.
        await client.query('select now()')
        await staff.changePriceList({ priceListId, version: 1, startsAt: inMs(SOON_MS) })
        await eventually(() => everywhere(lamp, 800))
        const query: Query = async (text, values) => (await client.query(text, values as unknown[])).rows
        assert.deepEqual(await reprice(query, [lamp.productId]), [])
        await client.query('commit')
      } finally {
        client.release()
      }
      await everywhere(lamp, 800)
    })

    test('that was moved changes nothing at its old time', async () => {
      const lamp = await onSale()
      const { priceListId } = await aList({ startsAt: LATER })
      await put(priceListId, lamp.sku, { amountMinor: 800 })
      // Time enough to move it once more.
      const startsAt = inMs(2_000)
      await staff.changePriceList({ priceListId, version: 1, startsAt })
      await staff.changePriceList({ priceListId, version: 2, startsAt: inMs(60_000) })
      await sleep(Date.parse(startsAt) - Date.now() + 200)
      await host.settled()
      await everywhere(lamp, 1000)
      assert.equal((await eventsOf(lamp)).at(-1)!.version, lamp.version)
    })

    test('whose list gets another priority is brought to the products within a second', async () => {
      const lamp = await onSale()
      const [low, high] = [await aList({ priority: 1 }), await aList({ priority: 2 })]
      await put(low.priceListId, lamp.sku, { amountMinor: 700 })
      await put(high.priceListId, lamp.sku, { amountMinor: 900 })
      await everywhere(lamp, 900)
      await settlesWithinOnce(lamp, high.priceListId, (version) =>
        version % 2 === 1 ? [{ priority: 0 }, 700] : [{ priority: 2 }, 900],
      )
    })

    test('that staff end is brought to the products within a second', async () => {
      const lamp = await onSale()
      const { priceListId } = await aList()
      await put(priceListId, lamp.sku, { amountMinor: 700 })
      await everywhere(lamp, 700)
      await settlesWithinOnce(lamp, priceListId, (version) =>
        version % 2 === 1 ? [{ endsAt: inMs(-1_000) }, 1000] : [{ endsAt: null }, 700],
      )
    })

    test('of a job that comes late, twice, or for a list that is gone changes nothing', async () => {
      const lamp = await onSale()
      const { priceListId } = await aList({ startsAt: '2030-01-01T00:00:00.000Z' })
      await put(priceListId, lamp.sku, { amountMinor: 800 })
      await host.settled()
      const run = (input: object) =>
        host.pool.query(`select graphile_worker.add_job('product/settle-price-list', $1::json)`, [
          JSON.stringify({ input }),
        ])
      await run({ priceListId })
      await run({ priceListId, boundaryMs: Date.parse('2029-01-01T00:00:00Z') })
      await run({ priceListId, boundaryMs: Date.parse('2030-01-01T00:00:00Z') })
      await run({ priceListId: v7() })
      await host.settled()
      const failed = await host.pool.query('select last_error from graphile_worker.jobs where attempts > 0')
      assert.deepEqual(failed.rows, [])
      assert.equal((await eventsOf(lamp)).at(-1)!.version, lamp.version)
    })
  })

  describe('a list of many', () => {
    const MANY = 1_200
    const many = async (prefix: string) => {
      await makeMany(prefix, MANY)
      const { priceListId } = await aList({ startsAt: '2030-01-01T00:00:00.000Z' })
      await host.pool.query(
        `insert into product.price_list_entries (price_list_id, variant_id, amount_minor)
         select $1, variant_id, 800 from product.variants where sku like $2 || '%'`,
        [priceListId, prefix],
      )
      await host.pool.query('update product.price_lists set entry_count = $2 where price_list_id = $1', [
        priceListId,
        MANY,
      ])
      return priceListId
    }
    const effective = async (prefix: string) =>
      (
        await host.pool.query<{ price: number; count: number }>(
          `select e.amount_minor::int as price, count(*)::int as count
           from product.variants v join product.effective_prices e using (variant_id)
           where v.sku like $1 || '%' group by 1 order by 1`,
          [prefix],
        )
      ).rows

    test('is brought to its products page by page, each product announced once', async () => {
      const priceListId = await many('page-')
      const counter = statements(host.database.url)
      await host.settled()
      await counter.reset()
      await staff.changePriceList({ priceListId, version: 1, startsAt: null })
      await host.settled()
      assert.deepEqual(await effective('page-'), [{ price: 800, count: MANY }])
      const announced = (await host.loggedEvents()).filter(({ payload }) =>
        (payload as { skus?: string[] }).skus?.[0]?.startsWith('page-'),
      )
      assert.equal(announced.length, MANY)
      assert.ok(announced.every(({ version }) => version === 2))
      // Three pages: list, page, position, two of prices, versions, listings, settle. And the change itself.
      const { statements: sent } = await counter.ofServices()
      const ours = sent.filter(
        ({ query }) => /\bproduct"?\./.test(query) && !/FOR KEY SHARE OF x$/.test(query),
      )
      const total = ours.reduce((sum, { calls }) => sum + calls, 0)
      assert.ok(total <= 3 * 8 + 6, `${total}`)
    })

    test('meets changes of its variants on the way: each ends with the price that its rules give', async () => {
      const priceListId = await many('race-')
      const { rows } = await host.pool.query<{ product_id: string; variant_id: string }>(
        `select product_id, variant_id from product.variants where sku like 'race-%' order by random() limit 40`,
      )
      const settling = staff.changePriceList({ priceListId, version: 1, startsAt: null })
      await Promise.all(
        rows.map(async ({ product_id: productId, variant_id: variantId }) => {
          const { version } = await staff.getForStaff({ productId })
          await staff.changeVariant({
            productId,
            variantId,
            version,
            prices: [{ amountMinor: 1100, currency: 'EUR' }],
          })
        }),
      )
      await settling
      // And the list ends while its begin is still on its way.
      await staff.changePriceList({ priceListId, version: 2, priority: 5, endsAt: inMs(-1_000) })
      await host.settled()
      assert.deepEqual(await effective('race-'), [
        { price: 1000, count: MANY - rows.length },
        { price: 1100, count: rows.length },
      ])
      assert.equal((await staff.getPriceList({ priceListId })).settling, false)
    })

    test('is deleted page by page, and leaves no row behind', async () => {
      const priceListId = await many('gone-')
      const { version } = await staff.changePriceList({ priceListId, version: 1, startsAt: null })
      await host.settled()
      assert.deepEqual(await effective('gone-'), [{ price: 800, count: MANY }])
      await staff.deletePriceList({ priceListId, version })
      await host.settled()
      assert.deepEqual(await effective('gone-'), [{ price: 1000, count: MANY }])
      for (const table of ['price_lists', 'price_list_entries'])
        assert.deepEqual(
          (await host.pool.query(`select from product.${table} where price_list_id = $1`, [priceListId]))
            .rows,
          [],
        )
    })
  })

  describe('an explanation', () => {
    test('names the rule that gave the price, and why the others did not', async () => {
      const lamp = await onSale()
      const everyone = await aList({ name: 'Everyone' })
      const club = await aList({ name: 'Club', customerGroup: 'club' })
      const later = await aList({ name: 'Later', startsAt: '2030-01-01T00:00:00.000Z' })
      await put(everyone.priceListId, lamp.sku, { amountMinor: 700 })
      await put(club.priceListId, lamp.sku, { amountMinor: 900 }, { minQuantity: 5, amountMinor: 850 })
      await put(later.priceListId, lamp.sku, { amountMinor: 600 })
      const explained = await staff.explainPrice({ sku: lamp.sku, customerGroup: 'club' })
      assert.deepEqual(
        [explained.amountMinor, explained.compareAtMinor, explained.currency, explained.quantity],
        [900, 1000, 'EUR', 1],
      )
      assert.deepEqual(
        explained.considered.map(({ rule, verdict, amountMinor }) => [
          rule.kind === 'price-list' ? `${rule.name} from ${rule.minQuantity}` : rule.kind,
          verdict,
          amountMinor,
        ]),
        [
          ['Club from 1', 'won', 900],
          ['Everyone from 1', 'for-everyone', 700],
          ['own-price', 'list-goes-first', 1000],
          ['Club from 5', 'quantity-too-low', 850],
          ['Later from 1', 'not-started', 600],
        ],
      )
      const then = await staff.explainPrice({ sku: lamp.sku, at: '2031-01-01T00:00:00Z' })
      assert.deepEqual([then.amountMinor, then.at], [600, '2031-01-01T00:00:00.000Z'])
      const dollars = await staff.explainPrice({ sku: lamp.sku, currency: 'USD' })
      assert.equal(dollars.amountMinor, null)
      await assert.rejects(staff.explainPrice({ sku: 'NOBODY' }), refused('SKU_NOT_FOUND'))
    })

    test('agrees with what the shop shows', async () => {
      const lamp = await onSale()
      for (const [n, customerGroup] of [null, 'club', 'wholesale', null].entries()) {
        const { priceListId } = await aList({ customerGroup, priority: n % 2 })
        await put(
          priceListId,
          lamp.sku,
          { amountMinor: 950 - n * 30 },
          { minQuantity: 3, amountMinor: 800 + n },
        )
      }
      for (const customerGroup of [undefined, 'club', 'wholesale'])
        for (const quantity of [1, 3]) {
          const who = customerGroup === undefined ? {} : { customerGroup }
          const { amountMinor } = await staff.explainPrice({ sku: lamp.sku, quantity, ...who })
          const actor = aCustomer(customerGroup)
          assert.equal(await quoted(lamp, { quantity, actor }), amountMinor)
          if (quantity === 1) assert.equal((await shown(lamp, actor)).page, amountMinor)
        }
    })
  })

  describe('a quote', () => {
    test('is one statement, however many SKUs and lists', async () => {
      const items = [await onSale(), await onSale()]
      const { priceListId } = await aList()
      for (const { sku } of items) await put(priceListId, sku, { amountMinor: 800 })
      await host.settled()
      const counter = statements(host.database.url)
      await counter.reset()
      await host
        .client(product, { via: 'cart' })
        .quote({ skus: items.map(({ sku }) => sku), quantities: [2, 3], currency: 'EUR' })
      assert.equal((await counter.ofServices()).total, 1)
    })

    test('refuses quantities that are not aligned with the SKUs', async () => {
      await assert.rejects(
        host.client(product, { via: 'cart' }).quote({ skus: ['A', 'B'], quantities: [1], currency: 'EUR' }),
        refused('INVALID_INPUT', { fields: [{ field: 'quantities', message: 'must be as many as skus' }] }),
      )
    })
  })
})
