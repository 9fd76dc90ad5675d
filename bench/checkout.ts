import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { floorTransaction, insertedRows, rowsOfEach } from './floor-rows.ts'
import { openPool } from './pool.ts'
import { cpuMs, residentMb } from './process-use.ts'
import { profiled } from './profile.ts'
import { median } from './quantile.ts'
import { bounded, number, type Section } from './section.ts'
import { openShop } from './shop.ts'
import { type Bought, invite, type Shoppers } from './shopper.ts'
import { describeStatements, resetStatements } from './statement-costs.ts'
import { together } from './together.ts'

const CONCURRENCY = 16
const WARM_UP = 150
const CHECKOUTS = 150
const FLOOR_TRANSACTIONS = 2_000
const ROUNDS = 3
/** What reactions still do when the mail is there belongs to the checkout. */
const REST_MS = 500
/** PostgreSQL's sessions tell what they counted when they have been idle for 10 s. */
const COUNTS_AFTER_MS = 11_000

/** A guest's checkout through the whole shop, beside one transaction that writes the same rows. */
export const checkout: Section = {
  name: 'checkout',
  always: true,
  run: async (bench) => {
    await using shop = await openShop(bench, 'checkout')
    await using shoppers = invite(shop)
    await using pool = openPool(shop.databaseUrl, CONCURRENCY)

    const before = await insertedRows(pool)
    const bought = await buyMany(shoppers, WARM_UP)
    await sleep(COUNTS_AFTER_MS)
    const shape = await rowsOfEach(pool, { before, after: await insertedRows(pool), times: WARM_UP })
    const writeFloor = await floorTransaction(pool, shape)
    await together({ times: FLOOR_TRANSACTIONS / 4, concurrency: CONCURRENCY }, writeFloor)

    const measured = async (times: number, work: () => Promise<unknown>) => {
      const cpu = () => ({ host: cpuMs(shop.host.pid), postgres: cpuMs(bench.postgresPid) })
      const start = cpu()
      const startedAt = performance.now()
      await work()
      const perSecond = times / ((performance.now() - startedAt) / 1000)
      await sleep(REST_MS)
      const end = cpu()
      return {
        perSecond,
        hostMs: (end.host - start.host) / times,
        postgresMs: (end.postgres - start.postgres) / times,
      }
    }
    const rounds: {
      whole: Awaited<ReturnType<typeof measured>>
      floor: Awaited<ReturnType<typeof measured>>
    }[] = []
    for (let round = 0; round < ROUNDS; round += 1)
      rounds.push({
        whole: await measured(CHECKOUTS, async () => bought.push(...(await buyMany(shoppers, CHECKOUTS)))),
        floor: await measured(FLOOR_TRANSACTIONS, () =>
          together({ times: FLOOR_TRANSACTIONS, concurrency: CONCURRENCY }, writeFloor),
        ),
      })
    const memoryMb = residentMb(shop.host.pid)
    await assertConfirmed(shoppers, bought)

    const middle = (which: 'whole' | 'floor', what: 'perSecond' | 'hostMs' | 'postgresMs') =>
      median(rounds.map((round) => round[which][what]))
    const rows = shape.reduce((sum, one) => sum + one.rows, 0)
    const bytes = shape.reduce((sum, one) => sum + one.rows * one.widthBytes, 0)
    return [
      bounded('Checkout: CPU of the host', middle('whole', 'hostMs'), 'ms', { atMost: 15 }, 'aim 8'),
      { name: "Checkout: PostgreSQL's CPU", measured: `${number(middle('whole', 'postgresMs'))} ms` },
      {
        name: 'Checkout: rate at concurrency 16',
        measured: `${number(middle('whole', 'perSecond'))}/s`,
      },
      {
        name: `Its floor: one transaction of ${rows} rows, ${number(bytes / 1024)} kB`,
        measured: `${number(middle('floor', 'perSecond'))}/s, ${number(middle('floor', 'postgresMs'))} ms of PostgreSQL's CPU`,
      },
      bounded(`Memory of the host after ${bought.length} checkouts`, memoryMb, 'MB', { atMost: 350 }),
    ]
  },
}

/** Where the host's CPU goes in a checkout. */
export const checkoutProfile: Section = {
  name: 'checkout-profile',
  always: false,
  run: async (bench) => {
    await using shop = await openShop(bench, 'profile')
    await using shoppers = invite(shop)
    await buyMany(shoppers, WARM_UP)
    await using pool = openPool(shop.databaseUrl, 1)
    await resetStatements(pool)
    const described = await profiled(shop.host, async () => {
      await buyMany(shoppers, 2 * CHECKOUTS)
      await sleep(REST_MS)
      return 2 * CHECKOUTS
    })
    console.log(`${described}\n\n${await describeStatements(pool, 2 * CHECKOUTS)}`)
    return []
  },
}

export const buyMany = (shoppers: Shoppers, times: number): Promise<Bought[]> =>
  together({ times, concurrency: CONCURRENCY }, shoppers.buy)

async function assertConfirmed(shoppers: Shoppers, bought: readonly Bought[]): Promise<void> {
  const open = [...bought]
  await together({ times: bought.length, concurrency: CONCURRENCY }, async () => {
    assert.equal(await shoppers.statusOf(open.pop()!), 'confirmed')
  })
}
