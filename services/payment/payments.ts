import type { Query } from '@stoa/runtime'
import type { IntentOutcome } from './apply-intent.ts'
import type { LedgerEntry } from './ledger.ts'
import type { IntentSnapshot, PaymentState, Status } from './payment-state.ts'

/** ISO 4217's code for no currency: the mark of a tombstone. */
export const NO_CURRENCY = 'XXX'

export type Payment = PaymentState & { readonly clientSecret: string | null; readonly version: number }

type Row = Omit<Payment, 'failure'> & {
  readonly failureCode: string | null
  readonly failureMessage: string | null
  readonly failureAttempt: string | null
}

const COLUMNS = `p.payment_id as "paymentId", p.order_id as "orderId", p.order_number as "orderNumber", p.status,
  p.amount_minor as "amountMinor", p.currency, p.gateway_reference as "gatewayReference", p.client_secret as "clientSecret",
  p.captured_minor as "capturedMinor", p.refunding_minor as "refundingMinor", p.refunded_minor as "refundedMinor",
  p.failure_code as "failureCode", p.failure_message as "failureMessage", p.failure_attempt as "failureAttempt",
  p.failed_at as "failedAt", p.version`

const toPayment = ({ failureCode, failureMessage, failureAttempt, ...row }: Row): Payment => ({
  ...row,
  failure:
    failureCode === null
      ? null
      : { code: failureCode, message: failureMessage ?? '', attempt: failureAttempt ?? failureCode },
})

const one = (rows: Row[]): Payment | undefined => (rows[0] ? toPayment(rows[0]) : undefined)

type Opening = {
  readonly paymentId: string
  readonly orderId: string
  readonly orderNumber: string
  readonly status: 'pending' | 'cancelled'
  readonly amountMinor: number
  readonly currency: string
}

/** The row of an order, made now unless there is one. A row that another transaction has just committed needs the second look. */
export async function openPayment(
  query: Query,
  opening: Opening,
): Promise<Payment & { readonly opened: boolean }> {
  for (let look = 1; look <= 2; look += 1) {
    const [row] = await query<Row & { opened: boolean }>(
      `with opened as (
         insert into payment.payments (payment_id, order_id, order_number, status, amount_minor, currency)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (order_id) do nothing
         returning *)
       select ${COLUMNS}, true as opened from opened p
       union all
       select ${COLUMNS}, false from payment.payments p where p.order_id = $2 and not exists (select from opened)`,
      [
        opening.paymentId,
        opening.orderId,
        opening.orderNumber,
        opening.status,
        opening.amountMinor,
        opening.currency,
      ],
    )
    if (row) return { ...toPayment(row), opened: row.opened }
  }
  throw new Error(`order ${opening.orderId} has a payment that cannot be read`)
}

/** Keeps what the gateway answered first. Works on a cancelled row, too, so that what was opened there is known. */
export async function rememberIntent(
  query: Query,
  paymentId: string,
  intent: { reference: string; clientSecret: string },
): Promise<Payment> {
  const rows = await query<Row>(
    `update payment.payments p
     set gateway_reference = coalesce(gateway_reference, $2), client_secret = coalesce(client_secret, $3), updated_at = now()
     where payment_id = $1 returning ${COLUMNS}`,
    [paymentId, intent.reference, intent.clientSecret],
  )
  const payment = one(rows)
  if (!payment) throw new Error(`payment ${paymentId} is gone`)
  return payment
}

export const findPayment = async (query: Query, paymentId: string): Promise<Payment | undefined> =>
  one(await query<Row>(`select ${COLUMNS} from payment.payments p where payment_id = $1`, [paymentId]))

export const findPaymentOfOrder = async (query: Query, orderId: string): Promise<Payment | undefined> =>
  one(await query<Row>(`select ${COLUMNS} from payment.payments p where order_id = $1`, [orderId]))

export const findPaymentAtGateway = async (query: Query, reference: string): Promise<Payment | undefined> =>
  one(await query<Row>(`select ${COLUMNS} from payment.payments p where gateway_reference = $1`, [reference]))

