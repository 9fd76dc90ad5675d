import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { inventory } from '@stoa/contracts/inventory'
import { StockImported } from '@stoa/contracts/product-imports'
import { startTestHost, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import service from '../service.ts'

let host: TestHost

before(async () => {
  host = await startTestHost({ services: [service] })
})
after(() => host[Symbol.asyncDispose]())

describe('imported stock', () => {
  it('is put on the shelf where none was counted, in the warehouse that serves first', async () => {
    await imported('keep', 'NEW', 7)
    assert.equal(await available('NEW'), 7)
    await imported('keep', 'NEW', 9)
    assert.equal(await available('NEW'), 7)
  })

  it('takes the place of what is there only when it is to', async () => {
    await imported('keep', 'OLD', 7)
    const id = await imported('replace', 'OLD', 3)
    assert.equal(await available('OLD'), 3)
    await imported('replace', 'OLD', 3, id)
    assert.deepEqual(await ledger('OLD'), ['received 7', 'adjusted -4'])
  })
})

async function imported(
  mode: 'keep' | 'replace',
  sku: string,
  quantity: number,
  importId = v7(),
): Promise<string> {
  await host.publish(StockImported, { importId, mode, items: [{ sku, quantity }] }, { version: 1 })
  await host.settled()
  return importId
}

async function available(sku: string): Promise<number> {
  const { items } = await host.client(inventory).availability({ skus: [sku] })
  return items[0]!.available
}

async function ledger(sku: string): Promise<string[]> {
  const { rows } = await host.pool.query(
    'select kind, available_delta from inventory.movements where sku = $1 order by movement_id',
    [sku],
  )
  return rows.map((row) => `${row.kind} ${row.available_delta}`)
}
