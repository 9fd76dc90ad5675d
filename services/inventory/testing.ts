import assert from 'node:assert/strict'
import type { PayloadOf } from '@stoa/contract'
import type { OrderConfirmed } from '@stoa/contracts/order'

type Queryable = { readonly query: (text: string) => Promise<{ rows: Record<string, unknown>[] }> }

/** The payload of a confirmed order. */
export const aConfirmation = (
  order: Pick<PayloadOf<typeof OrderConfirmed>, 'orderId'> & Partial<PayloadOf<typeof OrderConfirmed>>,
): PayloadOf<typeof OrderConfirmed> => ({
  cartId: '01990000-0000-7000-8000-000000000001',
  customerId: null,
  currency: 'EUR',
  totalMinor: 0,
  lines: [],
  paymentId: '01990000-0000-7000-8000-000000000002',
  ...order,
})

/** The books: the ledger sums to each level, held reservations sum to what is reserved. */
export async function assertBooksAgree(pool: Queryable): Promise<void> {
  const ledger = await pool.query(`
    select warehouse, sku, l.available, l.reserved, l.damaged, m.*
    from inventory.levels l
    full join (select warehouse, sku, sum(available_delta) as sum_available, sum(reserved_delta) as sum_reserved,
      sum(damaged_delta) as sum_damaged from inventory.movements group by warehouse, sku) m using (warehouse, sku)
    where (coalesce(l.available, 0), coalesce(l.reserved, 0), coalesce(l.damaged, 0))
      <> (coalesce(sum_available, 0), coalesce(sum_reserved, 0), coalesce(sum_damaged, 0))`)
  assert.deepEqual(ledger.rows, [], 'the ledger does not sum to these levels')
  const held = await pool.query(`
    select warehouse, sku, l.reserved, r.held
    from inventory.levels l
    full join (select warehouse, sku, sum(quantity) as held from inventory.reservation_lines where status = 'held'
      group by warehouse, sku) r using (warehouse, sku)
    where coalesce(l.reserved, 0) <> coalesce(r.held, 0)`)
  assert.deepEqual(held.rows, [], 'what is reserved here is not what reservations hold')
}
