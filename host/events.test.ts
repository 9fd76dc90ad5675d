import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { OrderConfirmed } from '@stoa/contracts/order'
import inventory from '@stoa/inventory'
import product from '@stoa/product'
import search from '@stoa/search'
import { startTestHost } from '@stoa/testing'

test('the events command rebuilds the sales of search while the shop runs, and shows what is parked', async () => {
  const environment = { MEDIA_DIRECTORY: join(tmpdir(), 'stoa-test-events-media') }
  await using shop = await startTestHost({ services: [product, inventory, search], environment })
  const run = (...words: string[]) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      const env = { ...process.env, ...environment, DATABASE_URL: shop.database.url }
      const file = join(import.meta.dirname, 'events.ts')
      const child = execFile(process.execPath, [file, ...words], { env }, (_, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
      )
    })
  const began = new Date().toISOString()
  const order = {
    orderId: '0196f0a0-0000-7000-8000-000000000000',
    cartId: '0196f0a0-0000-7000-8000-000000000001',
    customerId: null,
    currency: 'EUR',
    totalMinor: 3_000,
    paymentId: '0196f0a0-0000-7000-8000-000000000002',
    lines: [{ sku: 'SKU-1', quantity: 3, unitPriceMinor: 1_000 }],
  }
  await shop.publish(OrderConfirmed, order)
  await shop.publish(OrderConfirmed, order)
  await shop.settled()
  const sold = async () => (await shop.pool.query('select sku, units from search.sold')).rows
  assert.deepEqual(await sold(), [{ sku: 'SKU-1', units: 3 }])
  await shop.pool.query('delete from search.sold')
  const told = await run('replay', 'search', '--from', began)
  assert.equal(told.code, 0, told.output)
  assert.match(told.output, /search has heard 4 events again: feed-index, feed-structure, record-sales/)
  assert.deepEqual(await sold(), [{ sku: 'SKU-1', units: 3 }])
  assert.equal((await run('replay', 'search', '--from', 'yesterday')).code, 2)

  const id = crypto.randomUUID()
  await shop.pool.query(
    `insert into search.parked (reaction, event_id, event, error) values ('record-sales', $1, '{"type":"order.confirmed"}', $2)`,
    [id, 'Error: no\n    at all'],
  )
  const [listed, shown, absent] = await Promise.all([
    run('parked'),
    run('parked', 'search', '--id', id),
    run('parked', 'search', '--id', crypto.randomUUID()),
  ])
  assert.match(
    listed.output,
    new RegExp(`search\\.record-sales {2}order\\.confirmed {2}${id}\n {4}Error: no\n1 parked`),
  )
  assert.match(shown.output, /"type": "order.confirmed"[\s\S]*Error: no\n {4}at all/)
  assert.equal(absent.code, 1)
})
