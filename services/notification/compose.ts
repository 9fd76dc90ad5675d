import { Rejection } from '@stoa/contract'
import type { Context } from './context.ts'
import type { Mail, Shop } from './mail.ts'
import type { MailRequest } from './mail-request.ts'
import { RETENTION_DAYS } from './notifications.ts'
import { apiKeyRotation } from './templates/api-key-rotation.ts'
import { confirmEmail } from './templates/confirm-email.ts'
import { orderConfirmation } from './templates/order-confirmation.ts'
import { orderRefunded } from './templates/order-refunded.ts'
import { passwordReset } from './templates/password-reset.ts'
import { paymentFailed } from './templates/payment-failed.ts'
import { welcome } from './templates/welcome.ts'

/** A mail with its recipient, or why there is none to send any more. */
export type Composed = { readonly to: string; readonly mail: Mail } | { readonly skip: string }

/** An order that was confirmed longer ago has had its mail, or was given up: a day before that is forgotten. */
const CONFIRMATION_MAX_AGE_MS = (RETENTION_DAYS - 1) * 24 * 60 * 60 * 1000

/** Fetches what the mail needs as it is now. What is no longer true is not sent. */
export async function compose(request: MailRequest, ctx: Context): Promise<Composed> {
  const shop = { name: ctx.config.shopName, url: ctx.config.shopUrl }
  try {
    switch (request.template) {
      case 'welcome':
      case 'confirm-email':
      case 'password-reset':
        return await accountMail({ ...request, template: request.template }, shop, ctx)
      case 'api-key-rotation': {
        const { email, ...reminder } = await ctx.call.auth.apiKeyMailDetails({ userId: request.subjectId })
        if (reminder.apiKeys.length === 0) return { skip: 'the keys were rotated or revoked' }
        return { to: email, mail: apiKeyRotation(reminder, shop) }
      }
      case 'order-confirmation':
      case 'payment-failed':
      case 'order-refunded':
        return await orderMail(request, shop, ctx)
    }
  } catch (error) {
    if (error instanceof Rejection && (error.code === 'UNKNOWN_USER' || error.code === 'ORDER_NOT_FOUND'))
      return { skip: 'what it was about is gone' }
    throw error
  }
}

type AccountMailRequest = MailRequest & { template: 'welcome' | 'confirm-email' | 'password-reset' }

async function accountMail(
  { template, subjectId, requestId }: AccountMailRequest,
  shop: Shop,
  ctx: Context,
): Promise<Composed> {
  const { email, name, token } = await ctx.call.auth.mailDetails({
    userId: subjectId,
    purpose: template,
    ...(requestId === undefined ? {} : { requestId }),
  })
  if (template === 'welcome') return { to: email, mail: welcome({ name, token }, shop) }
  if (token === null) return { skip: 'the link was used, or has expired' }
  const mail =
    template === 'confirm-email' ? confirmEmail({ name, token }, shop) : passwordReset({ name, token }, shop)
  return { to: email, mail }
}

async function orderMail(
  { template, subjectId, refund }: MailRequest,
  shop: Shop,
  ctx: Context,
): Promise<Composed> {
  const details = await ctx.call.order.mailDetails({ orderId: subjectId })
  const { email: to, status, confirmedAt } = details.order
  if (template === 'order-refunded') {
    if (!refund) throw new Error('a mail about a refund needs the refund')
    const { reason, ...amount } = refund
    return { to, mail: orderRefunded({ ...details, amount, reason }, shop) }
  }
  const wanted = template === 'order-confirmation' ? 'confirmed' : 'payment_failed'
  if (status !== wanted) return { skip: `the order is ${status} meanwhile` }
  if (confirmedAt !== null && ctx.now().getTime() - Date.parse(confirmedAt) > CONFIRMATION_MAX_AGE_MS)
    return { skip: 'the order was confirmed long ago' }
  const mail =
    template === 'order-confirmation' ? orderConfirmation(details, shop) : paymentFailed(details, shop)
  return { to, mail }
}
