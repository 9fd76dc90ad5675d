import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eventually, statements } from '@stoa/testing'
import { Buyer } from './buyer.ts'
import { type Shop, startShop, topology } from './shop.ts'

/** Counted in one process, where nothing but the journey runs. Services ask the same in every topology; the platform asks more in several processes. */
const skip = topology === 'inside' ? false : 'counted where nothing but the journey runs: npm test'

/** By which this test looks whether everything has been done: not part of what it measures. */
const LOOK = /^select not \(? ?exists ?\( ?select from |as stored from jsonb_to_recordset/

describe('SQL statements', { skip }, () => {
  let shop: Shop
  let count: ReturnType<typeof statements>
  before(async () => {
    shop = await startShop({ topology: 'inside', jobs: 'asked' })
    count = statements(shop.environment.DATABASE_URL!)
  })
  after(() => shop?.[Symbol.asyncDispose]())

  const measured = async (work: () => Promise<void>) => {
    await shop.host!.background!.settled()
    await count.reset()
    await work()
    await shop.host!.background!.settled()
    const platform = (await count.ofPlatform()).statements.filter(
      ({ query }) => !LOOK.test(query.replaceAll(/\s+/g, ' ').trim()),
    )
    return {
      services: await count.ofServices(),
      platform: { total: platform.reduce((total, { calls }) => total + calls, 0), statements: platform },
    }
  }
  const told = ({ statements }: { statements: { query: string; calls: number }[] }) =>
    statements
      .map(({ query, calls }) => `${calls} x ${query.replaceAll(/\s+/g, ' ').slice(0, 160)}`)
      .join('\n')

  const checkout = async (skus: readonly string[]) => {
    const buyer = new Buyer(shop)
    await buyer.startCart()
    for (const sku of skus) await buyer.add(sku)
    const placed = await buyer.order()
    await buyer.pay(placed)
    // Looked for at the gateway and in the mailbox: asking the shop would count.
    await eventually(async () => {
      const response = await fetch(`${shop.sandbox.url}/sandbox/stripe/webhooks`)
      const { pending } = (await response.json()) as { pending: number }
      assert.equal(pending, 0)
    })
    await buyer.mailAbout(new RegExp(placed.order.number))
    await shop.host!.background!.settled()
  }

  it('of a two-line guest checkout, from no cart to the sent mail, are at most 30, and 3 that keep search true; the platform asks 80 more at most', async (test) => {
    const skus = [await shop.sell({ quantity: 50 }), await shop.sell({ quantity: 50 })]
    await checkout(skus)
    const { services, platform } = await measured(async () => void (await checkout(skus)))
    test.diagnostic(
      `${services.total} statements of services, ${platform.total} of the log, relays, jobs and leases`,
    )
    if (process.env.SHOW_STATEMENTS)
      console.error(`${told(services)}
---
${told(platform)}`)
    // The announcement of what can be bought no longer, the look at what is left of it, and the sales that rank it.
    assert(services.total <= 33, `${services.total} statements:\n${told(services)}`)
    // How many events and jobs are moved at once is a matter of time: at worst each by itself.
    assert(platform.total <= 80, `${platform.total} statements of the platform:\n${told(platform)}`)
  })

  it('of adding to a cart are at most 5', async () => {
    const skus = [await shop.sell({ quantity: 5 }), await shop.sell({ quantity: 5 })]
    const buyer = new Buyer(shop)
    await buyer.fill(skus[0]!)
    const { services } = await measured(async () => void (await buyer.add(skus[1]!)))
    assert(services.total <= 5, told(services))
  })

  it('of a list and of a detail are at most 2', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const { body } = await shop.http.get('/v1/products?limit=20')
    const product = body.items.find((one: { name: string }) => one.name.includes(sku))
    const buyer = new Buyer(shop)
    await buyer.register()
    await buyer.fill(sku)
    const placed = await buyer.order()
    for (const [path, options] of [
      ['/v1/products?limit=20', {}],
      [`/v1/products/${product.slug}`, {}],
      [`/v1/products/${product.productId}`, {}],
      ['/v1/categories', {}],
      ['/v1/orders', { token: buyer.token }],
      [`/v1/orders/${placed.order.orderId}`, { token: buyer.token }],
      ['/v1/auth/me', { token: buyer.token }],
      ['/v1/admin/orders', { token: await shop.staffToken() }],
      ['/v1/admin/products', { token: await shop.staffToken() }],
    ] as const) {
      const { services } = await measured(async () => {
        const reply = await shop.http.get(path, options)
        assert.equal(reply.status, 200, JSON.stringify(reply.body))
      })
      assert(services.total <= 2, `${path}: ${told(services)}`)
    }
  })
})
