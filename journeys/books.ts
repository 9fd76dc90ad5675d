import assert from 'node:assert/strict'
import { eventually } from '@stoa/testing'
import type { Shop } from './shop.ts'

type Expectations = {
  /** How many of each SKU came in; what was there must be what is there, set aside or sold. */
  readonly received?: ReadonlyMap<string, number>
  readonly timeoutMs?: number
}

/**
 * Holds the books of four parties against each other, once everything has settled: orders, stock, our payments, the gateway's.
 * Every order has ended; what was there is there, set aside or sold; reservation rows equal the counters; the ledger sums to the
 * level; money kept equals what confirmed orders cost, by our ledger and by the gateway's; nothing is parked.
 */
export async function assertBooks(
  shop: Shop,
  { received = new Map(), timeoutMs = 60_000 }: Expectations = {},
): Promise<void> {
  await eventually(() => assertOrdersEnded(shop), { timeoutMs })
  await eventually(
    async () => {
      await assertStock(shop, received)
      await assertMoney(shop)
      await assertNothingParked(shop)
    },
    { timeoutMs: 30_000 },
  )
}

async function assertOrdersEnded(shop: Shop): Promise<void> {
  const { rows } = await shop.pool.query(
    `select status, count(*)::int as count from "order".orders where status not in ('confirmed', 'cancelled') group by 1`,
  )
  assert.deepEqual(rows, [], 'every order ends confirmed or cancelled')
}

async function assertStock(shop: Shop, received: ReadonlyMap<string, number>): Promise<void> {
  const { rows: counters } = await shop.pool.query(`
    select l.warehouse, l.sku, l.reserved::int, coalesce(sum(r.quantity), 0)::int as held
    from inventory.levels l
    left join inventory.reservation_lines r on r.warehouse = l.warehouse and r.sku = l.sku and r.status = 'held'
    group by l.warehouse, l.sku, l.reserved having l.reserved <> coalesce(sum(r.quantity), 0)`)
  assert.deepEqual(counters, [], 'reservation rows equal the counters')
  const { rows: ledger } = await shop.pool.query(`
    select l.warehouse, l.sku, l.available::int, l.reserved::int, l.damaged::int
    from inventory.levels l
    left join inventory.movements m on m.warehouse = l.warehouse and m.sku = l.sku
    group by l.warehouse, l.sku, l.available, l.reserved, l.damaged
    having (l.available, l.reserved, l.damaged) is distinct from
      (coalesce(sum(m.available_delta), 0), coalesce(sum(m.reserved_delta), 0), coalesce(sum(m.damaged_delta), 0))`)
  assert.deepEqual(ledger, [], 'the ledger sums to the level')
  const { rows: sold } = await shop.pool.query(`
    select x.sku, sum(x.quantity)::int as sold
    from "order".orders o, jsonb_to_recordset(o.lines) as x (sku text, quantity int)
    where o.status = 'confirmed' group by 1`)
  const { rows: levels } = await shop.pool.query(
    `select sku, sum(available)::int as available, sum(reserved)::int as reserved from inventory.levels group by 1`,
  )
  const soldOf = new Map(sold.map((row) => [row.sku, row.sold]))
  const levelOf = new Map(levels.map((row) => [row.sku, row]))
  // A checkout that died between its reservation and its order, and was never repeated: what it holds comes back when it expires.
  const { rows: orphans } = await shop.pool.query(`
    select r.sku, sum(r.quantity)::int as held from inventory.reservation_lines r
    where r.status = 'held' and not exists (select from "order".orders o where o.order_id = r.order_id) group by 1`)
  const orphansOf = new Map(orphans.map((row) => [row.sku, row.held]))
  for (const [sku, quantity] of received) {
    const level = levelOf.get(sku) ?? { available: 0, reserved: 0 }
    const orphaned = orphansOf.get(sku) ?? 0
    assert.equal(level.reserved, orphaned, `${sku}: nothing stays set aside when all orders have ended`)
    assert.equal(
      level.available + (soldOf.get(sku) ?? 0) + orphaned,
      quantity,
      `${sku}: what was there is what is there or was sold`,
    )
  }
}

