import { type InputOf, Rejection, type RequestOf } from '@stoa/contract'
import { payment, paymentV2 } from '@stoa/contracts/payment'
import type { Change } from './versions.ts'

/** An amount says its currency, and the payment service holds it against the payment's. */
export const refundInV2: Change = {
  contract: paymentV2,
  toService: (input): RequestOf<typeof payment.operations.refund> => {
    const { amount, ...rest } = input as InputOf<typeof paymentV2.operations.refund>
    return { ...rest, ...amount }
  },
  refusal: (rejection) => {
    if (rejection.code !== 'NOT_REFUNDABLE') return rejection
    const data = payment.operations.refund.errors.NOT_REFUNDABLE.data.safeParse(rejection.data)
    if (!data.success || data.data.currency === undefined) return rejection
    const { refundableMinor: amountMinor, currency } = data.data
    return new Rejection(rejection.code, { refundable: { amountMinor, currency } })
  },
}
