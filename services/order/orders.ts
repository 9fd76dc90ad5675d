import type { Address } from '@stoa/contracts/address'
import type { OrderStatus } from '@stoa/contracts/order'
import type { Query } from '@stoa/runtime'
import type { Line } from './compare-cart.ts'
import type { OrderState } from './order-lifecycle.ts'

/** An order as it is stored. */
export type StoredOrder = OrderState & {
  readonly orderId: string
  readonly number: string
  readonly cartId: string
  readonly customerId: string | null
  readonly email: string
  readonly currency: string
  readonly subtotalMinor: number
  readonly totalMinor: number
  readonly lines: readonly Line[]
  readonly shippingAddress: Address
  readonly billingAddress: Address
  readonly placedAt: Date
  readonly payBefore: Date
  readonly confirmedAt: Date | null
  readonly cancelledAt: Date | null
  readonly version: number
  /** The database's clock, by which deadlines are judged. */
  readonly readAt: Date
  /** Whether its reservation has run out or is about to. */
  readonly lapsed: boolean
}

/** Stock is set aside for so much longer than the deadline, so that a payment at the last moment finds it. */
export const RESERVATION_SPARE_MINUTES = 10
/** A reservation with less than a minute to go may be gone before the confirmation reaches it. */
const LAPSES_MINUTES = RESERVATION_SPARE_MINUTES - 1

const COLUMNS = `o.order_id as "orderId", o.number, o.cart_id as "cartId", o.customer_id as "customerId", o.status,
  o.cancel_reason as "cancelReason", o.payment_problem as "paymentProblem", o.payment_id as "paymentId", o.attempt,
  o.refund_due as "refundDue", o.email, o.currency, o.subtotal_minor as "subtotalMinor", o.total_minor as "totalMinor", o.lines,
  o.shipping_address as "shippingAddress", o.billing_address as "billingAddress", o.placed_at as "placedAt",
  o.pay_before as "payBefore", o.confirmed_at as "confirmedAt", o.cancelled_at as "cancelledAt", o.version,
  now() as "readAt", now() >= o.pay_before + interval '${LAPSES_MINUTES} minutes' as lapsed`

export type NewOrder = Pick<
  StoredOrder,
  | 'orderId'
  | 'number'
  | 'cartId'
  | 'customerId'
  | 'email'
  | 'currency'
  | 'totalMinor'
  | 'lines'
  | 'shippingAddress'
  | 'billingAddress'
> & { readonly paymentWindowSeconds: number }

/**
 * Order, number and the cart's open order in one statement. Anything but `order` must be rolled back:
 * `cart-taken`: another order of the cart is open, or this one is there already; `number-taken`; `id-taken`: this one was there and has ended.
 */
export async function insertOrder(
  query: Query,
  order: NewOrder,
): Promise<{ order: StoredOrder } | 'cart-taken' | 'number-taken' | 'id-taken'> {
  const [row] = await query<StoredOrder & { opened: boolean; numbered: boolean }>(INSERT, [
    order.orderId,
    order.number,
    order.cartId,
    order.customerId,
    order.email,
    order.currency,
    order.totalMinor,
    JSON.stringify(order.lines),
    JSON.stringify(order.shippingAddress),
    JSON.stringify(order.billingAddress),
    order.paymentWindowSeconds,
  ])
  const { opened, numbered, ...placed } = row!
  if (!opened) return 'cart-taken'
  if (!numbered) return 'number-taken'
  return placed.orderId === null ? 'id-taken' : { order: placed }
}

const INSERT = `
  with opened as (
    insert into "order".open_orders (cart_id, order_id) values ($3, $1)
    on conflict (cart_id) do nothing returning order_id),
  numbered as (
    insert into "order".order_numbers (number, order_id) select $2, order_id from opened
    on conflict (number) do nothing returning order_id),
  o as (
    insert into "order".orders (order_id, number, cart_id, customer_id, status, email, currency, subtotal_minor, total_minor,
      lines, shipping_address, billing_address, pay_before)
    select n.order_id, $2::text, $3::uuid, $4::uuid, 'pending', $5::text, $6::text, $7::bigint, $7::bigint,
      $8::jsonb, $9::jsonb, $10::jsonb, now() + $11 * interval '1 second'
    from numbered n
    on conflict (order_id) do nothing returning *)
  select exists (select from opened) as opened, exists (select from numbered) as numbered, ${COLUMNS}
  from (values (1)) as one left join o on true`

export async function findOrder(query: Query, orderId: string): Promise<StoredOrder | undefined> {
  const [order] = await query<StoredOrder>(FIND, [orderId])
  return order
}

