import assert from 'node:assert/strict'
import { eventually } from '@stoa/testing'
import { assertBooks } from '../books.ts'
import { Buyer } from '../buyer.ts'
import type { Shop } from '../shop.ts'

/** Somebody who was signed in before the fault. */
export type Customer = { readonly buyer: Buyer; refreshToken: string }

/** How long each thing took, from the end of the fault and of the last checkout. */
export type Aftermath = {
  /** Until every accepted order was confirmed or cancelled. */
  readonly ordersEndedMs: number
  /** Until nothing was left to hear for any reaction of any process. */
  readonly nothingLeftMs: number
  /** Until search found, in every process of it, the name that a product got during the fault. */
  readonly searchMs: number
}

/**
 * Holds everybody to what was promised, and says how long it took. Every accepted order has ended; stock and money agree with
 * the orders; every confirmed order had each of its effects once; no reaction has events left, none is parked; search knows the
 * newest names; nobody was signed out; and a new order goes through from the cart to the mail.
 */
export async function assertAftermath(options: {
  shop: Shop
  accepted: readonly string[]
  received: ReadonlyMap<string, number>
  renamed: readonly Renamed[]
  customers: readonly Customer[]
  sku: string
  boundMs: number
}): Promise<Aftermath> {
  const { shop, accepted, received, renamed, customers, sku, boundMs } = options
  const began = performance.now()
  const since = () => Math.round(performance.now() - began)
  const searching = assertFound(shop, renamed, boundMs).then(since)
  searching.catch(() => {})
  await eventually(
    async () => {
      const { rows } = await shop.pool.query(
        `select status, count(*)::int as count from "order".orders
         where order_id = any($1) and status in ('confirmed', 'cancelled') group by 1`,
        [accepted],
      )
      const ended = rows.reduce((sum, { count }) => sum + count, 0)
      assert.equal(ended, accepted.length, `${accepted.length - ended} accepted orders have no end`)
    },
    { timeoutMs: boundMs },
  )
  const ordersEndedMs = since()
  await eventually(() => assertNothingLeft(shop), { timeoutMs: boundMs })
  const nothingLeftMs = since()
  const searchMs = await searching
  await assertBooks(shop, { received, timeoutMs: boundMs })
  await eventually(() => assertOnce(shop), { timeoutMs: boundMs })
  for (const customer of customers) await assertSignedIn(shop, customer)
  await assertOpen(shop, sku)
  return { ordersEndedMs, nothingLeftMs, searchMs }
}

export type Renamed = { readonly productId: string; readonly name: string; readonly word: string }

async function assertFound(shop: Shop, renamed: readonly Renamed[], boundMs: number): Promise<void> {
  for (const { productId, word } of renamed) {
    // Each address is another gateway, and each call of it may be answered by another process of search.
    for (let asked = 0; asked < 4; asked += 1) {
      await eventually(
        async () => {
          const { status, body } = await shop.http.get(`/v1/search?q=${word}`)
          assert.equal(status, 200, JSON.stringify(body))
          assert(
            body.items.some((item: { productId: string }) => item.productId === productId),
            `search does not find ${word}`,
          )
        },
        { timeoutMs: boundMs },
      )
    }
  }
}

/** Says what is left to hear, as the processes themselves tell whoever asks for their metrics. */
async function assertNothingLeft(shop: Shop): Promise<void> {
  const told = new Set<string>()
  for (const { internalUrl } of shop.processes) {
    const response = await fetch(`${internalUrl}/metrics`, { signal: AbortSignal.timeout(5_000) })
    for (const [, reaction, lag] of (await response.text()).matchAll(
      /^stoa_reaction_lag\{[^}]*reaction="([^"]+)"[^}]*\} (\S+)$/gm,
    )) {
      told.add(reaction!)
      assert.equal(Number(lag), 0, `${reaction} has ${lag} events left`)
    }
  }
  assert(told.size > 0, 'no process tells how far its reactions are')
}

/** Each confirmed order: one mail, one sale in stock for each of its lines, one entry in the sales that search counts. */
async function assertOnce(shop: Shop): Promise<void> {
  const { rows: mails } = await shop.pool.query(`
    select o.order_id, count(n.notification_id)::int as mails from "order".orders o
    left join notification.notifications n
      on n.subject_id = o.order_id and n.template = 'order-confirmation' and n.status = 'sent'
    where o.status = 'confirmed' group by 1 having count(n.notification_id) <> 1 limit 5`)
  assert.deepEqual(mails, [], 'one confirmation for each confirmed order')
  const { rows: sales } = await shop.pool.query(`
    select o.order_id, x.sku, x.quantity, s.sold::int from "order".orders o
    cross join lateral jsonb_to_recordset(o.lines) as x (sku text, quantity int)
    left join lateral (
      select -sum(m.available_delta + m.reserved_delta) as sold from inventory.movements m
      where m.sku = x.sku and m.kind = 'sold' and m.reference = o.order_id::text
    ) s on true
    where o.status = 'confirmed' and s.sold is distinct from x.quantity limit 5`)
  assert.deepEqual(sales, [], 'each confirmed line left the stock once')
  const { rows: counted } = await shop.pool.query(`
    select o.order_id, x.sku, x.quantity, s.units from "order".orders o
    cross join lateral jsonb_to_recordset(o.lines) as x (sku text, quantity int)
    left join search.sold s on s.order_id = o.order_id and s.sku = x.sku
    where o.status = 'confirmed' and s.units is distinct from x.quantity limit 5`)
  assert.deepEqual(counted, [], 'search counts each sale once')
}

/** With the token that he has, and with the next one. */
async function assertSignedIn(shop: Shop, customer: Customer): Promise<void> {
  const me = await shop.http.get('/v1/auth/me', { token: customer.buyer.token })
  assert.equal(me.status, 200, `a customer was signed out: ${JSON.stringify(me.body)}`)
  const next = await shop.http.post('/v1/auth/refresh', { refreshToken: customer.refreshToken })
  assert.equal(next.status, 200, `a session is lost: ${JSON.stringify(next.body)}`)
  customer.buyer.token = next.body.accessToken
  customer.refreshToken = next.body.refreshToken
}

/** From the cart to the mail, as on any day. */
async function assertOpen(shop: Shop, sku: string): Promise<void> {
  const buyer = new Buyer(shop)
  await buyer.fill(sku)
  const placed = await buyer.order()
  await buyer.pay(placed)
  await buyer.orderIs(placed, 'confirmed', 30_000)
  await buyer.mailAbout(new RegExp(placed.order.number), 30_000)
}
