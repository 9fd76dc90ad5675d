import { setTimeout as sleep } from 'node:timers/promises'
import { type InputOf, invalidInput, isRejection, Rejection } from '@stoa/contract'
import { inventory } from '@stoa/contracts/inventory'
import { AmountMinor } from '@stoa/contracts/money'
import { OrderAbandoned, type order } from '@stoa/contracts/order'
import { payment } from '@stoa/contracts/payment'
import { v7 } from 'uuid'
import { announcePlaced } from '../announce.ts'
import { compareCart, type Line, totalMinor } from '../compare-cart.ts'
import type { Context, Handles } from '../context.ts'
import { endUnpaid } from '../end-unpaid.ts'
import { expireOrder, expireOrderKey } from '../jobs/expire-order.ts'
import { newOrderNumber } from '../order-number.ts'
import {
  findOpenOrder,
  findOrder,
  freeCart,
  insertOrder,
  type NewOrder,
  RESERVATION_SPARE_MINUTES,
  type StoredOrder,
} from '../orders.ts'
import { orderTokenOf } from '../owner.ts'
import { showOrder } from '../show-order.ts'

type Input = InputOf<typeof order.operations.place>

/**
 * The checkout: what is in the cart, what it costs now, stock set aside, the order, its payment. Everything is keyed by the order's id, which is
 * the same over all tries of one Idempotency-Key: a try that dies anywhere is resumed by the next one, and what nobody
 * resumes expires by itself.
 */
export const place: Handles<typeof order.operations.place> = async (input, ctx) => {
  const email = input.email ?? (ctx.actor.kind === 'customer' ? ctx.actor.email : undefined)
  if (email === undefined) throw invalidInput({ field: 'email', message: 'is required of a guest' })
  const earlier = ctx.laterTry ? await findOrder(ctx.query, ctx.newId) : undefined
  const placed = earlier ?? (await placeOrder(ctx, { ...input, email }))
  if (placed.status === 'cancelled') throw orderEnded(placed)
  const instructions = await openPayment(ctx, placed)
  return { order: showOrder(placed), payment: instructions, orderToken: orderTokenOf(placed.orderId, ctx) }
}

async function placeOrder(ctx: Context, input: Input & { email: string }): Promise<StoredOrder> {
  const { cartId, cartToken } = input
  const cart = await ctx.call.cart.contents(cartToken === undefined ? { cartId } : { cartId, cartToken })
  if (cart.lines.length === 0) throw new Rejection('CART_EMPTY')
  const { currency } = cart
  const { items } = await ctx.call.product.quote({
    skus: cart.lines.map(({ sku }) => sku),
    quantities: cart.lines.map(({ quantity }) => quantity),
    currency,
  })
  const { lines, changes } = compareCart(cart.lines, { offers: items, currency, newId: v7 })
  if (changes.length > 0) throw new Rejection('CART_CHANGED', { changes })
  assertPayable(lines)
  const order = {
    orderId: ctx.newId,
    cartId,
    customerId: ctx.actor.kind === 'customer' ? ctx.actor.id : null,
    email: input.email,
    currency,
    totalMinor: totalMinor(lines),
    lines,
    shippingAddress: input.shippingAddress,
    billingAddress: input.billingAddress ?? input.shippingAddress,
    paymentWindowSeconds: ctx.config.paymentWindowSeconds,
  }
  await reserveStock(ctx, order)
  try {
    return await insert(ctx, order)
  } catch (error) {
    if (error instanceof Rejection && error.code === 'ALREADY_ORDERED') await abandon(ctx, order)
    throw error
  }
}

/** There will be no such order: the stock that was set aside for it need not wait for its expiry. */
const abandon = (ctx: Context, { orderId }: Draft): Promise<void> =>
  ctx.transaction(async (tx) => tx.emit(OrderAbandoned, { orderId }, { version: 1 }))

/** An order is one payment of one amount, and nothing cannot be paid. */
function assertPayable(lines: readonly Line[]): void {
  const total = totalMinor(lines)
  if (total === 0) throw new Rejection('PAYMENT_REFUSED', { message: 'There is nothing to pay.' })
  if (!AmountMinor.safeParse(total).success)
    throw new Rejection('PAYMENT_REFUSED', { message: 'The total is more than one payment can be.' })
}

type Draft = Omit<NewOrder, 'number'>

/** Released stock comes back with an event: some milliseconds, more when the machine is busy. 3 s in all. */
const RELEASE_PAUSES_MS = [30, 60, 120, 250, 500, 1_000, 1_000]
/** Of an order that was declined the event is on its way already, or the stock has gone to others: 460 ms in all. */
const DECLINED_PAUSES_MS = RELEASE_PAUSES_MS.slice(0, 4)

/**
 * Throws OUT_OF_STOCK. What this cart's own unpaid order holds counts: then that order makes way. What its declined order held is waited
 * for, in case that it has not come back yet.
 */
async function reserveStock(ctx: Context, draft: Draft): Promise<void> {
  const refused = await tryToReserve(ctx, draft)
  if (!refused) return
  const open = await findOpenOrder(ctx.query, draft.cartId)
  if (!open || open.orderId === draft.orderId || !wouldSuffice(refused.data!.skus, { open, draft }))
    throw refused
  if (open.status === 'pending') await makeWay(ctx, open)
  for (const pauseMs of open.status === 'pending' ? RELEASE_PAUSES_MS : DECLINED_PAUSES_MS) {
    await sleep(pauseMs, undefined, { signal: ctx.signal })
    if (!(await tryToReserve(ctx, draft))) return
  }
  throw refused
}