export const lockPayment = async (query: Query, paymentId: string): Promise<Payment | undefined> =>
  one(
    await query<Row>(`select ${COLUMNS} from payment.payments p where payment_id = $1 for update`, [
      paymentId,
    ]),
  )

/** Payments that somebody has tried to pay or ended, by id; nobody changes them meanwhile. */
export const lockPage = async (query: Query, after: string | undefined, limit: number): Promise<Payment[]> =>
  (
    await query<Row>(
      `select ${COLUMNS} from payment.payments p where payment_id > $1 and status <> 'pending'
       order by payment_id limit $2 for share`,
      [after ?? '00000000-0000-0000-0000-000000000000', limit],
    )
  ).map(toPayment)

export const lockPaymentAtGateway = async (query: Query, reference: string): Promise<Payment | undefined> =>
  one(
    await query<Row>(`select ${COLUMNS} from payment.payments p where gateway_reference = $1 for update`, [
      reference,
    ]),
  )

/** The payment of an intent, locked, and whether this event has changed it before. An intent that only copied our ids has none. */
export async function lockPaymentOfIntent(
  query: Query,
  { reference, paymentId }: IntentSnapshot,
  eventId: string | undefined,
): Promise<(Payment & { readonly told: boolean }) | undefined> {
  const rows = await query<Row & { told: boolean }>(
    `select ${COLUMNS}, exists (select from payment.gateway_events where event_id = $3) as told
     from payment.payments p
     where gateway_reference = $1 or (payment_id = $2 and gateway_reference is null)
     for update`,
    [reference, paymentId ?? null, eventId ?? null],
  )
  return rows[0] && { ...toPayment(rows[0]), told: rows[0].told }
}

/**
 * Writes an outcome with its ledger entries, under the condition that the row still is what the decision was made for. Returns the
 * new version, or undefined when it was not.
 */
export async function writeIntentOutcome(
  query: Query,
  {
    payment,
    from,
    reference,
    outcome,
    eventId,
  }: {
    payment: Pick<PaymentState, 'paymentId' | 'orderId' | 'amountMinor' | 'currency'>
    from: readonly Status[]
    reference: string
    outcome: IntentOutcome
    eventId: string | undefined
  },
): Promise<number | undefined> {
  const { failure } = outcome
  const [written] = await query<{ version: number }>(
    `with changed as (
       update payment.payments p
       set status = $7, captured_minor = $8, failure_code = $9, failure_message = $10, failure_attempt = $11, failed_at = $12,
         gateway_reference = $6, version = version + 1, updated_at = now()
       where payment_id = $1 and order_id = $2 and amount_minor = $3 and currency = $4 and status = any($5)
         and coalesce(gateway_reference, $6) = $6
       returning payment_id, currency, version),
     seen as (
       insert into payment.gateway_events (event_id) select $14::text from changed where $14::text is not null
       on conflict do nothing),
     booked as (
       insert into payment.ledger_entries (payment_id, currency, kind, debit, credit, amount_minor)
       select c.payment_id, c.currency, e.kind, e.debit, e.credit, e."amountMinor"
       from changed c cross join ${LEDGER_ENTRIES('$13')})
     select version from changed`,
    [
      payment.paymentId,
      payment.orderId,
      payment.amountMinor,
      payment.currency,
      from,
      reference,
      outcome.status,
      outcome.capturedMinor,
      failure?.code ?? null,
      failure?.message ?? null,
      failure?.attempt ?? null,
      outcome.failedAt,
      JSON.stringify(outcome.entries),
      eventId ?? null,
    ],
  )
  return written?.version
}

/** A parameter that holds `LedgerEntry[]` as JSON, as rows in their order. */
export const LEDGER_ENTRIES = (parameter: string): string =>
  `(select * from rows from (jsonb_to_recordset(${parameter}::jsonb)
     as (kind text, debit text, credit text, "amountMinor" bigint)) with ordinality as r order by r.ordinality) e`

