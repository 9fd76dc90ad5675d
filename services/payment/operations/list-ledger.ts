import { Rejection } from '@stoa/contract'
import type { payment } from '@stoa/contracts/payment'
import type { Handles } from '../context.ts'
import { listLedgerEntries } from '../payments.ts'

export const listLedger: Handles<typeof payment.operations.listLedger> = async ({ paymentId }, ctx) => {
  const entries = await listLedgerEntries(ctx.query, paymentId)
  if (!entries) throw new Rejection('PAYMENT_NOT_FOUND')
  return {
    items: entries.map(({ entryId, kind, debit, credit, amountMinor, currency, occurredAt }) => ({
      entryId,
      kind,
      debit,
      credit,
      amount: { amountMinor, currency },
      occurredAt: occurredAt.toISOString(),
    })),
  }
}
