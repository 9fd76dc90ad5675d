import assert from 'node:assert/strict'
import { inventory } from '@stoa/contracts/inventory'
import { loadServices } from '@stoa/host'
import { eventually } from '@stoa/testing'
import { assertBooks } from '../books.ts'
import { Buyer } from '../buyer.ts'
import type { Shop, ShopProcess } from '../shop.ts'
import type { LoadResult } from './load.ts'
import { type Mailbox, type MailKind, mailKinds } from './mailbox.ts'

/** Somebody who was signed in before the fault. */
export type Customer = { readonly buyer: Buyer; refreshToken: string }

/** How long each thing took, from the end of the fault and of the last checkout. */
export type Aftermath = {
  /** Until every accepted order was confirmed or cancelled. */
  readonly ordersEndedMs: number
  /** Until nothing was left to hear for any reaction of any process. */
  readonly nothingLeftMs: number
  /** Until search found, in every process of it, the names that products got during the fault. */
  readonly searchMs: number
  /** How the accepted orders ended. */
  readonly ends: Ends
  /** Mails about orders that came again, under the Message-ID that they had before. */
  readonly mailsRepeated: number
}

export type Ends = {
  readonly confirmed: number
  /** Cancelled after they were confirmed. */
  readonly calledOff: number
  /** Cancelled, and never confirmed. */
  readonly unpaid: number
}

/**
 * Holds everybody to what was promised, and says how long it took. Every accepted order has ended, as its shopper was told; stock and money agree with
 * the orders; every decline, confirmation and cancellation had each of its effects once; each reaction runs where it ran, none has events left, none is parked; search knows the
 * newest names and what is left of everything; nobody was signed out; and a new order goes through from the cart to the mail.
 */
export async function assertAftermath(options: {
  shop: Shop
  mailbox: Mailbox
  load: Pick<LoadResult, 'accepted' | 'paid' | 'calledOff'>
  received: ReadonlyMap<string, number>
  renamed: readonly Renamed[]
  /** Its last pieces were wanted during the fault. */
  scarce: string
  /** Where the search index answers: `http://host:port`. */
  searchUrl: string
  customers: readonly Customer[]
  /** Each, in each process: `everyReaction`. */
  reactions: readonly string[]
  sku: string
  boundMs: number
}): Promise<Aftermath> {
  const { shop, mailbox, load, received, renamed, scarce, searchUrl, customers, reactions, sku, boundMs } =
    options
  const { accepted } = load
  const began = performance.now()
  const since = () => Math.round(performance.now() - began)
  assert(renamed.length > 0, 'nothing was renamed during the fault')
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
  const ends = await assertEnds(shop, load)
  await eventually(() => assertNothingLeft(shop, reactions), { timeoutMs: boundMs })
  const nothingLeftMs = since()
  const searchMs = await searching
  await eventually(() => assertStock(shop, searchUrl, [...received.keys()]), { timeoutMs: boundMs })
  await assertSoldOut(shop, scarce, boundMs)
  await assertBooks(shop, { received, timeoutMs: boundMs })
  const repeatedBefore = mailbox.repeated
  await eventually(
    async () => {
      await assertMails(shop, mailbox)
      await assertOnce(shop)
    },
    { timeoutMs: boundMs },
  )
  const mailsRepeated = mailbox.repeated - repeatedBefore
  for (const customer of customers) await assertSignedIn(shop, customer)
  await assertOpen(shop, sku)
  return { ordersEndedMs, ends, nothingLeftMs, searchMs, mailsRepeated }
}

export type Renamed = { readonly productId: string; readonly name: string; readonly word: string }

async function assertFound(shop: Shop, renamed: readonly Renamed[], boundMs: number): Promise<void> {
  for (const { productId, word } of renamed) {
    await everywhere(shop, word, boundMs, (items) =>
      assert(
        items.some((item) => item.productId === productId),
        `search does not find ${word}`,
      ),
    )
  }
}