async function assertMoney(shop: Shop): Promise<void> {
  const { rows: wrong } = await shop.pool.query(`
    select o.order_id, o.status, o.total_minor::int, p.captured_minor::int, p.refunded_minor::int
    from "order".orders o left join payment.payments p using (order_id)
    where case o.status
      when 'confirmed' then coalesce(p.captured_minor, 0) <> o.total_minor
      else coalesce(p.captured_minor, 0) <> coalesce(p.refunded_minor, 0) end`)
  assert.deepEqual(wrong, [], 'money was kept for confirmed orders, and for no other')
  const { rows: ledger } = await shop.pool.query(`
    select p.payment_id, p.captured_minor::int, p.refunded_minor::int,
      coalesce(sum(e.amount_minor) filter (where e.kind = 'captured'), 0)::int as captured,
      coalesce(sum(e.amount_minor) filter (where e.kind = 'refunded'), 0)::int as refunded
    from payment.payments p left join payment.ledger_entries e using (payment_id)
    group by p.payment_id, p.captured_minor, p.refunded_minor
    having (p.captured_minor, p.refunded_minor) is distinct from (
      coalesce(sum(e.amount_minor) filter (where e.kind = 'captured'), 0),
      coalesce(sum(e.amount_minor) filter (where e.kind = 'refunded'), 0))`)
  assert.deepEqual(ledger, [], 'the ledger agrees with the payments')
  const [intents, refunds] = [await all(shop, 'payment_intents'), await all(shop, 'refunds')]
  const { rows: ours } = await shop.pool.query(
    `select gateway_reference, captured_minor::int as captured, refunded_minor::int as refunded from payment.payments
     where gateway_reference is not null`,
  )
  const theirs = new Map(intents.map((one) => [one.id, { captured: one.amount_received ?? 0, refunded: 0 }]))
  for (const refund of refunds) {
    const intent = theirs.get(refund.payment_intent ?? '')
    if (intent && refund.status === 'succeeded') intent.refunded += refund.amount ?? 0
  }
  for (const payment of ours) {
    assert.deepEqual(
      { captured: payment.captured, refunded: payment.refunded },
      theirs.get(payment.gateway_reference),
      `the gateway agrees about ${payment.gateway_reference}`,
    )
    theirs.delete(payment.gateway_reference)
  }
  for (const [id, money] of theirs)
    assert.equal(money.captured, 0, `the gateway took money that we do not know of: ${id}`)
}

async function assertNothingParked(shop: Shop): Promise<void> {
  const { rows: schemas } = await shop.pool.query(
    `select table_schema as schema from information_schema.tables where table_name = 'parked'`,
  )
  for (const { schema } of schemas) {
    const { rows } = await shop.pool.query(`select reaction, error from "${schema}".parked`)
    assert.deepEqual(rows, [], `${schema} parked events`)
    const { rows: waiting } = await shop.pool.query(`select kind, name from "${schema}".outbox`)
    assert.deepEqual(waiting, [], `${schema} has announced everything`)
  }
}

type GatewayObject = {
  id: string
  status: string
  amount?: number
  amount_received?: number
  payment_intent?: string
}

async function all(shop: Shop, list: string): Promise<GatewayObject[]> {
  const found: GatewayObject[] = []
  for (;;) {
    const after = found.length > 0 ? `&starting_after=${found.at(-1)!.id}` : ''
    const response = await fetch(`${shop.sandbox.url}/sandbox/stripe/${list}?limit=1000${after}`)
    const page = (await response.json()) as { data: GatewayObject[]; has_more: boolean }
    found.push(...page.data)
    if (!page.has_more) return found
  }
}
