import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eventually } from '@stoa/testing'
import type pg from 'pg'
import { assertBooks } from './books.ts'
import { Buyer, type Placed, sandboxControl } from './buyer.ts'
import { type Shop, startShop, topology } from './shop.ts'

/**
 * kill -9 at each step of a checkout. A step is held open from outside, with a lock in PostgreSQL or a slow gateway, so that the
 * process dies exactly there and nothing in the product knows of the test. The shopper's client does what every client should:
 * it repeats a call that was not answered, with the same key.
 */

/** As often as a process renews its leases, and asks for those that it has not. */
const LEASE_BEAT_MS = 5_000

/** For a checkout to come to where it is held, in processes that have perhaps just been started. */
const REACHED = { timeoutMs: 15_000 }

type Held = { readonly release: () => Promise<void> }

type Step = {
  readonly name: string
  /** Each one's process dies in a run of its own; in the topology `one` they share it. */
  readonly victims: readonly string[]
  /** When the step is held open: while the order is placed, or after it was paid. */
  readonly during: 'placing' | 'paying'
  /** Before the order is placed: on a quick machine it would be through before anything could hold it. */
  readonly prepare?: (shop: Shop) => Promise<Held>
  /** Holds the step open, if nothing does yet, and returns when the checkout stands exactly there. */
  readonly reach: (shop: Shop, buyer: Buyer, going: { placed?: Placed; prepared?: Held }) => Promise<Held>
}

const steps: readonly Step[] = [
  {
    name: 'stock reserved',
    victims: ['order', 'inventory', 'gateway'],
    during: 'placing',
    prepare: (shop) => holdTable(shop.poolOf('order'), '"order".orders'),
    reach: async (shop, _, { prepared }) => {
      await eventually(async () => {
        const { rows } = await shop.pool.query(
          `select from inventory.reservations r where status = 'held'
           and not exists (select from "order".orders o where o.order_id = r.order_id)`,
        )
        assert(rows.length > 0)
      }, REACHED)
      return prepared!
    },
  },
  {
    name: 'order committed',
    victims: ['order', 'payment'],
    during: 'placing',
    prepare: (shop) => withGateway(shop, { freezeMs: 3_000 }),
    reach: async (shop, buyer, { prepared }) => {
      await orderOf(shop, buyer)
      return prepared!
    },
  },
  {
    name: 'payment created',
    victims: ['order', 'payment'],
    during: 'placing',
    prepare: (shop) => withGateway(shop, { latencyMs: 600 }),
    reach: async (shop, buyer) => {
      const orderId = await orderOf(shop, buyer)
      const held = await eventually(
        () =>
          holdRow(shop.poolOf('payment'), 'select from payment.payments where order_id = $1 for update', [
            orderId,
          ]),
        REACHED,
      )
      await eventually(async () => {
        const response = await fetch(`${shop.sandbox.url}/sandbox/stripe/payment_intents?limit=20`)
        const { data } = (await response.json()) as { data: { metadata: Record<string, string> }[] }
        assert(data.some(({ metadata }) => metadata.order_id === orderId))
      }, REACHED)
      await sandboxControl(shop, 'stripe/faults', { latencyMs: 0 })
      return held
    },
  },
  {
    name: 'webhook committed',
    victims: ['payment', 'gateway'],
    during: 'paying',
    prepare: (shop) => holdRelay(shop, 'payment'),
    reach: async (shop, _, { placed, prepared }) => {
      await eventually(async () => {
        const { rows } = await shop.pool.query(
          `select from payment.payments where order_id = $1 and status = 'succeeded'`,
          [placed!.order.orderId],
        )
        assert(rows.length > 0)
      }, REACHED)
      return prepared!
    },
  },
  {
    name: 'fact relayed',
    victims: ['order'],
    during: 'paying',
    reach: async (shop, _, { placed }) => {
      const held = await holdRow(
        shop.poolOf('order'),
        'select from "order".orders where order_id = $1 for update',
        [placed!.order.orderId],
      )
      await eventually(() => relayed(shop, placed!), REACHED)
      return held
    },
  },
  {
    name: 'reaction committed',
    victims: ['order', 'inventory'],
    during: 'paying',
    prepare: (shop) => holdRelay(shop, 'order'),
    reach: async (shop, _, { placed, prepared }) => {
      await eventually(async () => {
        const { rows } = await shop.pool.query(
          `select from "order".orders where order_id = $1 and status = 'confirmed'`,
          [placed!.order.orderId],
        )
        assert(rows.length > 0)
      }, REACHED)
      return prepared!
    },
  },
  {
    name: 'mail accepted with 250',
    victims: ['notification'],
    during: 'paying',
    reach: async (shop, buyer, { placed }) => {
      await sandboxControl(shop, 'mail/faults', { delayMs: 700 })
      const held = await eventually(
        () =>
          holdRow(
            shop.poolOf('notification'),
            'select from notification.notifications where subject_id = $1 for update',
            [placed!.order.orderId],
          ),
        REACHED,
      )
      await buyer.mailAbout(new RegExp(placed!.order.number))
      await sandboxControl(shop, 'mail/faults', { delayMs: 0 })
      return held
    },
  },
]

const skip = topology === 'inside' ? 'needs processes of their own: npm run journeys' : false

