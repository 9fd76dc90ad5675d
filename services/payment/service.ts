import { payment } from '@stoa/contracts/payment'
import { defineService } from '@stoa/runtime'
import { config, needs, type Resources, type Tables } from './context.ts'
import { openStripe } from './gateways/stripe.ts'
import { comparePayment } from './jobs/compare-payment.ts'
import { finishRefund } from './jobs/finish-refund.ts'
import { giveBack } from './jobs/give-back.ts'
import { reconcile } from './jobs/reconcile.ts'
import { refundOrder } from './jobs/refund-order.ts'
import { sweep } from './jobs/sweep.ts'
import { cancel } from './operations/cancel.ts'
import { complete } from './operations/complete.ts'
import { create } from './operations/create.ts'
import { listForOrder } from './operations/list-for-order.ts'
import { listLedger } from './operations/list-ledger.ts'
import { refund } from './operations/refund.ts'
import { stripeWebhook } from './operations/stripe-webhook.ts'
import { refundWhenDue } from './reactions/refund-when-due.ts'
import { republish } from './republish.ts'

export default defineService<typeof payment, Tables, typeof needs, typeof config, Resources>({
  contract: payment,
  needs,
  config,
  migrations: new URL('./migrations/', import.meta.url),
  resources: async ({ config, breaker }) => {
    const settings = {
      url: config.stripeUrl,
      publicUrl: config.stripePublicUrl,
      secretKey: config.stripeSecretKey,
      publishableKey: config.stripePublishableKey,
      webhookSecrets: config.stripeWebhookSecrets,
      timeoutMs: config.stripeTimeoutMs,
    }
    const gateway = openStripe(settings, breaker('stripe', new URL(settings.url).origin))
    return { gateway, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() }
  },
  operations: { create, cancel, complete, stripeWebhook, listForOrder, listLedger, refund },
  reactions: [refundWhenDue],
  jobs: [finishRefund, refundOrder, giveBack, comparePayment, reconcile, sweep],
  republish,
})
