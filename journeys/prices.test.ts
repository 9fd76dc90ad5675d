import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eventually } from '@stoa/testing'
import { Buyer } from './buyer.ts'
import type { Reply } from './http.ts'
import { type Shop, startShop, topology } from './shop.ts'

/** Much longer than the promised second: a busy machine is slow, and what is lost never comes. */
const CONVERGES = { timeoutMs: 15_000 }

describe(`prices (${topology})`, () => {
  let shop: Shop
  let token: string
  before(async () => {
    shop = await startShop()
    token = await shop.staffToken()
  })
  after(() => shop?.[Symbol.asyncDispose]())

  const ok = ({ status, body, headers }: Reply) => {
    assert(status < 300, `${status} ${JSON.stringify(body)}`)
    return { body, headers }
  }
  const aList = async (fields: object, entries: object[]): Promise<string> => {
    const key = crypto.randomUUID()
    const list = ok(
      await shop.http.post(
        '/v1/admin/price-lists',
        { name: 'A list', currency: 'EUR', ...fields },
        { token, key },
      ),
    ).body
    const path = `/v1/admin/price-lists/${list.priceListId}/entries`
    ok(await shop.http.send('PUT', path, { token, body: { entries } }))
    return list.priceListId
  }
  /** What a piece costs on the page and in the list, for who holds the token. */
  const shown = async (sku: string, buyer?: Buyer): Promise<[number, number]> => {
    const { items } = ok(await shop.http.get('/v1/products?limit=100', { token: buyer?.token })).body
    const item = items.find((one: { name: string }) => one.name.includes(sku))
    const page = ok(await shop.http.get(`/v1/products/${item.productId}`, { token: buyer?.token })).body
    return [page.variants[0].price.amountMinor, item.priceFrom.amountMinor]
  }
  const aBuyerOf = async (customerGroup: string): Promise<Buyer> => {
    const buyer = new Buyer(shop)
    await buyer.register()
    const me = ok(await shop.http.get('/v1/auth/me', { token: buyer.token })).body
    const path = `/v1/admin/customers/${me.userId}/group`
    ok(await shop.http.send('PUT', path, { token, body: { customerGroup } }))
    const session = ok(
      await shop.http.post('/v1/auth/login', { email: buyer.email, password: 'a long password' }),
    ).body
    buyer.token = session.accessToken
    return buyer
  }

  it('of a group are those of its customers everywhere, up to the order, and of nobody else', async () => {
    const sku = await shop.sell({ quantity: 50, priceMinor: 1_000 })
    await aList({ customerGroup: 'wholesale' }, [
      {
        sku,
        tiers: [
          { minQuantity: 1, amountMinor: 800 },
          { minQuantity: 10, amountMinor: 700 },
        ],
      },
    ])
    const wholesaler = await aBuyerOf('wholesale')
    const other = await aBuyerOf('club')
    // In turns, so that no answer that is kept for one is given to another.
    await eventually(async () => {
      for (let turn = 0; turn < 2; turn += 1) {
        assert.deepEqual(await shown(sku, wholesaler), [800, 800])
        assert.deepEqual(await shown(sku, other), [1_000, 1_000])
        assert.deepEqual(await shown(sku), [1_000, 1_000])
      }
    }, CONVERGES)

    await wholesaler.startCart()
    const nine = await wholesaler.add(sku, 9)
    assert.equal(nine.body.lines[0].unitPriceMinor, 800)
    const ten = await wholesaler.add(sku, 1)
    assert.equal(ten.body.lines[0].unitPriceMinor, 700)
    assert.deepEqual(ten.body.notices, [])
    assert.equal((await wholesaler.order()).order.totals.total.amountMinor, 7_000)

    const guest = new Buyer(shop)
    for (const buyer of [other, guest]) {
      await buyer.startCart()
      assert.equal((await buyer.add(sku, 10)).body.lines[0].unitPriceMinor, 1_000)
      assert.equal((await buyer.order()).order.totals.total.amountMinor, 10_000)
    }
  })

  it('of a list begin and end by themselves, for whoever looks', async () => {
    const sku = await shop.sell({ quantity: 5, priceMinor: 1_000 })
    const startsAt = Date.now() + 1_500
    // Time enough to be seen while it holds, on a busy machine too.
    const times = [startsAt, startsAt + 8_000].map((at) => new Date(at).toISOString())
    await aList({ startsAt: times[0], endsAt: times[1] }, [{ sku, tiers: [{ amountMinor: 600 }] }])
    await eventually(async () => assert.deepEqual(await shown(sku), [600, 600]), CONVERGES)
    await eventually(async () => assert.deepEqual(await shown(sku), [1_000, 1_000]), CONVERGES)
  })

  it('are changed by who has read what is there', async () => {
    const sku = await shop.sell({ quantity: 5 })
    const priceListId = await aList({}, [{ sku, tiers: [{ amountMinor: 600 }] }])
    const path = `/v1/admin/price-lists/${priceListId}`
    const etag = ok(await shop.http.get(path, { token })).headers.get('etag')!
    const change = (priority: number, headers: Record<string, string>) =>
      shop.http.send('PATCH', path, { token, body: { priority }, headers })
    assert.equal((await change(1, {})).status, 428)
    ok(await change(1, { 'if-match': etag }))
    const stale = await change(2, { 'if-match': etag })
    assert.equal(stale.status, 412)
    assert.deepEqual(stale.body.data.changed, [{ field: 'priority', from: 0, to: 1 }])
    const explained = ok(
      await shop.http.get(`/v1/admin/prices/explain?sku=${sku}&quantity=3`, { token }),
    ).body
    assert.equal(explained.amountMinor, 600)
    assert.equal(explained.considered[0].rule.priceListId, priceListId)
  })
})