/** Each gateway asks one process of search after the other: not one of so many calls misses one of two, but once in a hundred. */
const ASKED = 8
let asking = 0

/** No two of these ask the same within what a cache remembers: each is answered by a process of search. */
async function everywhere(
  shop: Shop,
  q: string,
  boundMs: number,
  check: (items: readonly { productId: string; available: boolean }[]) => void,
): Promise<void> {
  for (let asked = 0; asked < ASKED; asked += 1)
    await eventually(
      async () => {
        asking += 1
        const { status, body } = await shop.http.get(
          `/v1/search?q=${q}&limit=${1 + (asking % 100)}&facets=${asking % 200 < 100}`,
        )
        assert.equal(status, 200, JSON.stringify(body))
        check(body.items)
      },
      { timeoutMs: boundMs },
    )
}

/** The search index says of each SKU, each of a product of its own, what inventory says. */
async function assertStock(shop: Shop, searchUrl: string, skus: readonly string[]): Promise<void> {
  const { items } = await shop.inner(inventory).availability({ skus: [...skus] })
  const response = await fetch(`${searchUrl}/*products/_search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ size: skus.length, query: { terms: { skus } }, _source: ['skus', 'available'] }),
    signal: AbortSignal.timeout(5_000),
  })
  const { hits } = (await response.json()) as {
    hits: { hits: { _source: { skus: string[]; available: number } }[] }
  }
  const told = hits.hits.map(({ _source }) => [_source.skus[0]!, _source.available] as const)
  assert.deepEqual(
    Object.fromEntries(told.toSorted()),
    Object.fromEntries(items.map(({ sku, available }) => [sku, available] as const).toSorted()),
    'what search and inventory say is left',
  )
}

async function assertSoldOut(shop: Shop, sku: string, boundMs: number): Promise<void> {
  const { items } = await shop.inner(inventory).availability({ skus: [sku] })
  const left = items[0]!.available > 0
  await everywhere(shop, sku, boundMs, ([first]) =>
    assert.equal(first?.available, left, `search and inventory disagree whether ${sku} is sold out`),
  )
}

/**
 * What each reaction of each process has left to hear, as the processes themselves tell whoever asks for their metrics. Fails while
 * one of them has lost the log: what it tells then is how things were.
 */
export async function leftToHear(shop: Shop): Promise<ReadonlyMap<string, number>> {
  const left = new Map<string, number>()
  for (const one of shop.processes) {
    const response = await fetch(`${one.internalUrl}/metrics`, { signal: AbortSignal.timeout(5_000) })
    const metrics = await response.text()
    const process = nameOf(one)
    assert.match(metrics, /^stoa_log_up 1$/m, `${process} does not reach the log`)
    for (const [, reaction, lag] of metrics.matchAll(
      /^stoa_reaction_lag\{[^}]*reaction="([^"]+)"[^}]*\} (\S+)$/gm,
    ))
      left.set(`${reaction} in ${process}`, Number(lag))
  }
  return left
}

const nameOf = ({ services, internalUrl }: ShopProcess) => `${services} at ${internalUrl}`

/** Each reaction of each process, by the keys of `leftToHear`: with Kafka a reaction runs wherever its service does. */
export async function everyReaction(shop: Shop): Promise<string[]> {
  const reactions = (await loadServices()).flatMap(({ contract, reactions }) =>
    reactions.map(({ name }) => ({ service: contract.name, name })),
  )
  return shop.processes.flatMap((process) =>
    reactions
      .filter(({ service }) => process.services.includes(service))
      .map(({ service, name }) => `${service}.${name} in ${nameOf(process)}`),
  )
}

async function assertNothingLeft(shop: Shop, reactions: readonly string[]): Promise<void> {
  const left = await leftToHear(shop)
  assert.deepEqual(
    [...left].filter(([, lag]) => lag > 0),
    [],
    'events left',
  )
  assert.deepEqual([...left.keys()].toSorted(), reactions.toSorted(), 'the reactions that run')
}

/** Whoever heard that he has paid has what he bought, and whoever heard that his order is cancelled has not. */
export async function assertEnds(
  shop: Shop,
  { accepted, paid, calledOff }: Pick<LoadResult, 'accepted' | 'paid' | 'calledOff'>,
): Promise<Ends> {
  const { rows } = await shop.pool.query<{ orderId: string; end: keyof Ends }>(
    `select order_id as "orderId",
       case when status = 'confirmed' then 'confirmed' when confirmed_at is null then 'unpaid' else 'calledOff' end as "end"
     from "order".orders where order_id = any($1)`,
    [accepted],
  )
  const ends = new Map(rows.map(({ orderId, end }) => [orderId, end]))
  const count = (wanted: keyof Ends) => rows.filter(({ end }) => end === wanted).length
  assert.deepEqual(
    paid.filter((orderId) => ends.get(orderId) !== 'confirmed').slice(0, 5),
    [],
    'orders that are not confirmed, though their shoppers heard that they have paid',
  )
  assert.deepEqual(
    calledOff.filter((orderId) => ends.get(orderId) !== 'calledOff').slice(0, 5),
    [],
    'orders that are not cancelled, though their shoppers heard that they are',
  )
  return { confirmed: count('confirmed'), calledOff: count('calledOff'), unpaid: count('unpaid') }
}

/**
 * Each order that was confirmed ever, declined, refunded: one mail about that, and no other. It may be left out when it was no longer true when it
 * was to be sent, but a confirmation of what is confirmed and a refund may not. A mail is one by its Message-ID: an attempt whose 250 was not heard,
 * or not written down, is made again, and no attempt sends twice.
 */
export async function assertMails(shop: Shop, mailbox: Mailbox): Promise<void> {
  const { rows: mails } = await shop.pool.query<Mail>(
    `select o.number, n.template as kind, n.status, n.message_id as "messageId", n.attempts
     from notification.notifications n join "order".orders o on o.order_id = n.subject_id where n.template = any($1)`,
    [mailKinds],
  )
  const { rows: owed } = await shop.pool.query(
    `with told as (
       select subject_id as order_id, template as kind, count(*)::int as told, count(*) filter (where status = 'sent')::int as sent
       from notification.notifications group by 1, 2
     ), owed as (
       select order_id, 'order-confirmation' as kind, 1 as owed, status = 'confirmed' as surely
       from "order".orders where confirmed_at is not null
       union all
       select order_id, 'payment-failed', 1, false from "order".orders where attempt > 1 or payment_problem is not null
       union all
       select p.order_id, 'order-refunded', count(*)::int, true
       from payment.refunds r join payment.payments p using (payment_id) where r.status = 'succeeded' group by 1
     )
     select order_id, kind, owed, told, sent from owed full join (select * from told where kind = any($1)) t using (order_id, kind)
     where owed is distinct from told or surely and sent is distinct from owed limit 5`,
    [mailKinds],
  )
  assert.deepEqual(owed, [], 'one mail about each decline, confirmation and refund')
  await mailbox.look()
  const sent = new Map(mails.map((mail) => [mail.messageId, mail]))
  assert.deepEqual(
    mails.filter(({ status, messageId }) => status === 'sent' && !mailbox.taken.has(messageId)).slice(0, 5),
    [],
    'each mail that was sent is in the mailbox',
  )
  assert.deepEqual(
    [...mailbox.taken]
      .filter(([messageId, { kind, number, times }]) => {
        const mail = sent.get(messageId)
        return mail?.kind !== kind || mail.number !== number || times > mail.attempts
      })
      .slice(0, 5),
    [],
    'each mail in the mailbox is one that was to be sent, no oftener than it was tried',
  )
}

type Mail = {
  readonly number: string
  readonly kind: MailKind
  readonly status: string
  readonly messageId: string
  readonly attempts: number
}

/**
 * Each order that was confirmed ever: a closed cart, one sale in stock for each of its lines, one entry in the sales that search counts, and one purchase
 * that product remembers of a customer's. One that was cancelled after that: its stock is back once, its money is back once, and its purchase
 * counts no more.
 */
export async function assertOnce(shop: Shop): Promise<void> {
  const { rows: open } = await shop.pool.query(`
    select o.order_id, c.cart_id from "order".orders o join cart.carts c using (cart_id)
    where o.confirmed_at is not null and c.status = 'active' limit 5`)
  assert.deepEqual(open, [], 'the cart of each confirmed order is closed')
  // Whose confirmation and cancellation are heard at once gives back what was set aside, without a sale between.
  const { rows: sales } = await shop.pool.query(`
    select o.order_id, o.status, x.sku, x.quantity, s.sold, s.returned from "order".orders o
    cross join lateral jsonb_to_recordset(o.lines) as x (sku text, quantity int)
    cross join lateral (
      select coalesce(-sum(m.available_delta + m.reserved_delta) filter (where m.kind = 'sold'), 0)::int as sold,
        coalesce(sum(m.available_delta + m.reserved_delta) filter (where m.kind = 'returned'), 0)::int as returned
      from inventory.movements m where m.sku = x.sku and m.reference = o.order_id::text
    ) s
    where case
      when o.status = 'confirmed' then (s.sold, s.returned) <> (x.quantity, 0)
      when o.confirmed_at is not null then (s.sold, s.returned) not in ((x.quantity, x.quantity), (0, 0))
      else (s.sold, s.returned) <> (0, 0) end
    limit 5`)
  assert.deepEqual(
    sales,
    [],
    'each confirmed line left the stock once, and came back once when it was cancelled',
  )
  const { rows: refunds } = await shop.pool.query(`
    select o.order_id, o.status, o.refund_due, r.refunds, r.amount, p.captured_minor::int from "order".orders o
    left join payment.payments p using (order_id)
    cross join lateral (
      select count(*)::int as refunds, coalesce(sum(amount_minor), 0)::int as amount
      from payment.refunds r where r.payment_id = p.payment_id
    ) r
    where o.refund_due <> (o.status = 'cancelled' and coalesce(p.captured_minor, 0) > 0)
      or o.refund_due and (r.refunds, r.amount) is distinct from (1, p.captured_minor::int)
      or not o.refund_due and r.refunds > 0
    limit 5`)
  assert.deepEqual(refunds, [], 'each paid order that was cancelled is refunded once and whole, and no other')
  const { rows: counted } = await shop.pool.query(`
    select o.order_id, x.sku, x.quantity, s.units from "order".orders o
    cross join lateral jsonb_to_recordset(o.lines) as x (sku text, quantity int)
    left join search.sold s on s.order_id = o.order_id and s.sku = x.sku
    where s.units is distinct from case when o.confirmed_at is not null then x.quantity end limit 5`)
  assert.deepEqual(counted, [], 'search counts each sale once')
  const { rows: remembered } = await shop.pool.query(`
    with bought as (
      select order_id, customer_id, status = 'cancelled' as cancelled,
        array(select distinct x."productId" from jsonb_to_recordset(o.lines) as x ("productId" uuid) order by 1) as product_ids
      from "order".orders o where customer_id is not null and confirmed_at is not null
    ), remembered as (
      select order_id, customer_id, cancelled, array(select unnest(product_ids) order by 1) as product_ids
      from product.purchases where customer_id is not null
    )
    select order_id, b.cancelled, r.cancelled as told, b.product_ids as bought, r.product_ids as remembered
    from bought b full join remembered r using (order_id)
    where (b.customer_id, b.cancelled, b.product_ids) is distinct from (r.customer_id, r.cancelled, r.product_ids) limit 5`)
  assert.deepEqual(remembered, [], 'product remembers each purchase of a customer, line by line')
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
