/**
 * The accounts. `customer_receivable` (asset): what buyers agreed to pay and have not paid. `gateway_clearing` (asset): what the
 * gateway holds for the shop. `sales` (income), `sales_returns` (its contra account).
 */
export type Account = 'customer_receivable' | 'gateway_clearing' | 'sales' | 'sales_returns'

/** One double entry: `amountMinor` is debited to one account and credited to the other. */
export type LedgerEntry = {
  readonly kind: 'authorised' | 'captured' | 'refunded'
  readonly debit: Account
  readonly credit: Account
  readonly amountMinor: number
}

export const authorised = (amountMinor: number): LedgerEntry => ({
  kind: 'authorised',
  debit: 'customer_receivable',
  credit: 'sales',
  amountMinor,
})

export const captured = (amountMinor: number): LedgerEntry => ({
  kind: 'captured',
  debit: 'gateway_clearing',
  credit: 'customer_receivable',
  amountMinor,
})

export const refunded = (amountMinor: number): LedgerEntry => ({
  kind: 'refunded',
  debit: 'sales_returns',
  credit: 'gateway_clearing',
  amountMinor,
})

/** A refund that the gateway first confirmed and then could not deliver: the money is back at the gateway. */
export const refundReversed = (amountMinor: number): LedgerEntry => ({
  kind: 'refunded',
  debit: 'gateway_clearing',
  credit: 'sales_returns',
  amountMinor,
})
