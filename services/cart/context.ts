import type { Operation } from '@stoa/contract'
import { inventory } from '@stoa/contracts/inventory'
import { Currency } from '@stoa/contracts/money'
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

export const needs = { product, inventory }

export const config = {
  shopCurrency: setting(
    'SHOP_CURRENCY',
    Currency.default('EUR'),
    'The currency of prices when a shopper names none (ISO 4217).',
  ),
  secret: setting(
    'CART_SECRET',
    z.string().min(32).optional(),
    'What the tokens of guest carts are derived from, 32 characters or more. Absent: made at the first start and kept in the database.',
  ),
} as const satisfies ConfigSpec

/** All SQL is hand-written, in `carts.ts`. */
export type Tables = Readonly<Record<never, never>>
export type Resources = { readonly secret: string }
export type Context = ServiceContext<Tables, typeof needs, typeof config, Resources>
export type Handles<O extends Operation> = Handler<O, Context>

export async function openResources(start: ResourceStart<Tables, typeof config>): Promise<Resources> {
  const { secret } = start.config
  return { secret: secret ?? (await keptSecret(start.query, { schema: 'cart', name: 'cart-token' })) }
}
