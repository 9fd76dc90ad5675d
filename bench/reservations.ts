import { inventory } from '@stoa/contracts/inventory'
import inventoryService from '@stoa/inventory'
import { startHost } from '@stoa/runtime'
import { v7 } from 'uuid'
import { openPool } from './pool.ts'
import { median, quantile } from './quantile.ts'
import { bounded, number, type Section } from './section.ts'
import { during } from './together.ts'

const CONCURRENCY = 500
const ROUNDS = 3
const ROUND_MS = 3_000
const WARM_UP_MS = 1_500
/** The platform's default `POOL_SIZE`. */
const POOL_SIZE = 10
const HOLD_MS = 3600_000

/** One reservation as one statement that locks the level's row, and writes what the service writes. */
const ONE_STATEMENT = `
with taken as (
  update inventory.levels set available = available - 1, reserved = reserved + 1, version = version + 1
  where warehouse = 'main' and sku = 'FLOOR' and available >= 1
  returning warehouse, sku
), reservation as (
  insert into inventory.reservations (order_id, status, expires_at, attempt, lines)
  select $1::uuid, 'held', $2::timestamptz, 1, jsonb_build_array(jsonb_build_object('warehouse', warehouse, 'sku', sku, 'quantity', 1))
  from taken
)
insert into inventory.movements (warehouse, sku, kind, available_delta, reserved_delta, reference)
select warehouse, sku, 'reserved', -1, 1, $1::text from taken`

/** Everyone wants the same item. */
export const reservations: Section = {
  name: 'reservations',
  always: true,
  run: async (bench) => {
    await using database = await bench.createDatabase('reservations')
    await using host = await startHost({
      services: [inventoryService],
      environment: { DATABASE_URL: database.url, LOG_LEVEL: 'error', POOL_SIZE: String(POOL_SIZE) },
    })
    await using pool = openPool(database.url, POOL_SIZE)
    const stock = host.client(inventory, { via: 'bench' })
    await stock.seed({
      warehouse: { warehouse: 'main', name: 'Main', priority: 1 },
      lines: ['HOT', 'FLOOR'].map((sku) => ({ sku, quantity: 10_000_000, reorderPoint: null })),
    })
    const expiresAt = new Date(Date.now() + HOLD_MS).toISOString()
    const reserve = () => stock.reserve({ orderId: v7(), lines: [{ sku: 'HOT', quantity: 1 }], expiresAt })
    const floor = async () => {
      await pool.query({ name: 'floor', text: ONE_STATEMENT, values: [v7(), expiresAt] })
    }
    const load = (work: () => Promise<unknown>, durationMs: number) =>
      during({ durationMs, concurrency: CONCURRENCY }, work)
    for (const work of [reserve, floor]) await load(work, WARM_UP_MS)
    const rounds: { ratio: number; whole: number; floor: number; p99Ms: number }[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const whole = await load(reserve, ROUND_MS)
      const one = await load(floor, ROUND_MS)
      rounds.push({
        ratio: whole.perSecond / one.perSecond,
        whole: whole.perSecond,
        floor: one.perSecond,
        p99Ms: quantile(whole.tookMs, 0.99),
      })
    }
    const middle = (what: keyof (typeof rounds)[number]) => median(rounds.map((round) => round[what]))
    return [
      bounded(
        'Hot SKU: rate of reservations / one statement each',
        middle('ratio'),
        'x',
        { atLeast: 5 },
        `${number(middle('whole'))}/s; one each ${number(middle('floor'))}/s`,
      ),
      bounded('Hot SKU: p99 at concurrency 500', middle('p99Ms'), 'ms', { atMost: 100 }),
    ]
  },
}