const FIND = `select ${COLUMNS} from "order".orders o where o.order_id = $1`

/** The order that stands in the way of another one for this cart. */
export async function findOpenOrder(query: Query, cartId: string): Promise<StoredOrder | undefined> {
  const [order] = await query<StoredOrder>(FIND_OPEN, [cartId])
  return order
}

const FIND_OPEN = `
  select ${COLUMNS} from "order".open_orders p join "order".orders o on o.order_id = p.order_id where p.cart_id = $1`

/** Lets a cart be ordered again whose open order ended without saying so. */
export const freeCart = (query: Query, { cartId, orderId }: StoredOrder): Promise<unknown> =>
  query('delete from "order".open_orders where cart_id = $1 and order_id = $2', [cartId, orderId])

/** A guest's order by what was on the paper. Addresses are compared without regard to case. */
export async function findGuestOrder(
  query: Query,
  { number, email }: { number: string; email: string },
): Promise<StoredOrder | undefined> {
  const [order] = await query<StoredOrder>(FIND_GUEST_ORDER, [number, email])
  return order
}

const FIND_GUEST_ORDER = `
  select ${COLUMNS} from "order".order_numbers n join "order".orders o on o.order_id = n.order_id
  where n.number = $1 and o.customer_id is null and lower(o.email) = lower($2)`

/** Newest first. A customer's own, and with a confirmed address the guest orders that were placed with it. */
export const listOrdersOfCustomer = (
  query: Query,
  { customerId, address, before, limit }: Pagination & { customerId: string; address: string | null },
): Promise<StoredOrder[]> => query(LIST_OF_CUSTOMER, [customerId, address, before ?? LAST_ID, limit])

const LIST_OF_CUSTOMER = `
  with mine as (
    select order_id from "order".orders where customer_id = $1 and order_id < $3 order by order_id desc limit $4),
  as_guest as (
    select order_id from "order".orders where customer_id is null and lower(email) = $2 and order_id < $3
    order by order_id desc limit $4)
  select ${COLUMNS} from (select order_id from mine union all select order_id from as_guest order by order_id desc limit $4) page
  join "order".orders o on o.order_id = page.order_id
  order by o.order_id desc`

/** Newest first. */
export const listOrders = (
  query: Query,
  { status, before, limit }: Pagination & { status: OrderStatus | undefined },
): Promise<StoredOrder[]> =>
  status === undefined
    ? query(LIST, [before ?? LAST_ID, limit])
    : query(LIST_BY_STATUS, [before ?? LAST_ID, limit, status])

const LIST = `
  select ${COLUMNS} from "order".orders o where o.order_id < $1 order by o.order_id desc limit $2`
const LIST_BY_STATUS = `
  select ${COLUMNS} from "order".orders o where o.order_id < $1 and o.status = $3 order by o.order_id desc limit $2`

type Pagination = { readonly before: string | undefined; readonly limit: number }

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/**
 * Writes a step of the lifecycle; undefined when somebody else changed the order since it was read. An order that ends unpaid sets its
 * cart free.
 */
export async function moveOrder(
  query: Query,
  { orderId, version }: StoredOrder,
  to: OrderState,
): Promise<StoredOrder | undefined> {
  const [moved] = await query<StoredOrder>(MOVE, [
    orderId,
    version,
    to.status,
    to.cancelReason,
    to.paymentProblem,
    to.paymentId,
    to.attempt,
    to.refundDue,
  ])
  return moved
}

const MOVE = `
  with o as (
    update "order".orders
    set status = $3, cancel_reason = $4, payment_problem = $5, payment_id = $6, attempt = $7, refund_due = $8,
      confirmed_at = case when $3 = 'confirmed' then coalesce(confirmed_at, now()) else confirmed_at end,
      cancelled_at = case when $3 = 'cancelled' then coalesce(cancelled_at, now()) end,
      version = version + 1
    where order_id = $1 and version = $2
    returning *),
  closed as (
    delete from "order".open_orders p using o
    where p.cart_id = o.cart_id and p.order_id = o.order_id and o.status = 'cancelled' and o.confirmed_at is null)
  select ${COLUMNS} from o`

/** What a payment says about an order. */
export type PaymentWord = {
  readonly orderId: string
  readonly type: 'paid' | 'declined'
  readonly paymentId: string
  readonly message: string
}

export type Heard = {
  readonly orderId: string
  readonly before: OrderState & { readonly lapsed: boolean }
  /** Undefined when the word changed nothing here. */
  readonly after: StoredOrder | undefined
}

