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

// Eight processes of its own, most of them one after the other.
test('the events command rebuilds the sales of search while the shop runs, and shows what is parked', {
  timeout: 6 * 60_000,
}, async () => {
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
  // Ids tell when an order was placed.
  const now = Date.now().toString(16).padStart(12, '0')
  const order = {
    orderId: `${now.slice(0, 8)}-${now.slice(8)}-7000-8000-000000000000`,
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
  assert.match(told.output, /^search has heard 4 events again: feed-index, feed-structure, record-sales/)
  assert.deepEqual(await sold(), [{ sku: 'SKU-1', units: 3 }])
  const [older, unreadable] = await Promise.all([
    run('replay', 'search', '--from', '2026-01-01'),
    run('replay', 'search', '--from', 'yesterday'),
  ])
  assert.match(older.output, /has heard 4 events again[\s\S]*The log keeps events for 14 days/, older.output)
  assert.equal(unreadable.code, 2)

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

  // One that no handler can read fails again and stays; one that it can, leaves with its effect.
  const good = crypto.randomUUID()
  const event = {
    id: good,
    topic: 'order',
    type: OrderConfirmed.name,
    schemaVersion: OrderConfirmed.version,
    key: order.orderId,
    version: 1,
    payload: order,
    occurredAt: began,
  }
  await shop.pool.query('delete from search.sold')
  await shop.pool.query(
    `insert into search.parked (reaction, event_id, event, error) values ('record-sales', $1, $2, 'Error: then')`,
    [good, event],
  )
  const some = await run('parked', 'search', '--put-back', '--id', good)
  assert.equal(some.code, 0, some.output)
  assert.match(some.output, /^1 succeeded, 0 failed again\.\n/)
  assert.deepEqual(await sold(), [{ sku: 'SKU-1', units: 3 }])
  const rest = await run('parked', 'search', '--put-back', '--reaction', 'record-sales')
  assert.equal(rest.code, 1)
  assert.match(rest.output, new RegExp(`^0 succeeded, 1 failed again\\.\nrecord-sales {2}${id}\n`))

  await shop.pool.query(
    `insert into search.parked (reaction, event_id, event, error, parked_at)
     select 'record-sales', gen_random_uuid(), '{"type":"order.confirmed"}', 'Error: older', now() - interval '1 hour'
     from generate_series(1, 200)`,
  )
  const many = await run('parked', 'search')
  assert.match(many.output, new RegExp(`^search: the newest 200 of 201\n.*${id}\n`))
  assert.match(many.output, /\n201 parked\.\n$/)
})

test('the events command names the services that can when one is asked for what it does not have', async () => {
  const run = (...words: string[]) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      const file = join(import.meta.dirname, 'events.ts')
      const child = execFile(process.execPath, [file, ...words], (_, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
      )
    })
  const asked = await Promise.all([
    run('republish', 'auth'),
    run('replay', 'order', '--from', '2026-05-01'),
    run('help'),
  ])
  const [republish, replay, usage] = asked.map(({ output }) => output)
  assert.deepEqual(
    asked.map(({ code }) => code),
    [2, 2, 2],
    JSON.stringify(asked),
  )
  assert.equal(republish, 'auth has no state to announce; these have: inventory, order, payment, product.\n')
  assert.equal(replay, 'order has no projection that could be rebuilt; these have: search.\n')
  assert.match(
    usage!,
    / replay .*\(search\); it keeps 14 days\n.* republish .*\(inventory, order, payment, product\)\n/,
  )
})