/** Ends a payment that the gateway has not been told of. Undefined when it has been told, or the payment has ended. */
export async function cancelUnopened(query: Query, paymentId: string): Promise<number | undefined> {
  const [row] = await query<{ version: number }>(
    `update payment.payments set status = 'cancelled', version = version + 1, updated_at = now()
     where payment_id = $1 and status in ('pending', 'failed') and gateway_reference is null returning version`,
    [paymentId],
  )
  return row?.version
}

/**
 * Takes the payments that are due to be compared with the gateway, and sets when each is due again: after as long as it has existed,
 * so at 10, 20, 40 minutes and so on, for 30 days.
 */
export async function takeUnfinished(query: Query, limit: number): Promise<{ paymentId: string }[]> {
  return query<{ paymentId: string }>(
    `with due as (
       select payment_id from payment.payments
       where status in ('pending', 'failed') and next_check_at <= now()
       order by next_check_at limit $1 for update skip locked)
     update payment.payments p
     set next_check_at = case when created_at > now() - interval '30 days'
       then now() + greatest(now() - created_at, interval '10 minutes') end
     from due where p.payment_id = due.payment_id
     returning p.payment_id as "paymentId"`,
    [limit],
  )
}

export type ListedRefund = {
  refundId: string
  amountMinor: number
  status: 'pending' | 'succeeded' | 'failed'
  reason: string | null
  createdAt: string
}

/** As staff see them: with their refunds, oldest first; at most 500 refunds each, and no tombstones. */
export async function listPayments(
  query: Query,
  { orderId, paymentId }: { orderId?: string; paymentId?: string },
): Promise<(Payment & { createdAt: Date; refunds: ListedRefund[] })[]> {
  const rows = await query<Row & { createdAt: Date; refunds: ListedRefund[] }>(
    `select ${COLUMNS}, p.created_at as "createdAt", coalesce(r.refunds, '[]'::jsonb) as refunds
     from payment.payments p
     left join lateral (
       select jsonb_agg(jsonb_build_object('refundId', f.refund_id, 'amountMinor', f.amount_minor, 'status', f.status,
         'reason', f.reason, 'createdAt', f.created_at) order by f.created_at, f.refund_id) as refunds
       from (select * from payment.refunds where payment_id = p.payment_id order by refund_id limit 500) f) r on true
     where (p.order_id = $1 or p.payment_id = $2) and p.currency <> '${NO_CURRENCY}'`,
    [orderId ?? null, paymentId ?? null],
  )
  return rows.map(({ refunds, createdAt, ...row }) => ({ ...toPayment(row as Row), refunds, createdAt }))
}

export type ListedEntry = LedgerEntry & {
  readonly entryId: string
  readonly currency: string
  readonly occurredAt: Date
}

/** Oldest first, at most 500. Undefined when there is no such payment. */
export async function listLedgerEntries(query: Query, paymentId: string): Promise<ListedEntry[] | undefined> {
  const rows = await query<Partial<ListedEntry>>(
    `select e.entry_id as "entryId", e.kind, e.debit, e.credit, e.amount_minor as "amountMinor", e.currency,
       e.occurred_at as "occurredAt"
     from payment.payments p left join payment.ledger_entries e using (payment_id)
     where p.payment_id = $1 and p.currency <> '${NO_CURRENCY}'
     order by e.position limit 500`,
    [paymentId],
  )
  if (rows.length === 0) return undefined
  return rows.filter((row): row is ListedEntry => row.entryId !== null)
}

/** Events older than Stripe's retries, ten times over. Returns how many went; at most 10,000 of them. */
export async function sweepGatewayEvents(query: Query): Promise<number> {
  const rows = await query<{ swept: number }>(
    `with old as (
       select event_id from payment.gateway_events where received_at < now() - interval '30 days' limit 10000),
     gone as (delete from payment.gateway_events g using old where g.event_id = old.event_id returning 1)
     select count(*)::int as swept from gone`,
  )
  return rows[0]?.swept ?? 0
}
