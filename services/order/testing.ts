import { Rejection } from '@stoa/contract'
import { cart } from '@stoa/contracts/cart'
import { inventory } from '@stoa/contracts/inventory'
import { order } from '@stoa/contracts/order'
import { PaymentFailed, PaymentSucceeded, payment } from '@stoa/contracts/payment'
import { product } from '@stoa/contracts/product'
import type { Actor } from '@stoa/runtime'
import { fake, startTestHost, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import type { OrderState } from './order-lifecycle.ts'
import service from './service.ts'

export const anOrderState = (values: Partial<OrderState> = {}): OrderState => ({
  status: 'pending',
  cancelReason: null,
  paymentProblem: null,
  paymentId: null,
  attempt: 1,
  refundDue: false,
  ...values,
})

export const ADDRESS = { name: 'Ada Buyer', street: '1 Stoa Way', city: 'Athens', country: 'GR' }

export const aKey = (): string => crypto.randomUUID()

export const aCustomer = (values: Partial<Extract<Actor, { kind: 'customer' }>> = {}): Actor => ({
  kind: 'customer',
  id: v7(),
  sessionId: v7(),
  email: `${v7()}@example.com`,
  emailVerified: false,
  ...values,
})

export const aMemberOfStaff = (...permissions: string[]): Actor => ({
  kind: 'staff',
  id: v7(),
  sessionId: v7(),
  permissions,
})

type Goods = {
  priceMinor: number
  available: number
  /** Of each of ten or more. */
  priceOfTenMinor?: number
}
type CartLines = { sku: string; quantity: number; unitPriceMinor: number }[]
type Reservation = { attempt: number; lines: readonly { sku: string; quantity: number }[]; expiresAt: string }
type Payment = { paymentId: string; status: 'open' | 'paid' | 'cancelled' }

/**
 * The order service in a small world of its own: carts, goods, stock and payments that the test sets and sees. `faults` make one call to
 * somebody else throw once, before or after it has had its effect.
 */
export async function startOrderHost({
  environment = {},
  databaseOf,
}: {
  environment?: Record<string, string>
  databaseOf?: TestHost & { world: World }
} = {}) {
  const world = databaseOf?.world ?? newWorld()
  const host = await startTestHost({
    services: [service, ...worldServices(world)],
    environment,
    ...(databaseOf ? { database: databaseOf.database } : {}),
  })
  const guest = host.client(order)
  /** A guest's cart with these lines. */
  const aCart = (lines: CartLines = [{ sku: 'MUG', quantity: 1, unitPriceMinor: 1000 }]): string => {
    const cartId = v7()
    world.carts.set(cartId, lines)
    return cartId
  }
  const place = (
    cartId: string,
    { idempotencyKey = aKey(), email = 'guest@example.com', client = guest } = {},
  ) => client.place({ cartId, email, shippingAddress: ADDRESS }, { idempotencyKey })
  return {
    ...host,
    world,
    guest,
    as: (actor: Actor) => host.client(order, { actor }),
    inside: host.client(order, { via: 'notification' }),
    aCart,
    place,
    statusOf: async (orderId: string): Promise<string> =>
      (await host.pool.query(`select status from "order".orders where order_id = $1`, [orderId])).rows[0]
        ?.status,
    /** Tells what the payment service would. */
    paid: async (orderId: string, { id }: { id?: string } = {}): Promise<string> => {
      const known = world.payments.get(orderId)!
      world.payments.set(orderId, { ...known, status: 'paid' })
      const fact = { paymentId: known.paymentId, orderId, amountMinor: 1000, currency: 'EUR' }
      return host.publish(PaymentSucceeded, fact, id === undefined ? {} : { id })
    },
    declined: (orderId: string, message = 'Your card was declined.'): Promise<string> =>
      host.publish(PaymentFailed, {
        paymentId: world.payments.get(orderId)!.paymentId,
        orderId,
        code: 'card_declined',
        message,
      }),
    /** Names of what was announced about an order after `order.placed`. */
    announced: async (orderId: string): Promise<string[]> =>
      (await host.loggedEvents())
        .filter(
          ({ name, payload }) =>
            name.startsWith('order.') && (payload as { orderId: string }).orderId === orderId,
        )
        .map(({ name }) => name)
        .filter((name) => name !== 'order.placed'),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  }
}

export type World = ReturnType<typeof newWorld>

const newWorld = () => ({
  carts: new Map<string, CartLines>(),
  goods: new Map<string, Goods>(),
  reservations: new Map<string, Reservation>(),
  payments: new Map<string, Payment>(),
  /** Names of the calls so far: `inventory.reserve`. */
  calls: [] as string[],
  /** What happens instead of, or after, the next call of a name. */
  faults: new Map<string, { when: 'before' | 'after'; error: () => Error }>(),
  /** Runs while a call is under way. */
  during: new Map<string, () => Promise<void>>(),
})

function worldServices(world: World) {
  const call = async <T>(name: string, work: () => T): Promise<T> => {
    world.calls.push(name)
    const fault = world.faults.get(name)
    world.faults.delete(name)
    if (fault?.when === 'before') throw fault.error()
    const during = world.during.get(name)
    world.during.delete(name)
    await during?.()
    const answer = work()
    if (fault) throw fault.error()
    return answer
  }
  return [
    fake(cart, {
      contents: ({ cartId }) =>
        call('cart.contents', () => {
          const lines = world.carts.get(cartId)
          if (!lines) throw new Rejection('CART_NOT_FOUND')
          return { cartId, currency: 'EUR', version: 1, lines }
        }),
    }),
    fake(product, {
      quote: ({ skus, quantities = [] }) =>
        call('product.quote', () => ({
          items: skus.flatMap((sku, index) => {
            const item = world.goods.get(sku)
            if (!item) return []
            const described = {
              variantId: v7(),
              productId: v7(),
              productSlug: 'a-thing',
              name: `Thing ${sku}`,
            }
            const { priceMinor, priceOfTenMinor = priceMinor } = item
            const unitPriceMinor = (quantities[index] ?? 1) >= 10 ? priceOfTenMinor : priceMinor
            return [{ sku, ...described, options: {}, unitPriceMinor, tiers: [], weightGrams: null }]
          }),
        })),
    }),
    fake(inventory, {
      reserve: ({ orderId, lines, expiresAt, attempt }) =>
        call('inventory.reserve', () => {
          const held = world.reservations.get(orderId)
          if (!held) {
            const skus = lines
              .filter(({ sku, quantity }) => quantity > (world.goods.get(sku)?.available ?? 0))
              .map(({ sku }) => ({ sku, available: world.goods.get(sku)?.available ?? 0 }))
            if (skus.length > 0) throw new Rejection('OUT_OF_STOCK', { skus })
            for (const { sku, quantity } of lines) world.goods.get(sku)!.available -= quantity
          }
          world.reservations.set(orderId, { lines, expiresAt, attempt: attempt ?? 1 })
          return { orderId, expiresAt }
        }),
    }),
    fake(payment, {
      create: ({ orderId }) =>
        call('payment.create', () => {
          const known = world.payments.get(orderId) ?? { paymentId: v7(), status: 'open' as const }
          if (known.status === 'cancelled') throw new Rejection('PAYMENT_CANCELLED')
          world.payments.set(orderId, known)
          const { paymentId } = known
          return {
            paymentId,
            gateway: 'stripe' as const,
            publishableKey: 'pk',
            clientSecret: `${paymentId}_secret`,
            apiUrl: 'http://127.0.0.1:1',
          }
        }),
      cancel: ({ orderId }) =>
        call('payment.cancel', () => {
          const known = world.payments.get(orderId) ?? { paymentId: v7(), status: 'open' as const }
          if (known.status === 'paid') throw new Rejection('ALREADY_PAID')
          world.payments.set(orderId, { ...known, status: 'cancelled' })
          return { cancelled: true as const }
        }),
    }),
  ]
}

/** What the inventory service does when it hears of an order that is over. */
export function giveBack(world: World, orderId: string): void {
  const held = world.reservations.get(orderId)
  if (!held) return
  world.reservations.delete(orderId)
  for (const { sku, quantity } of held.lines) world.goods.get(sku)!.available += quantity
}