describe(`kill -9 (${topology})`, { skip }, () => {
  let shop: Shop
  before(async () => {
    shop = await startShop({ environment: { ORDER_PAYMENT_WINDOW_SECONDS: '45' } })
  })
  after(() => shop?.[Symbol.asyncDispose]())

  for (const step of steps) {
    // Each victim by itself where each has a process of its own; elsewhere one stands for all.
    const victims = topology === 'split' ? step.victims : step.victims.slice(0, 1)
    for (const victim of victims) {
      it(`of the process of ${victim} at "${step.name}" loses nothing`, async () => {
        const sku = await shop.sell({ quantity: 3 })
        const buyer = new Buyer(shop)
        await buyer.fill(sku)
        const prepared = await step.prepare?.(shop)
        const going: { placed?: Placed; prepared?: Held } = prepared ? { prepared } : {}
        let placing = insist(buyer)
        if (step.during === 'paying') {
          going.placed = await placing
          const reaching = step.reach(shop, buyer, going).catch(async (error) => {
            await prepared?.release()
            throw error
          })
          await new Promise((resolve) => setTimeout(resolve, 50))
          await buyer.pay(going.placed)
          await killAt(shop, victim, await reaching)
        } else {
          const reached = await step.reach(shop, buyer, going).catch(async (error) => {
            // What was held for a step that was not reached is no burden to the next.
            await prepared?.release()
            throw error
          })
          await killAt(shop, victim, reached)
          going.placed = await placing
          placing = Promise.resolve(going.placed)
          await buyer.pay(going.placed)
        }
        const placed = going.placed
        await eventually(
          async () => assert.equal((await safely(() => buyer.see(placed)))?.body.status, 'confirmed'),
          {
            timeoutMs: 60_000,
          },
        )
        await buyer.mailAbout(new RegExp(placed.order.number), 60_000)
        await assertBooks(shop, { received: new Map([[sku, 3]]) })
        const mails = (await buyer.mails()).filter(({ subject }) => subject.includes(placed.order.number))
        assert.equal(
          new Set(mails.map(({ messageId }) => messageId)).size,
          1,
          'a repeated mail has the same Message-ID',
        )
        assert(
          mails.length <= (step.name === 'mail accepted with 250' ? 2 : 1),
          `${mails.length} confirmations`,
        )
      })
    }
  }
})

/** Dies, the step is let go, and the process comes back: at once, or after its replica had to do without it. */
async function killAt(shop: Shop, victim: string, held: Held): Promise<void> {
  const process = shop.processes.find(({ services }) => services.includes(victim))!
  const doomed =
    shop.topology === 'replicated'
      ? shop.processes.filter(({ services }) => services.includes(victim))
      : [process]
  await Promise.all(doomed.map((one) => one.kill()))
  await held.release()
  for (const one of doomed) await one.start()
  await Promise.all(doomed.map((one) => one.ready()))
}

/** A client that repeats its call with the same key until it is answered. */
async function insist(buyer: Buyer): Promise<Placed> {
  const key = buyer.key('insist')
  return eventually(
    async () => {
      const reply = await buyer.place(key)
      assert.equal(reply.status, 201, JSON.stringify(reply.body))
      return reply.body
    },
    { timeoutMs: 60_000 },
  )
}

/** The payment gateway misbehaves from now on. */
async function withGateway(shop: Shop, faults: Record<string, number>): Promise<Held> {
  await sandboxControl(shop, 'stripe/faults', faults)
  return { release: async () => {} }
}

const safely = async <T>(work: () => Promise<T>): Promise<T | undefined> => work().catch(() => undefined)

async function orderOf(shop: Shop, buyer: Buyer): Promise<string> {
  return eventually(async () => {
    const { rows } = await shop.pool.query(`select order_id from "order".orders where email = $1`, [
      buyer.email,
    ])
    assert(rows.length > 0)
    return rows[0].order_id
  }, REACHED)
}

/** Payment has told that the order is paid, and the log has it, wherever the log is. */
async function relayed(shop: Shop, { order }: Placed): Promise<void> {
  const { rows } = await shop.pool.query(
    `select from payment.payments p where order_id = $1 and status = 'succeeded'
     and not exists (select from payment.outbox o where o.name = 'payment.succeeded' and o.key = p.order_id::text)`,
    [order.orderId],
  )
  assert(rows.length > 0)
}

/** Takes the lease of a service's relay away from its processes: what the service announces stays in its outbox. */
async function holdRelay(shop: Shop, service: string): Promise<Held> {
  const name = `relay:${service}`
  // Where the log is in PostgreSQL all services live with it here; else each has its leases with it.
  const pool = shop.poolOf(service)
  await pool.query(
    `insert into log.lease (name, owner, until) values ($1, 'a journey', now() + interval '2 minutes')
     on conflict (name) do update set owner = excluded.owner, until = excluded.until`,
    [name],
  )
  // Whoever had it learns of it with its next beat.
  await new Promise((resolve) => setTimeout(resolve, LEASE_BEAT_MS + 1_000))
  return {
    release: async () => {
      await pool.query(`delete from log.lease where name = $1 and owner = 'a journey'`, [name])
    },
  }
}

/** Keeps everybody from writing to a table; reading goes on. Shorter than the platform's lock timeout of 5 s. */
const holdTable = (pool: pg.Pool, table: string): Promise<Held> =>
  hold(pool, (client) => client.query(`lock table ${table} in share mode`))

const holdRow = (pool: pg.Pool, statement: string, values: unknown[]): Promise<Held> =>
  hold(pool, async (client) => {
    const { rowCount } = await client.query(statement, values)
    assert(rowCount, 'there is no such row yet')
  })

async function hold(pool: pg.Pool, lock: (client: pg.PoolClient) => Promise<unknown>): Promise<Held> {
  const client = await pool.connect()
  const release = async () => {
    await client.query('rollback')
    client.release()
  }
  try {
    await client.query('begin')
    await lock(client)
  } catch (error) {
    await release()
    throw error
  }
  return { release }
}
