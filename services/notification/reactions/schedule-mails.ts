import {
  ApiKeyRotationDue,
  EmailConfirmationRequested,
  PasswordResetRequested,
  UserRegistered,
} from '@stoa/contracts/auth'
import { OrderConfirmed, OrderPaymentFailed } from '@stoa/contracts/order'
import { PaymentRefunded } from '@stoa/contracts/payment'
import { effect, type Fact } from '@stoa/runtime'
import type { Context } from '../context.ts'
import { sendMail } from '../jobs/send-mail.ts'
import type { MailRequest } from '../mail-request.ts'

const hears = [
  UserRegistered,
  EmailConfirmationRequested,
  PasswordResetRequested,
  ApiKeyRotationDue,
  OrderConfirmed,
  OrderPaymentFailed,
  PaymentRefunded,
] as const

/** One mail per fact, sent by a job of its own: the mail server may be away for hours, and nobody waits for it. */
export const scheduleMails = effect({
  name: 'schedule-mails',
  hears,
  handle: async (facts, ctx: Context) => {
    await ctx.transaction(async (tx) => {
      for (const fact of facts) tx.schedule(sendMail, requestFor(fact), { key: `mail:${fact.id}` })
    })
  },
})

export function requestFor(fact: Fact<(typeof hears)[number]>): MailRequest {
  const eventId = fact.id
  switch (fact.type) {
    case 'auth.user-registered':
      return { eventId, template: 'welcome', subjectId: fact.payload.userId }
    case 'auth.email-confirmation-requested':
      return {
        eventId,
        template: 'confirm-email',
        subjectId: fact.payload.userId,
        requestId: fact.payload.requestId,
      }
    case 'auth.password-reset-requested':
      return {
        eventId,
        template: 'password-reset',
        subjectId: fact.payload.userId,
        requestId: fact.payload.requestId,
      }
    case 'auth.api-key-rotation-due':
      return { eventId, template: 'api-key-rotation', subjectId: fact.payload.userId }
    case 'order.confirmed':
      return { eventId, template: 'order-confirmation', subjectId: fact.payload.orderId }
    case 'order.payment-failed':
      return { eventId, template: 'payment-failed', subjectId: fact.payload.orderId }
    case 'payment.refunded': {
      const { orderId, amountMinor, currency, reason } = fact.payload
      return {
        eventId,
        template: 'order-refunded',
        subjectId: orderId,
        refund: { amountMinor, currency, reason: reason.slice(0, 60) },
      }
    }
  }
}
