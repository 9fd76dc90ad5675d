import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Context } from './context.ts'

/** What a guest holds, and a link in a mail carries: good for one order, as long as the secret stays. */
export const orderTokenOf = (orderId: string, { resources }: Pick<Context, 'resources'>): string =>
  createHmac('sha256', resources.secret).update(`order-token:${orderId}`).digest('base64url')

/**
 * An order belongs to its customer, to whoever holds its token, and a guest's to the customer who has confirmed its address.
 * Anybody else gets the 404 of an order that does not exist.
 */
export function owns(
  ctx: Pick<Context, 'actor' | 'resources'>,
  orderToken: string | undefined,
  order: { readonly orderId: string; readonly customerId: string | null; readonly email: string },
): boolean {
  const { actor } = ctx
  if (actor.kind === 'customer') {
    if (order.customerId === actor.id) return true
    const address = confirmedAddress(actor)
    if (order.customerId === null && address === order.email.toLowerCase()) return true
  }
  return orderToken !== undefined && isSame(orderToken, orderTokenOf(order.orderId, ctx))
}

/** The address whose guest orders a customer may see, in lower case; null before it is confirmed. */
export const confirmedAddress = (actor: Extract<Context['actor'], { kind: 'customer' }>): string | null =>
  actor.emailVerified ? actor.email.toLowerCase() : null

/** In constant time for texts of one length; every token has the same. Text, because base64url has more than one for some bytes. */
function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}
