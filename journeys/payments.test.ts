import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eventually } from '@stoa/testing'
import Stripe from 'stripe'
import { assertBooks } from './books.ts'
import { Buyer, CARDS, sandboxControl } from './buyer.ts'
import { type Shop, startShop, topology } from './shop.ts'

/** Of every order here. Whatever is done to an order before it is paid is done long before, on a slow machine too. */
const PAYMENT_WINDOW_SECONDS = 30
/** Until an order that is not paid is over, on a busy machine. */
const WINDOW_ENDS_MS = (PAYMENT_WINDOW_SECONDS + 30) * 1_000

describe(`payments (${topology})`, () => {
  let shop: Shop
  before(async () => {
    shop = await startShop({
      environment: { ORDER_PAYMENT_WINDOW_SECONDS: String(PAYMENT_WINDOW_SECONDS) },
    })
  })
  after(() => shop?.[Symbol.asyncDispose]())

  const available = async (sku: string): Promise<number> =>
    (await shop.http.get(`/v1/availability?skus=${sku}`)).body.items[0].available
  const availableIs = (sku: string, expected: number) =>
    eventually(async () => assert.equal(await available(sku), expected), { timeoutMs: 20_000 })

  it('give the stock back when the card is declined, say why, keep the cart, and take another card', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const placed = await buyer.order()
    assert.equal(await available(sku), 0)
    const declined = await buyer.pay(placed, CARDS.insufficientFunds)
    assert.equal(declined.status, 402)
    const failed = await buyer.orderIs(placed, 'payment_failed')
    assert.match(failed.paymentProblem, /insufficient funds/i)
    await availableIs(sku, 1)
    assert.equal((await shop.http.get(`/v1/carts/${buyer.cartId}`, buyer.owner)).body.lines.length, 1)
    const mail = await buyer.mailAbout(/payment/i)
    assert.match(mail.text, /insufficient funds/i)
    const second = await buyer.order()
    assert.notEqual(second.order.orderId, placed.order.orderId)
    assert.equal((await buyer.pay(second)).body.status, 'succeeded')
    await buyer.orderIs(second, 'confirmed')
    await buyer.orderIs(placed, 'cancelled', WINDOW_ENDS_MS)
    await availableIs(sku, 0)
  })

  it('take another card on the same order while its time runs', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const placed = await buyer.order()
    await buyer.pay(placed, CARDS.declined)
    await buyer.pay(placed)
    await buyer.orderIs(placed, 'confirmed')
    await availableIs(sku, 0)
  })

  it('fail when the shopper fails 3-D Secure', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const placed = await buyer.order()
    const asked = await buyer.pay(placed, CARDS.secure)
    await buyer.answerChallenge(asked, 'fail')
    const completed = await buyer.complete(placed)
    assert.equal(completed.body.status, 'failed', JSON.stringify(completed.body))
    await buyer.orderIs(placed, ['payment_failed', 'cancelled'])
    await availableIs(sku, 1)
  })

  it('cancel an order that nobody pays, and give its stock back', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const placed = await buyer.order()
    const ended = await buyer.orderIs(placed, 'cancelled', WINDOW_ENDS_MS)
    assert.equal(ended.cancelReason, 'expired')
    await availableIs(sku, 1)
    const late = await buyer.pay(placed)
    assert.notEqual(late.status, 200)
  })

  it('are refunded when they succeed after the order was cancelled, and the buyer is told', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const placed = await buyer.order()
    // The gateway does not hear that the order is over: the money comes although the order has gone.
    await pretendCancelled(shop, placed.order.orderId)
    await buyer.pay(placed)
    await buyer.mailAbout(/refund/i, 30_000)
    await eventually(
      async () => {
        const response = await fetch(`${shop.sandbox.url}/sandbox/stripe/refunds?limit=1000`)
        const { data } = (await response.json()) as {
          data: { amount: number; status: string; payment_intent: string }[]
        }
        const [intentId] = placed.payment.clientSecret.split('_secret_')
        assert.deepEqual(
          data
            .filter((one) => one.payment_intent === intentId)
            .map(({ amount, status }) => ({ amount, status })),
          [{ amount: 1000, status: 'succeeded' }],
        )
      },
      { timeoutMs: 30_000 },
    )
  })

  it('are paid back in full or part by staff, never more than was taken', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const placed = await buyer.order()
    await buyer.pay(placed)
    await buyer.orderIs(placed, 'confirmed')
    const token = await shop.staffToken()
    const refund = (amountMinor?: number) =>
      shop.http.post(
        `/v1/admin/payments/${placed.payment.paymentId}/refunds`,
        { reason: 'Scratched', ...(amountMinor ? { amountMinor } : {}) },
        { token, key: buyer.key('refund') },
      )
    assert.equal((await refund(300)).status, 201)
    const together = await Promise.all([refund(600), refund(600)])
    assert.deepEqual(together.map(({ status }) => status).sort(), [201, 409])
    const rest = await refund()
    assert.equal(rest.status, 201)
    assert.equal(rest.body.refunded.amountMinor, 1000)
    assert.equal((await refund(1)).status, 409)
  })

  it('are paid back in version 2 of the API by an amount that says its currency, and by no other', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const placed = await buyer.order()
    await buyer.pay(placed)
    await buyer.orderIs(placed, 'confirmed')
    const token = await shop.staffToken()
    const refund = (amountMinor: number, currency: string) =>
      shop.http.post(
        `/v2/admin/payments/${placed.payment.paymentId}/refunds`,
        { reason: 'Scratched', amount: { amountMinor, currency } },
        { token, key: buyer.key('refund') },
      )
    const yen = await refund(300, 'JPY')
    assert.deepEqual(
      [yen.status, yen.body.code, yen.body.data],
      [409, 'CURRENCY_MISMATCH', { currency: 'EUR' }],
    )
    const paid = await refund(300, 'EUR')
    assert.equal(paid.status, 201, JSON.stringify(paid.body))
    assert.deepEqual(paid.body.refunded, { amountMinor: 300, currency: 'EUR' })
    const tooMuch = await refund(800, 'EUR')
    assert.deepEqual(
      [tooMuch.status, tooMuch.body.data],
      [409, { refundable: { amountMinor: 700, currency: 'EUR' } }],
    )
  })

  it('count once, though webhooks come late, twice and out of order', async () => {
    await sandboxControl(shop, 'stripe/webhooks', {
      delayMs: 400,
      duplicates: 2,
      reorderWindow: 4,
      paused: false,
    })
    try {
      const sku = await shop.sell({ quantity: 6 })
      const buyers = Array.from({ length: 6 }, () => new Buyer(shop))
      await Promise.all(
        buyers.map(async (buyer, index) => {
          await buyer.fill(sku)
          const placed = await buyer.order()
          if (index % 2 === 0) await buyer.pay(placed, CARDS.declined)
          await buyer.pay(placed)
          await buyer.orderIs(placed, 'confirmed', 25_000)
          const confirmations = (await buyer.mails()).filter(({ subject }) =>
            subject.includes(placed.order.number),
          )
          assert(confirmations.length <= 2, confirmations.map(({ subject }) => subject).join())
        }),
      )
      await assertBooks(shop, { received: new Map([[sku, 6]]), timeoutMs: WINDOW_ENDS_MS })
    } finally {
      await sandboxControl(shop, 'stripe/webhooks', {
        delayMs: 0,
        duplicates: 0,
        reorderWindow: 0,
        paused: false,
      })
    }
  })

  it('are not believed when the webhook is forged or too old', async () => {
    const buyer = new Buyer(shop)
    await buyer.fill(await shop.sell({ quantity: 1 }))
    const placed = await buyer.order()
    const [intentId] = placed.payment.clientSecret.split('_secret_')
    const payload = JSON.stringify({
      id: 'evt_forged',
      object: 'event',
      type: 'payment_intent.succeeded',
      data: {
        object: {
          id: intentId,
          object: 'payment_intent',
          status: 'succeeded',
          amount: 1000,
          amount_received: 1000,
          currency: 'eur',
          metadata: {},
        },
      },
    })
    const send = (signature: string) =>
      shop.http.send('POST', '/v1/payments/webhooks/stripe', {
        body: payload,
        headers: { 'stripe-signature': signature },
      })
    const sign = (secret: string, timestamp: number) =>
      new Stripe('sk_test_x').webhooks.generateTestHeaderString({ payload, secret, timestamp })
    const now = Math.floor(Date.now() / 1000)
    assert.equal((await send(sign('whsec_wrong', now))).status, 401)
    assert.equal((await send(sign(shop.sandbox.keys.webhook, now - 3_600))).status, 401)
    assert.equal((await send('nonsense')).status, 401)
    assert.equal(
      (await shop.http.send('POST', '/v1/payments/webhooks/stripe', { body: payload })).status,
      400,
    )
    assert.equal((await buyer.see(placed)).body.status, 'pending')
  })

  it('wait for a gateway that is away: a clear 503, and the same key goes on later', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const key = buyer.key('away')
    await sandboxControl(shop, 'stripe/faults', { fail: { kind: 503, count: 8, when: 'before' } })
    const refused = await buyer.place(key)
    await fetch(`${shop.sandbox.url}/sandbox/stripe/faults`, { method: 'DELETE' })
    assert.equal(refused.status, 503, JSON.stringify(refused.body))
    assert.match(refused.headers.get('content-type')!, /problem\+json/)
    assert(refused.headers.get('retry-after'))
    // What else was refused meanwhile may keep the gateway's door shut for another second.
    const placed = await eventually(() => buyer.order(key), { timeoutMs: 15_000 })
    await buyer.pay(placed)
    await buyer.orderIs(placed, 'confirmed')
    await availableIs(sku, 0)
  })

  it('are made once when the gateway loses its answers', async () => {
    const sku = await shop.sell({ quantity: 1 })
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    await sandboxControl(shop, 'stripe/faults', {
      fail: { kind: 'reset', count: 1, when: 'after', path: 'payment_intents' },
    })
    const placed = await buyer.order()
    await fetch(`${shop.sandbox.url}/sandbox/stripe/faults`, { method: 'DELETE' })
    await buyer.pay(placed)
    await buyer.orderIs(placed, 'confirmed')
    const response = await fetch(`${shop.sandbox.url}/sandbox/stripe/payment_intents?limit=1000`)
    const { data } = (await response.json()) as { data: { metadata: Record<string, string> }[] }
    assert.equal(data.filter(({ metadata }) => metadata.order_id === placed.order.orderId).length, 1)
  })
})

/** Writes what a crash between two services could leave: the order is over, its payment is still open. */
async function pretendCancelled(shop: Shop, orderId: string): Promise<void> {
  const { rowCount } = await shop.poolOf('order').query(
    `update "order".orders set status = 'cancelled', cancel_reason = 'expired', cancelled_at = now(), version = version + 1
     where order_id = $1 and status = 'pending'`,
    [orderId],
  )
  assert.equal(rowCount, 1)
}
