import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createDatabase, startPgBouncer, withoutPgBouncer } from '@stoa/testing'
import { assertBooks } from './books.ts'
import { Buyer } from './buyer.ts'
import { startShop, topology } from './shop.ts'

const skip = await withoutPgBouncer()

describe(`a checkout through PgBouncer in transaction mode (${topology})`, { skip }, () => {
  for (const direct of [true, false]) {
    it(`ends with the mail and true books, ${direct ? 'with a direct address' : 'without LISTEN'}`, async () => {
      await using pgbouncer = await startPgBouncer({ connections: 5 })
      await using database = await createDatabase()
      await using shop = await startShop({
        databaseUrl: database.url,
        environment: direct
          ? { DATABASE_URL: pgbouncer.through(database.url), DATABASE_DIRECT_URL: database.url }
          : { DATABASE_URL: `${pgbouncer.through(database.url)}?pgbouncer=true` },
      })
      const sku = await shop.sell({ quantity: 20 })
      // More at once than the pooler has connections.
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          const buyer = new Buyer(shop)
          await buyer.fill(sku)
          const placed = await buyer.order()
          const paid = await buyer.pay(placed)
          assert.equal(paid.body.status, 'succeeded', JSON.stringify(paid.body))
          await buyer.orderIs(placed, 'confirmed')
          await buyer.mailAbout(new RegExp(placed.order.number))
        }),
      )
      const { body } = await shop.http.get(`/v1/availability?skus=${sku}`)
      assert.deepEqual(body.items, [{ sku, available: 12 }])
      await assertBooks(shop, { received: new Map([[sku, 20]]), timeoutMs: 30_000 })
    })
  }
})
