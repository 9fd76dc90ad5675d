import type { Operation } from '@stoa/contract'
import { type ConfigSpec, type Handler, type ServiceContext, setting } from '@stoa/runtime'
import { z } from 'zod'
import type { Gateway } from './gateways/gateway.ts'
import { SANDBOX } from './gateways/stripe.ts'

export const needs = {}

export const config = {
  stripeUrl: setting(
    'STRIPE_URL',
    z.url().default(SANDBOX.url),
    "Where Stripe's API answers; https://api.stripe.com for the real one",
  ),
  stripePublicUrl: setting(
    'STRIPE_PUBLIC_URL',
    z.url().optional(),
    "Where a browser reaches Stripe's API, when that is not STRIPE_URL",
  ),
  stripeSecretKey: setting(
    'STRIPE_SECRET_KEY',
    z.string().min(1).default(SANDBOX.secretKey),
    "Stripe's secret key",
  ),
  stripePublishableKey: setting(
    'STRIPE_PUBLISHABLE_KEY',
    z.string().min(1).default(SANDBOX.publishableKey),
    "Stripe's publishable key, which browsers see",
  ),
  stripeWebhookSecrets: setting(
    'STRIPE_WEBHOOK_SECRET',
    z.string().min(1).default(SANDBOX.webhookSecret),
    'The secret that signs webhooks; several, separated by commas, while one is replaced by another',
  ),
  stripeTimeoutMs: setting(
    'STRIPE_TIMEOUT_MS',
    z.coerce.number().int().min(50).max(30_000).default(2_500),
    'How long one call to Stripe may take; there are up to three within the 10 s that a caller waits',
  ),
} as const satisfies ConfigSpec

export type Resources = { readonly gateway: Gateway } & AsyncDisposable
/** All SQL is hand-written, in `payments.ts` and `refunds.ts`. */
export type Tables = Readonly<Record<never, never>>
export type Context = ServiceContext<Tables, typeof needs, typeof config, Resources>
export type Handles<O extends Operation> = Handler<O, Context>
