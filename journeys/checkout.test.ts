import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eventually } from '@stoa/testing'
import { Buyer, CARDS } from './buyer.ts'
import { type Shop, startShop, topology } from './shop.ts'

describe(`a checkout (${topology})`, () => {
  let shop: Shop
  before(async () => {
    shop = await startShop()
  })
  after(() => shop?.[Symbol.asyncDispose]())

  it('takes a guest from an empty cart to a confirmed order and its mail', async () => {
    const sku = await shop.sell({ quantity: 5, priceMinor: 1250 })
    const buyer = new Buyer(shop)
    await buyer.startCart()
    const added = await buyer.add(sku, 2)
    assert.equal(added.body.subtotal.amountMinor, 2500)
    const placed = await buyer.order()
    assert.equal(placed.order.status, 'pending')
    assert.match(placed.order.number, /^S-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/)
    const paid = await buyer.pay(placed)
    assert.equal(paid.body.status, 'succeeded', JSON.stringify(paid.body))
    await buyer.orderIs(placed, 'confirmed')
    const mail = await buyer.mailAbout(new RegExp(placed.order.number))
    assert.match(mail.text, /25\.00/)
    const { body } = await shop.http.get(`/v1/availability?skus=${sku}`)
    assert.deepEqual(body.items, [{ sku, available: 3 }])
    // It goes with an event, and so does the mail: neither waits for the other.
    await eventually(async () =>
      assert.equal((await shop.http.get(`/v1/carts/${buyer.cartId}`, buyer.owner)).status, 404),
    )
  })

  it('takes a new customer through registration, 3-D Secure and the confirmation of the address', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const buyer = new Buyer(shop)
    await buyer.register()
    const welcome = await buyer.mailAbout(/welcome/i)
    await buyer.fill(sku)
    const placed = await buyer.order()
    const asked = await buyer.pay(placed, CARDS.secure)
    assert.equal(asked.body.status, 'requires_action', JSON.stringify(asked.body))
    const back = new URL(await buyer.answerChallenge(asked, 'complete'))
    assert.equal(back.searchParams.get('redirect_status'), 'succeeded')
    const completed = await buyer.complete(placed)
    assert.equal(completed.body.status, 'succeeded', JSON.stringify(completed.body))
    await buyer.orderIs(placed, 'confirmed')
    const history = await shop.http.get('/v1/orders', { token: buyer.token })
    assert.deepEqual(
      history.body.items.map((one: { orderId: string }) => one.orderId),
      [placed.order.orderId],
    )
    assert.equal(history.body.next, null)

    const link = /token=([\w.-]+)/.exec(welcome.text)
    assert(link, `no link in ${welcome.text}`)
    const confirmed = await shop.http.post('/v1/auth/confirm-email', { token: link[1] })
    assert.equal(confirmed.status, 204, JSON.stringify(confirmed.body))
  })

  it('shows a guest order to the owner of its address once the address is confirmed, and not before', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const guest = new Buyer(shop)
    await guest.fill(sku)
    const placed = await guest.order()
    const customer = new Buyer(shop, guest.email)
    await customer.register()
    const early = await shop.http.get('/v1/orders', { token: customer.token })
    assert.deepEqual(early.body.items, [])
    const token = /token=([\w.-]+)/.exec((await customer.mailAbout(/welcome/i)).text)![1]
    await shop.http.post('/v1/auth/confirm-email', { token })
    const { body: session } = await shop.http.post('/v1/auth/login', {
      email: guest.email,
      password: 'a long password',
    })
    const late = await shop.http.get('/v1/orders', { token: session.accessToken })
    assert.deepEqual(
      late.body.items.map((one: { orderId: string }) => one.orderId),
      [placed.order.orderId],
    )
  })

  it('merges the cart of a guest who signs in', async () => {
    const [first, second] = [await shop.sell({ quantity: 5 }), await shop.sell({ quantity: 5 })]
    const buyer = new Buyer(shop)
    await buyer.fill(first)
    const guest = { cartId: buyer.cartId, cartToken: buyer.cartToken }
    await buyer.register()
    buyer.cartToken = undefined
    await buyer.startCart()
    await buyer.add(second)
    const merged = await shop.http.post(
      `/v1/carts/${guest.cartId}/merge`,
      {},
      { token: buyer.token, cartToken: guest.cartToken },
    )
    assert.equal(merged.status, 200, JSON.stringify(merged.body))
    assert.equal(merged.body.cartId, buyer.cartId)
    assert.deepEqual(
      merged.body.lines.map((line: { sku: string }) => line.sku).sort(),
      [first, second].sort(),
    )
  })

  it('finds a guest order by number and address, and by the link in the mail', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const placed = await buyer.order()
    const found = await shop.http.post('/v1/orders/lookup', {
      number: placed.order.number.toLowerCase(),
      email: buyer.email.toUpperCase(),
    })
    assert.equal(found.status, 200, JSON.stringify(found.body))
    assert.equal(found.body.order.orderId, placed.order.orderId)
    const wrong = await shop.http.post('/v1/orders/lookup', {
      number: placed.order.number,
      email: 'else@example.com',
    })
    assert.equal(wrong.status, 404)
    const linked = await shop.http.get(`/v1/orders/${placed.order.orderId}`, {
      orderToken: found.body.orderToken,
    })
    assert.equal(linked.body.orderId, placed.order.orderId)
  })

  it('gives the same checkout sent twice at once one order, one charge, the same answer', async () => {
    const sku = await shop.sell({ quantity: 10 })
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const key = buyer.key('twice')
    const replies = await Promise.all([buyer.place(key), buyer.place(key), buyer.place(key)])
    for (const reply of replies) assert.equal(reply.status, 201, JSON.stringify(reply.body))
    assert.deepEqual(replies[1]!.body, replies[0]!.body)
    assert.deepEqual(replies[2]!.body, replies[0]!.body)
    const placed = replies[0]!.body
    await buyer.pay(placed)
    await buyer.orderIs(placed, 'confirmed')
    const { data } = await stripe(shop, 'payment_intents')
    const mine = data.filter((intent) => intent.metadata.order_id === placed.order.orderId)
    assert.deepEqual(
      mine.map(({ status, amount_received }) => ({ status, amount_received })),
      [{ status: 'succeeded', amount_received: 1000 }],
    )
    const { body } = await shop.http.get(`/v1/availability?skus=${sku}`)
    assert.equal(body.items[0].available, 9)
  })

  it('lets two checkouts of one cart end in one live order', async () => {
    const sku = await shop.sell({ quantity: 10 })
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const replies = await Promise.all([buyer.place(), buyer.place(), buyer.place()])
    for (const { status, body } of replies) assert(status < 500, JSON.stringify(body))
    const last = await buyer.order()
    await buyer.pay(last)
    await buyer.orderIs(last, 'confirmed')
    for (const { status, body } of replies) {
      if (status === 201 && body.order.orderId !== last.order.orderId) await buyer.orderIs(body, 'cancelled')
    }
    // The stock of the others comes back, and the cart goes, with events.
    await eventually(async () => {
      const { body } = await shop.http.get(`/v1/availability?skus=${sku}`)
      assert.equal(body.items[0].available, 9)
    })
    await eventually(async () =>
      assert.equal((await shop.http.get(`/v1/carts/${buyer.cartId}`, buyer.owner)).status, 404),
    )
    const again = await buyer.place()
    assert.equal(again.status, 404, 'the cart is gone with its order')
  })

  it("answers 404 to everybody else's cart and order", async () => {
    const sku = await shop.sell({ quantity: 5 })
    const [owner, guest, other] = [new Buyer(shop), new Buyer(shop), new Buyer(shop)]
    await owner.register()
    await other.register()
    await owner.fill(sku)
    await guest.fill(sku)
    const placed = { owner: await owner.order(), guest: await guest.order() }
    const intruders = [
      {},
      { token: other.token },
      { cartToken: 'x'.repeat(40), orderToken: 'x'.repeat(40) },
      {
        token: other.token,
        cartToken: owner.cartToken,
        orderToken: placed.guest.orderToken.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')),
      },
    ]
    for (const intruder of intruders) {
      for (const victim of [owner, guest]) {
        const line = { ...intruder, body: { quantity: 2 } }
        assert.equal((await shop.http.get(`/v1/carts/${victim.cartId}`, intruder)).status, 404)
        const adding = await shop.http.post(
          `/v1/carts/${victim.cartId}/lines`,
          { sku, quantity: 1 },
          { ...intruder, key: other.key('in') },
        )
        assert.equal(adding.status, 404, JSON.stringify(adding.body))
        assert.equal(
          (
            await shop.http.send(
              'PATCH',
              `/v1/carts/${victim.cartId}/lines/${placed.owner.order.orderId}`,
              line,
            )
          ).status,
          404,
        )
        const ordering = await shop.http.post(
          '/v1/orders',
          {
            cartId: victim.cartId,
            email: 'thief@example.com',
            shippingAddress: { name: 'T', street: 'S', city: 'C', country: 'GR' },
          },
          { ...intruder, key: other.key('steal') },
        )
        assert.equal(ordering.status, 404, JSON.stringify(ordering.body))
      }
      for (const { order } of [placed.owner, placed.guest]) {
        assert.equal((await shop.http.get(`/v1/orders/${order.orderId}`, intruder)).status, 404)
        assert.equal((await shop.http.post(`/v1/orders/${order.orderId}/cancel`, {}, intruder)).status, 404)
      }
    }
  })

  it('shows nothing of the services that stays inside', async () => {
    for (const [method, path] of [
      ['POST', '/v1/inventory/reservations'],
      ['GET', '/v1/order/mail-details'],
      ['POST', '/v1/auth/staff'],
      ['POST', '/v1/payment/payments'],
      ['POST', '/internal/inventory/reserve'],
    ] as const) {
      const { status, body } = await shop.http.send(method, path, method === 'POST' ? { body: {} } : {})
      assert.equal(status, 404, `${path} answered ${status}`)
      assert.equal(body.code, 'NOT_FOUND')
    }
  })
})

type Intent = { metadata: Record<string, string>; status: string; amount_received: number }

async function stripe(shop: Shop, list: string): Promise<{ data: Intent[] }> {
  const response = await fetch(`${shop.sandbox.url}/sandbox/stripe/${list}?limit=1000`)
  return (await response.json()) as { data: Intent[] }
}