/**
 * Takes the steps of `advance` that need nobody else, for a list of words about different orders, in one statement: an order that is paid in
 * time, declined, declined again in other words, or paid after it was cancelled. Answers how it found each order; one that does
 * not exist is left out. Rows are locked in the order of their ids.
 */
export async function hearPayments(query: Query, words: readonly PaymentWord[]): Promise<Heard[]> {
  const rows = await query<StoredOrder & { before: Heard['before'] & { orderId: string } }>(HEAR, [
    JSON.stringify(words),
  ])
  return rows.map(({ before: { orderId, ...before }, ...after }) => ({
    orderId,
    before,
    after: after.orderId === null ? undefined : after,
  }))
}

// What `before` has locked is the row as it is now, and the new row is computed from it alone: computed from the row of the snapshot, it
// would fail its checks before PostgreSQL looks for a newer one.
const HEAR = `
  with words as materialized (
    select * from jsonb_to_recordset($1::jsonb) as w ("orderId" uuid, type text, "paymentId" uuid, message text)),
  before as materialized (
    select o.order_id, o.status, o.cancel_reason, o.cancelled_at, o.confirmed_at, o.payment_problem, o.payment_id, o.attempt, o.refund_due,
      now() >= o.pay_before + interval '${LAPSES_MINUTES} minutes' as lapsed
    from words w join "order".orders o on o.order_id = w."orderId"
    order by o.order_id for update of o),
  o as (
    update "order".orders t
    set status = case
        when b.status = 'pending' and w.type = 'paid' then 'confirmed'
        when b.status = 'pending' then 'payment_failed'
        else b.status end,
      payment_problem = case when w.type = 'declined' then w.message when b.status = 'pending' then null else b.payment_problem end,
      payment_id = case when w.type = 'paid' then w."paymentId" else b.payment_id end,
      confirmed_at = case when b.status = 'pending' and w.type = 'paid' then now() else b.confirmed_at end,
      refund_due = b.refund_due or b.status = 'cancelled',
      cancel_reason = b.cancel_reason, cancelled_at = b.cancelled_at,
      version = t.version + 1
    from before b join words w on w."orderId" = b.order_id
    where t.order_id = b.order_id and (
      b.status = 'pending' and (w.type = 'declined' or not b.lapsed)
      or b.status = 'payment_failed' and w.type = 'declined' and b.payment_problem is distinct from w.message
      or b.status = 'cancelled' and w.type = 'paid' and not b.refund_due)
    returning t.*)
  select ${COLUMNS},
    jsonb_build_object('orderId', b.order_id, 'status', b.status, 'cancelReason', b.cancel_reason, 'paymentProblem', b.payment_problem,
      'paymentId', b.payment_id, 'attempt', b.attempt, 'refundDue', b.refund_due, 'lapsed', b.lapsed) as before
  from before b left join o on o.order_id = b.order_id
  order by b.order_id`

/** Unpaid orders whose deadline has passed long enough ago that their job must have been lost. */
export async function findOverdue(query: Query, limit: number): Promise<string[]> {
  const rows = await query<{ orderId: string }>(FIND_OVERDUE, [limit])
  return rows.map(({ orderId }) => orderId)
}

const FIND_OVERDUE = `
  select order_id as "orderId" from "order".orders
  where status in ('pending', 'payment_failed') and pay_before < now() - interval '5 minutes'
  order by pay_before limit $1`

/** Makes what is missing of this month's partition and of so many to come; answers how many were made. */
export async function makePartitions(query: Query, monthsAhead: number): Promise<number> {
  const [row] = await query<{ made: number }>('select "order".make_partitions($1) as made', [monthsAhead])
  return row!.made
}

/** Deletes one bite of what stood in a cart's way 60 days ago, and says how many there were. */
export async function forgetOpenOrders(query: Query, biteSize: number): Promise<number> {
  const [gone] = await query<{ count: number }>(FORGET_OPEN, [biteSize])
  return gone!.count
}

const FORGET_OPEN = `
  with old as (
    select cart_id from "order".open_orders where opened_at < now() - interval '60 days'
    order by opened_at limit $1 for update skip locked),
  gone as (delete from "order".open_orders p using old where p.cart_id = old.cart_id returning 1)
  select count(*) as count from gone`

/** A page of orders after an id, oldest first, locked against changes until they are announced. */
export const lockPage = (query: Query, after: string | undefined, limit: number): Promise<StoredOrder[]> =>
  query(LOCK_PAGE, [after ?? FIRST_ID, limit])

const LOCK_PAGE = `
  select ${COLUMNS} from "order".orders o where o.order_id > $1 order by o.order_id limit $2 for share`

const FIRST_ID = '00000000-0000-0000-0000-000000000000'