async function tryToReserve({ call, now }: Context, { orderId, lines, paymentWindowSeconds }: Draft) {
  const holdMs = paymentWindowSeconds * 1_000 + RESERVATION_SPARE_MINUTES * 60_000
  try {
    await call.inventory.reserve({
      orderId,
      lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
      expiresAt: new Date(now().getTime() + holdMs).toISOString(),
      attempt: 1,
    })
    return undefined
  } catch (error) {
    if (isRejection(error, inventory.operations.reserve, 'OUT_OF_STOCK')) return error
    // An earlier try of this very order has gone all the way: it will be found where it would be inserted.
    if (isRejection(error, inventory.operations.reserve, 'RESERVATION_CLOSED')) return undefined
    throw error
  }
}

function wouldSuffice(
  short: readonly { sku: string; available: number }[],
  { open, draft }: { open: StoredOrder; draft: Draft },
): boolean {
  const quantityOf = (lines: readonly Line[], sku: string) =>
    lines.reduce((sum, line) => (line.sku === sku ? sum + line.quantity : sum), 0)
  return (
    (open.status === 'pending' || open.status === 'payment_failed') &&
    short.every(
      ({ sku, available }) => available + quantityOf(open.lines, sku) >= quantityOf(draft.lines, sku),
    )
  )
}

/** Each further try follows a number that was taken (one in thousands), or another checkout of this cart that came first. */
const MAX_INSERTS = 6

async function insert(ctx: Context, draft: Draft): Promise<StoredOrder> {
  for (let attempt = 1; attempt <= MAX_INSERTS; attempt += 1) {
    const inserted = await insertOnce(ctx, { ...draft, number: newOrderNumber() })
    if (typeof inserted === 'object') return inserted.order
    if (inserted === 'number-taken') continue
    const mine = inserted === 'id-taken' ? await findOrder(ctx.query, draft.orderId) : undefined
    const open = mine ?? (await findOpenOrder(ctx.query, draft.cartId))
    if (open?.orderId === draft.orderId) return withItsGoods(ctx, draft, open)
    if (open) await makeWay(ctx, open)
  }
  throw new Rejection('IN_PROGRESS')
}

/** This try has reserved what is in the cart now; the order is what was in it when an earlier one placed it. Throws OUT_OF_STOCK. */
async function withItsGoods(ctx: Context, draft: Draft, placed: StoredOrder): Promise<StoredOrder> {
  const refused =
    placed.status === 'pending' ? await tryToReserve(ctx, { ...draft, lines: placed.lines }) : undefined
  if (refused) throw refused
  return placed
}

type Inserted = Awaited<ReturnType<typeof insertOrder>>

async function insertOnce(ctx: Context, order: NewOrder): Promise<Inserted> {
  try {
    return await ctx.transaction(async (tx) => {
      const inserted = await insertOrder(tx.query, order)
      if (typeof inserted === 'string') throw new NotInserted(inserted)
      const { orderId, payBefore } = inserted.order
      announcePlaced(tx, inserted.order)
      tx.schedule(expireOrder, { orderId, tries: 0 }, { runAt: payBefore, key: expireOrderKey(orderId) })
      return inserted
    })
  } catch (error) {
    if (error instanceof NotInserted) return error.because
    throw error
  }
}

/** Rolls back what the statement has written before it met what stood in its way. */
class NotInserted extends Error {
  readonly because: Extract<Inserted, string>
  constructor(because: Extract<Inserted, string>) {
    super(because)
    this.because = because
  }
}

/** The cart's open order ends so that another can take its place. Throws ALREADY_ORDERED when it was paid. */
async function makeWay(ctx: Context, open: StoredOrder): Promise<void> {
  const ended = await endUnpaid(ctx, open, 'superseded')
  if (ended === 'paid' || ended.confirmedAt !== null)
    throw new Rejection('ALREADY_ORDERED', { orderId: open.orderId })
  if (ended === open) await freeCart(ctx.query, open)
}

async function openPayment(ctx: Context, placed: StoredOrder) {
  const { orderId, number, totalMinor, currency, email } = placed
  const { create } = payment.operations
  try {
    return await ctx.call.payment.create({
      orderId,
      orderNumber: number,
      amount: { amountMinor: totalMinor, currency },
      email,
    })
  } catch (error) {
    if (isRejection(error, create, 'GATEWAY_UNAVAILABLE')) throw new Rejection('UNAVAILABLE')
    if (isRejection(error, create, 'PAYMENT_CANCELLED'))
      throw orderEnded((await findOrder(ctx.query, orderId)) ?? placed)
    if (isRejection(error, create, 'GATEWAY_REFUSED')) {
      await endUnpaid(ctx, placed, 'payment-refused')
      throw new Rejection('PAYMENT_REFUSED', error.data)
    }
    throw error
  }
}

/** Its payment is cancelled before an order is: one that is not yet cancelled is about to be, by another checkout of its cart. */
const orderEnded = ({ orderId, cancelReason }: StoredOrder): Rejection =>
  new Rejection('ORDER_ENDED', { orderId, reason: cancelReason ?? 'superseded' })
