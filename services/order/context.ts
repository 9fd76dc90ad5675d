import type { Operation } from '@stoa/contract'
import { cart } from '@stoa/contracts/cart'
import { inventory } from '@stoa/contracts/inventory'
import { payment } from '@stoa/contracts/payment'
import { product } from '@stoa/contracts/product'
import {
  type ConfigSpec,
  type Handler,
  keptSecret,
  type ResourceStart,
  type ServiceContext,
  setting,
} from '@stoa/runtime'
import { z } from 'zod'

export const needs = { cart, product, inventory, payment }

export const config = {
  paymentWindowSeconds: setting(
    'ORDER_PAYMENT_WINDOW_SECONDS',
    z.coerce
      .number()
      .int()
      .min(1)
      .max(7 * 24 * 3600)
      .default(15 * 60),
    'How long an order waits for its payment. Its stock is set aside 10 minutes longer.',
  ),
  cancellableHours: setting(
    'ORDER_CANCELLABLE_HOURS',
    z.coerce
      .number()
      .min(0)
      .max(24 * 365)
      .default(24),
    'How long after the payment a shopper may cancel an order; staff always may.',
  ),
  secret: setting(
    'ORDER_SECRET',
    z.string().min(32).optional(),
    'What the tokens of order links are derived from, 32 characters or more: who replaces it ends all links. Absent: made at the first start and kept in the database.',
  ),
} as const satisfies ConfigSpec

/** All SQL is hand-written, in `orders.ts`. */
export type Tables = Readonly<Record<never, never>>
export type Resources = { readonly secret: string }
export type Context = ServiceContext<Tables, typeof needs, typeof config, Resources>
export type Handles<O extends Operation> = Handler<O, Context>

export async function openResources(start: ResourceStart<Tables, typeof config>): Promise<Resources> {
  const { secret } = start.config
  return { secret: secret ?? (await keptSecret(start.query, { schema: 'order', name: 'order-token' })) }
}
