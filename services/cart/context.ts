import { randomBytes } from 'node:crypto'
import type { Operation } from '@stoa/contract'
import { inventory } from '@stoa/contracts/inventory'
import { Currency } from '@stoa/contracts/money'
import { product } from '@stoa/contracts/product'
import {
  type ConfigSpec,
  type Handler,
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
  if (start.config.secret !== undefined) return { secret: start.config.secret }
  // Of replicas that start together one wins, and all read what it wrote.
  const [row] = await start.query<Resources>(
    `insert into cart.secrets as s (name, value) values ('cart-token', $1)
     on conflict (name) do update set value = s.value
     returning value as secret`,
    [randomBytes(32).toString('base64url')],
  )
  return row!
}
