import type { Query } from '@stoa/runtime'
import type { RefundOutcome } from './apply-refund.ts'
import type { PaymentState, RefundOrigin, RefundSnapshot, RefundState } from './payment-state.ts'
import { LEDGER_ENTRIES } from './payments.ts'

const COLUMNS = `refund_id as "refundId", payment_id as "paymentId", amount_minor as "amountMinor", status, origin, reason,
  gateway_reference as "gatewayReference", problem, created_at as "createdAt"`

export const findRefund = async (query: Query, refundId: string): Promise<RefundState | undefined> =>
  (await query<RefundState>(`select ${COLUMNS} from payment.refunds where refund_id = $1`, [refundId]))[0]

/** The refund that the gateway speaks of, by our id or its own. Its payment's lock keeps it still. */
export const findToldRefund = async (
  query: Query,
  { paymentId, told }: { paymentId: string; told: RefundSnapshot },
): Promise<RefundState | undefined> =>
  (
    await query<RefundState>(
      `select ${COLUMNS} from payment.refunds
       where payment_id = $1 and (refund_id = $2 or gateway_reference = $3) limit 1`,
      [paymentId, told.refundId ?? null, told.reference],
    )
  )[0]

/** Sets an amount aside for a refund of a payment whose lock we hold. */
export async function beginRefund(
  query: Query,
  refund: { refundId: string; paymentId: string; amountMinor: number; origin: RefundOrigin; reason: string },
): Promise<void> {
  await query(
    `with promised as (
       update payment.payments
       set refunding_minor = refunding_minor + $3, version = version + 1, updated_at = now()
       where payment_id = $2 returning payment_id)
     insert into payment.refunds (refund_id, payment_id, amount_minor, status, origin, reason)
     select $1, payment_id, $3, 'pending', $4, $5 from promised`,
    [refund.refundId, refund.paymentId, refund.amountMinor, refund.origin, refund.reason],
  )
}

/** Writes what became of a refund, with its payment's counters and its ledger entries. */
export async function writeRefundOutcome(
  query: Query,
  payment: PaymentState,
  { refund, refundingMinor, refundedMinor, entries }: RefundOutcome,
): Promise<{ refundId: string; version: number }> {
  const [written] = await query<{ refundId: string; version: number }>(
    `with changed as (
       update payment.payments
       set refunding_minor = $2, refunded_minor = $3, version = version + 1, updated_at = now()
       where payment_id = $1 returning payment_id, currency, version),
     kept as (
       insert into payment.refunds as r (refund_id, payment_id, amount_minor, status, origin, reason, gateway_reference, problem)
       select coalesce($4, uuidv7()), payment_id, $5, $6, $7, $8, $9, $10 from changed
       on conflict (refund_id) do update
         set status = excluded.status, gateway_reference = excluded.gateway_reference, problem = excluded.problem, updated_at = now()
       returning refund_id),
     booked as (
       insert into payment.ledger_entries (payment_id, currency, kind, debit, credit, amount_minor)
       select c.payment_id, c.currency, e.kind, e.debit, e.credit, e."amountMinor"
       from changed c cross join ${LEDGER_ENTRIES('$11')})
     select refund_id as "refundId", version from changed, kept`,
    [
      payment.paymentId,
      refundingMinor,
      refundedMinor,
      refund.refundId ?? null,
      refund.amountMinor,
      refund.status,
      refund.origin,
      refund.reason,
      refund.gatewayReference,
      refund.problem,
      JSON.stringify(entries),
    ],
  )
  if (!written) throw new Error(`payment ${payment.paymentId} is gone`)
  return written
}

/** Whether a refund was set aside whose way to the gateway is not over: it may still be refused. */
export async function hasUnaskedRefund(query: Query, paymentId: string): Promise<boolean> {
  const [row] = await query<{ found: boolean }>(
    `select exists (select from payment.refunds
       where payment_id = $1 and status = 'pending' and gateway_reference is null) as found`,
    [paymentId],
  )
  return row!.found
}

/** Refunds that were set aside over an hour ago and have not reached the gateway; each again an hour later. */
export async function takeUnaskedRefunds(query: Query, limit: number): Promise<string[]> {
  const rows = await query<{ refundId: string }>(
    `with due as (
       select refund_id from payment.refunds
       where status = 'pending' and gateway_reference is null and updated_at < now() - interval '1 hour'
       order by updated_at limit $1 for update skip locked)
     update payment.refunds r set updated_at = now() from due where r.refund_id = due.refund_id
     returning r.refund_id as "refundId"`,
    [limit],
  )
  return rows.map(({ refundId }) => refundId)
}

/** Payments of refunds that the gateway has been working on for over an hour; each again an hour later. */
export async function takeLingeringRefunds(query: Query, limit: number): Promise<string[]> {
  const rows = await query<{ paymentId: string }>(
    `with due as (
       select refund_id from payment.refunds
       where status = 'pending' and gateway_reference is not null and updated_at < now() - interval '1 hour'
       order by updated_at limit $1 for update skip locked)
     update payment.refunds r set updated_at = now() from due where r.refund_id = due.refund_id
     returning r.payment_id as "paymentId"`,
    [limit],
  )
  return [...new Set(rows.map(({ paymentId }) => paymentId))]
}
