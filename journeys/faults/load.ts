import { setTimeout as sleep } from 'node:timers/promises'
import { Buyer, type Placed } from '../buyer.ts'
import type { Reply } from '../http.ts'
import type { Shop } from '../shop.ts'

/** What a steady stream of shoppers met. */
export type LoadResult = {
  readonly started: number
  /** Orders that were answered with 201: each is owed an end. */
  readonly accepted: readonly string[]
  /** Shoppers who were still refused after `PATIENCE_MS`, or found too many others waiting, and went away. */
  readonly gaveUp: number
  /** Answers that asked to come again: 503, 504, 429. */
  readonly shed: number
  /** Calls that got no answer: the connection broke, or nothing came. */
  readonly unanswered: number
  /** Answers that no shopper should see, by what they said. */
  readonly wrong: ReadonlyMap<string, number>
  /** From the wish to order until 201, repetitions included; sorted. */
  readonly placedMs: readonly number[]
}

/** A shopper who is asked to come again does so for this long. */
const PATIENCE_MS = 90_000
/** Shoppers at once, in seconds of arrivals: whoever comes while so many are still at it goes to another shop. */
const CROWD_SECONDS = 20
const RETRY_FIRST_MS = 200
const RETRY_LAST_MS = 3_000

/**
 * Starts so many checkouts per second, whatever became of those before. Each shopper's client does what every client should:
 * a call that was not answered, or answered with 503, 504 or 429, is repeated with the same key.
 */
export async function shopAt(options: {
  shop: Shop
  skus: readonly string[]
  perSecond: number
  /** At least this long, and as long as this goes on. */
  seconds: number
  during: Promise<unknown>
}): Promise<LoadResult> {
  const { shop, skus, perSecond, seconds } = options
  let going = true
  const ended = () => {
    going = false
  }
  options.during.then(ended, ended)
  const accepted: string[] = []
  const placedMs: number[] = []
  const wrong = new Map<string, number>()
  let [gaveUp, turnedAway, shed, unanswered] = [0, 0, 0, 0]

  const insist = async (call: () => Promise<Reply>, good: readonly number[]): Promise<Reply> => {
    const until = performance.now() + PATIENCE_MS
    for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_LAST_MS)) {
      let waitMs = pauseMs
      try {
        const reply = await call()
        if (good.includes(reply.status)) return reply
        if (reply.status === 503 || reply.status === 504 || reply.status === 429) {
          shed += 1
          waitMs = Math.min(
            Math.max(Number(reply.headers.get('retry-after') ?? 0) * 1_000, pauseMs),
            RETRY_LAST_MS,
          )
        } else {
          const said = `${reply.status} ${JSON.stringify(reply.body).slice(0, 200)}`
          wrong.set(said, (wrong.get(said) ?? 0) + 1)
        }
      } catch {
        unanswered += 1
      }
      if (performance.now() + waitMs > until) throw new GaveUp()
      await sleep(waitMs * (0.75 + Math.random() / 2))
    }
  }

  const checkout = async (sku: string) => {
    const buyer = new Buyer(shop)
    const key = (step: string) => `${step}-${buyer.email}`
    const cart = await insist(() => shop.http.post('/v1/carts', {}, { key: key('cart') }), [201])
    buyer.cartId = cart.body.cartId
    buyer.cartToken = cart.body.cartToken
    await insist(
      () =>
        shop.http.post(
          `/v1/carts/${buyer.cartId}/lines`,
          { sku, quantity: 1 },
          { cartToken: buyer.cartToken, key: key('add') },
        ),
      [201],
    )
    const began = performance.now()
    const placed = await insist(() => buyer.place(key('order')), [201])
    placedMs.push(performance.now() - began)
    const order = placed.body as Placed
    accepted.push(order.order.orderId)
    // The card form may tell again what the gateway knows already: 400.
    await insist(() => buyer.pay(order), [200, 400, 402])
    await insist(
      () =>
        shop.http.post(`/v1/payments/${order.payment.paymentId}/complete`, {
          clientSecret: order.payment.clientSecret,
        }),
      [200],
    )
  }

  const running: Promise<void>[] = []
  let here = 0
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const began = performance.now()
  for (let index = 0; going || index < perSecond * seconds; index += 1) {
    const dueMs = began + (index * 1_000) / perSecond - performance.now()
    if (dueMs > 0) await sleep(dueMs)
    if (here >= perSecond * CROWD_SECONDS) {
      turnedAway += 1
      continue
    }
    here += 1
    running.push(
      checkout(skus[index % skus.length]!)
        .catch((error: unknown) => {
          if (error instanceof GaveUp) gaveUp += 1
          else failed.reject(error)
        })
        .finally(() => {
          here -= 1
        }),
    )
  }
  await Promise.race([Promise.all(running), failed.promise])
  return {
    started: running.length + turnedAway,
    accepted,
    gaveUp: gaveUp + turnedAway,
    shed,
    unanswered,
    wrong,
    placedMs: placedMs.sort((a, b) => a - b),
  }
}

class GaveUp extends Error {}
