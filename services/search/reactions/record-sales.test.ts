import assert from 'node:assert/strict'
import { it } from 'node:test'
import { OrderConfirmed } from '@stoa/contracts/order'
import { startTestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import service from '../service.ts'
import { Shelf } from '../testing.ts'

it('An order that is told of again long after is a sale of the day it was placed, or of none that is remembered', async () => {
  const shelf = new Shelf()
  await using host = await startTestHost({ services: [service, ...shelf.services] })
  const now = Date.now()
  const daysAgo = (days: number) => now - days * 24 * 3_600_000
  const tell = (sku: string, placedAt: number) =>
    host.publish(OrderConfirmed, {
      orderId: v7({ msecs: placedAt }),
      cartId: v7(),
      customerId: null,
      currency: 'EUR',
      totalMinor: 1_000,
      paymentId: v7(),
      lines: [{ sku, quantity: 1, unitPriceMinor: 1_000 }],
    })
  await tell('NOW', daysAgo(0))
  await tell('LATELY', daysAgo(40))
  await tell('FORGOTTEN', daysAgo(100))
  await host.settled()
  const { rows } = await host.pool.query('select sku, day::text from search.sold order by sku')
  assert.deepEqual(rows, [
    { sku: 'LATELY', day: new Date(daysAgo(40)).toISOString().slice(0, 10) },
    { sku: 'NOW', day: new Date(now).toISOString().slice(0, 10) },
  ])
})
