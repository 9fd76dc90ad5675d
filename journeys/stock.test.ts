import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eventually } from '@stoa/testing'
import { assertBooks } from './books.ts'
import { Buyer, CARDS } from './buyer.ts'
import type { Reply } from './http.ts'
import { type Shop, startShop, topology } from './shop.ts'

/** A buyer who hears that the order is his has time left to pay, however busy the shop is. */
const PAYMENT_WINDOW_SECONDS = 45

describe(`scarce stock (${topology})`, () => {
  let shop: Shop
  before(async () => {
    shop = await startShop({
      environment: { ORDER_PAYMENT_WINDOW_SECONDS: String(PAYMENT_WINDOW_SECONDS) },
    })
  })
  after(() => shop?.[Symbol.asyncDispose]())

  it('sells 5 units to 5 of 200 buyers at once, and tells everyone else that it is sold out', async () => {
    const sku = await shop.sell({ quantity: 5 })
    const buyers = Array.from({ length: 200 }, () => new Buyer(shop))
    await inGroups(buyers, 25, (buyer) => buyer.fill(sku))
    const replies = await Promise.all(
      buyers.map(async (buyer) => {
        const reply = await answered(buyer)
        // What is not paid in time goes to whoever still asks.
        if (reply.status === 201) assert.equal((await buyer.pay(reply.body)).body.status, 'succeeded')
        return reply
      }),
    )
    const count = (status: number) => replies.filter((reply) => reply.status === status).length
    const codes = new Set(replies.filter(({ status }) => status !== 201).map(({ body }) => body.code))
    assert.equal(count(201), 5, `codes: ${[...codes]}`)
    assert.deepEqual([...codes], ['OUT_OF_STOCK'])
    assert.equal(count(409), 195)
    const refused = replies.find(({ status }) => status === 409)!
    assert.deepEqual(refused.body.data, { skus: [{ sku, available: 0 }] })
  })

  it('fills 24 carts of the same three items in mixed order without a deadlock', async () => {
    const skus = [
      await shop.sell({ quantity: 24 }),
      await shop.sell({ quantity: 24 }),
      await shop.sell({ quantity: 24 }),
    ]
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]
    const buyers = Array.from({ length: 24 }, (_, index) => ({
      buyer: new Buyer(shop),
      order: orders[index % 6]!,
    }))
    await inGroups(buyers, 12, ({ buyer, order }) => buyer.fill(...order.map((at) => skus[at]!)))
    const replies = await Promise.all(buyers.map(({ buyer }) => buyer.place()))
    for (const { status, body } of replies) assert.equal(status, 201, JSON.stringify(body))
    const { body } = await shop.http.get(`/v1/availability?${skus.map((sku) => `skus=${sku}`).join('&')}`)
    assert.deepEqual(
      body.items.map(({ available }: { available: number }) => available),
      [0, 0, 0],
    )
  })

  it('sells what was there and no more, whatever shoppers do', async () => {
    const stock = new Map<string, number>()
    for (let item = 0; item < 4; item += 1) {
      const quantity = 2 + Math.floor(Math.random() * 8)
      stock.set(await shop.sell({ quantity }), quantity)
    }
    const skus = [...stock.keys()]
    const deeds = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const buyer = new Buyer(shop)
        await buyer.startCart()
        for (const sku of skus.filter(() => Math.random() < 0.5)) {
          const reply = await shop.http.post(
            `/v1/carts/${buyer.cartId}/lines`,
            { sku, quantity: 1 + Math.floor(Math.random() * 2) },
            { ...buyer.owner, key: buyer.key('add') },
          )
          assert(reply.status === 201 || reply.body.code === 'OUT_OF_STOCK', JSON.stringify(reply.body))
        }
        const reply = await buyer.place()
        assert(reply.status < 500, JSON.stringify(reply.body))
        if (reply.status !== 201) return undefined
        const deed = (
          ['pay', 'pay', 'decline', 'cancel', 'abandon', 'pay-then-cancel', 'decline-then-pay'] as const
        )[index % 7]!
        if (deed === 'pay' || deed === 'pay-then-cancel') await buyer.pay(reply.body)
        if (deed === 'decline' || deed === 'decline-then-pay') await buyer.pay(reply.body, CARDS.declined)
        if (deed === 'decline-then-pay') await buyer.pay(reply.body)
        if (deed === 'pay-then-cancel') await buyer.orderIs(reply.body, ['confirmed', 'cancelled'])
        if (deed === 'cancel' || deed === 'pay-then-cancel') {
          const cancelled = await shop.http.post(
            `/v1/orders/${reply.body.order.orderId}/cancel`,
            {},
            { orderToken: reply.body.orderToken },
          )
          assert(cancelled.status < 500, JSON.stringify(cancelled.body))
        }
        return { buyer, placed: reply.body }
      }),
    )
    for (const deed of deeds) {
      if (deed)
        await deed.buyer.orderIs(
          deed.placed,
          ['confirmed', 'cancelled'],
          (PAYMENT_WINDOW_SECONDS + 45) * 1_000,
        )
    }
    await assertBooks(shop, { received: stock })
  })
})

/** Asks as every client should: who is told that the shop is too busy, or has no answer yet, comes again, with the same key. */
async function answered(buyer: Buyer): Promise<Reply> {
  const key = buyer.key('order')
  return eventually(
    async () => {
      const reply = await buyer.place(key)
      const comeAgain = [503, 504].includes(reply.status) || reply.body.code === 'IN_PROGRESS'
      if (comeAgain) await new Promise((resolve) => setTimeout(resolve, 1_000))
      assert(!comeAgain, `still ${reply.status} ${JSON.stringify(reply.body)}`)
      return reply
    },
    { timeoutMs: 40_000 },
  )
}

async function inGroups<T>(all: readonly T[], size: number, work: (one: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < all.length; start += size)
    await Promise.all(all.slice(start, start + size).map(work))
}
