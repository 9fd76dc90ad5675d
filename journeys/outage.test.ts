import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startEmbeddedPostgres } from '@stoa/runtime/embedded-postgres'
import { eventually } from '@stoa/testing'
import { assertBooks } from './books.ts'
import { Buyer, type Placed } from './buyer.ts'
import { startShop, topology } from './shop.ts'

describe(`PostgreSQL (${topology})`, () => {
  it('may be restarted under load: errors while it is away, nothing lost, nothing of ours restarted', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'stoa-outage-'))
    const dataDirectory = join(directory, 'postgres')
    let postgres = await startEmbeddedPostgres({ dataDirectory })
    try {
      await using shop = await startShop({
        databaseUrl: postgres.url,
        environment: { ORDER_PAYMENT_WINDOW_SECONDS: '30' },
      })
      const sku = await shop.sell({ quantity: 1_000 })
      const placed: { buyer: Buyer; order: Placed }[] = []
      let [answered, refused, running] = [0, 0, true]
      const wrong = new Set<string>()
      const shopper = async () => {
        while (running) {
          const buyer = new Buyer(shop)
          try {
            await buyer.fill(sku)
            const reply = await buyer.place()
            if (reply.status === 201) {
              placed.push({ buyer, order: reply.body })
              await buyer.pay(reply.body)
              answered += 1
            } else {
              if (![409, 503, 504].includes(reply.status)) wrong.add(JSON.stringify(reply.body))
              refused += 1
            }
          } catch (error) {
            // A cart that could not be filled; anything but an assertion is a connection that broke.
            if (error instanceof assert.AssertionError && !/"status":50[34]/.test(error.message))
              wrong.add(error.message)
            refused += 1
            await new Promise((resolve) => setTimeout(resolve, 100))
          }
        }
      }
      const shoppers = Array.from({ length: 4 }, shopper)
      await eventually(() => assert(answered >= 5), { timeoutMs: 30_000 })
      await postgres.stop()
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      postgres = await startEmbeddedPostgres({ dataDirectory })
      const before = answered
      await eventually(
        () => assert(answered >= before + 10, `${answered - before} checkouts since it is back`),
        {
          timeoutMs: 40_000,
        },
      )
      running = false
      await Promise.all(shoppers)
      assert(refused > 0, 'somebody noticed')
      assert.deepEqual([...wrong], [], 'who is refused is told that the shop is away')
      await assertBooks(shop, { received: new Map([[sku, 1_000]]), timeoutMs: 90_000 })
      for (const { buyer, order } of placed) await buyer.orderIs(order, ['confirmed', 'cancelled'])
    } finally {
      await postgres.stop()
      await rm(directory, { recursive: true, force: true })
    }
  })
})
