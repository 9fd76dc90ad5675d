import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestHost, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import { insertOrder, makePartitions } from './orders.ts'
import service from './service.ts'
import { ADDRESS } from './testing.ts'

describe('the partitions of orders', () => {
  let host: TestHost
  before(async () => {
    // Its tables alone.
    host = await startTestHost({
      services: [{ ...service, needs: {}, resources: undefined, reactions: [], jobs: [] }],
    })
    // The month may have ended since its tables were made.
    await makePartitions(query, 3)
  })
  after(() => host?.[Symbol.asyncDispose]())

  const query = async (text: string, values: readonly unknown[] = []) =>
    (await host.pool.query(text, values as unknown[])).rows as never
  const monthStart = (offset: number): Date => {
    const now = new Date()
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset))
  }
  const nameOf = (month: Date) => `orders_${month.toISOString().slice(0, 7).replace('-', '_')}`
  const insert = (orderId: string) =>
    insertOrder(query, {
      orderId,
      number: orderId.slice(-9),
      cartId: v7(),
      customerId: null,
      email: 'a@example.com',
      currency: 'EUR',
      totalMinor: 1,
      lines: [],
      shippingAddress: ADDRESS,
      billingAddress: ADDRESS,
      paymentWindowSeconds: 900,
    })

  it('are there for last month, this one and three more, and each takes the ids of its month, to the millisecond', async () => {
    for (let offset = -1; offset <= 3; offset += 1) {
      const [first, last] = [monthStart(offset).getTime(), monthStart(offset + 1).getTime() - 1]
      for (const msecs of [first, (first + last) / 2, last]) {
        const orderId = v7({ msecs: Math.floor(msecs) })
        await insert(orderId)
        const [row] = (await query(
          `select tableoid::regclass::text as at from "order".orders where order_id = $1`,
          [orderId],
        )) as { at: string }[]
        assert.equal(row!.at, `"order".${nameOf(monthStart(offset))}`)
      }
    }
    await assert.rejects(insert(v7({ msecs: monthStart(4).getTime() })), /no partition/)
  })

  it('are made ahead once, with their indexes, while orders are read', async () => {
    assert.equal(await makePartitions(query, 3), 0)
    const reader = await host.pool.connect()
    await reader.query('begin')
    await reader.query('select count(*) from "order".orders')
    const made = await Promise.race([
      makePartitions(query, 5),
      new Promise<number>((resolve) => setTimeout(() => resolve(-1), 3_000)),
    ])
    await reader.query('rollback')
    reader.release()
    assert.equal(made, 2)
    assert.equal(await makePartitions(query, 5), 0)
    const [row] = (await query(
      `select count(*)::int as indexes from pg_indexes where schemaname = 'order' and tablename = $1`,
      [nameOf(monthStart(5))],
    )) as { indexes: number }[]
    assert.equal(row!.indexes, 5)
    await insert(v7({ msecs: monthStart(5).getTime() }))
  })

  it('are pruned to one for a query by id, planned for any id too', async () => {
    const client = await host.pool.connect()
    try {
      await client.query(`set plan_cache_mode = force_generic_plan`)
      await client.query(`prepare by_id (uuid) as select * from "order".orders where order_id = $1`)
      const { rows } = await client.query(`explain (analyze, costs off) execute by_id ('${v7()}')`)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      assert.equal(plan.match(/Scan using/g)?.length, 1, plan)
      assert.match(plan, /Subplans Removed: [1-9]/)
    } finally {
      client.release()
    }
  })
})
