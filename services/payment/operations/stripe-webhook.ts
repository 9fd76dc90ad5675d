import type { payment } from '@stoa/contracts/payment'
import { settleIntent } from '../completion.ts'
import type { Handles } from '../context.ts'
import { scheduleComparison } from '../jobs/compare-payment.ts'
import { settleRefund } from '../refunding.ts'

/**
 * The content of a signed event is believed without asking back. Answered 200: what was done, was done before, or is none of our
 * business; anything else makes Stripe send it again, for three days.
 */
export const stripeWebhook: Handles<typeof payment.operations.stripeWebhook> = async (input, ctx) => {
  const event = ctx.resources.gateway.readEvent(input)
  let ours = true
  if (event.about === 'intent') ours = (await settleIntent(ctx, event.intent, event.id)) !== undefined
  if (event.about === 'refund') ours = await settleRefund(ctx, event.refund)
  if (event.about === 'refunds') ours = await scheduleComparison(ctx, event)
  // One Stripe account may serve other systems, too.
  if (!ours)
    ctx.log.info({ eventId: event.id, type: event.type }, 'a webhook about a payment of somebody else')
  return { received: true }
}
