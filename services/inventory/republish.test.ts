import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inventory, LevelsChanged, MAX_CHANGED_SKUS } from '@stoa/contracts/inventory'
import { startTestHost } from '@stoa/testing'
import service from './service.ts'

test('inventory republishes every SKU once, a page per event, under versions that do not pass those of changes', async () => {
  await using host = await startTestHost({ services: [service] })
  const { seed } = host.client(inventory, { via: 'test' })
  const skus = Array.from({ length: MAX_CHANGED_SKUS + 3 }, (_, n) => `SKU-${String(n).padStart(4, '0')}`)
  for (const warehouse of ['main', 'north'])
    await seed({
      warehouse: { warehouse, name: warehouse, priority: 1 },
      // A level that is low already: it was said when it fell.
      lines: skus.map((sku) => ({ sku, quantity: 1, reorderPoint: 5 })),
    })
  await host.pool.query(
    `update inventory.levels set version = 9 where warehouse = 'main' and sku = 'SKU-0202'`,
  )
  await host.settled()
  const before = (await host.loggedEvents()).length
  assert.equal(await host.host.background!.republish('inventory'), 2)
  await host.settled()
  const said = (await host.loggedEvents()).slice(before)
  assert.deepEqual(
    said.map(({ name, version }) => [name, version]),
    [
      [LevelsChanged.name, 1],
      [LevelsChanged.name, 9],
    ],
  )
  assert.deepEqual(
    said.flatMap(({ payload }) => (payload as { skus: string[] }).skus),
    skus,
  )
})
