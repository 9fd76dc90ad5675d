import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Buyer, CARDS, type Placed } from '../buyer.ts'
import type { Reply } from '../http.ts'
import type { Shop } from '../shop.ts'

/** What a steady stream of shoppers met. */
export type LoadResult = {
  readonly started: number
  /** Orders that were answered with 201: each is owed an end. */
  readonly accepted: readonly string[]
  /** Of these: whose shopper heard that it is paid, and left it at that. Each is owed a confirmation. */
  readonly paid: readonly string[]
  /** Of these: whose shopper heard that his cancellation of the confirmed order is done. */
  readonly calledOff: readonly string[]
  /** Of these: whose first card was declined. */
  readonly declined: readonly string[]
  /** When each shopper came, and when he met anything but answers at once. */
  readonly visits: readonly Visit[]
  /** Shoppers who were still refused after `PATIENCE_MS`, or found too many others waiting, and went away. */
  readonly gaveUp: number
  /** Answers that asked to come again: 503, 504, 429, and 409 of a call that is still being worked on. */
  readonly shed: number
  /** Calls that got no answer: the connection broke, or nothing came. */
  readonly unanswered: number
  /** Orders that ended with the payment window before their shoppers had heard of them, and were ordered again. */
  readonly endedUnheard: number
  /** Answers that no shopper should see, by what they said. */
  readonly wrong: ReadonlyMap<string, number>
  /** From the wish to order until 201, repetitions included; sorted. */
  readonly placedMs: readonly number[]
}

export type Visit = {
  /** By `performance.now()`. */
  readonly atMs: number
  /** When he made the calls that asked him to come again or were not answered, or went away. */
  readonly troubledAtMs: readonly number[]
}

/** While something is away: from when it surely is until it may be back. */
export class Span {
  #fromMs = Number.NaN
  #untilMs = Number.NaN

  begin(): void {
    this.#fromMs = performance.now()
  }

  end(): void {
    this.#untilMs = performance.now()
  }

  /** Whether there was one. */
  get was(): boolean {
    return this.#untilMs > this.#fromMs
  }

  has(atMs: number): boolean {
    return atMs >= this.#fromMs && atMs <= this.#untilMs
  }
}

/** How many came while something was away, and how many of them met anything but answers at once meanwhile. */
export function whileAway(
  { visits }: Pick<LoadResult, 'visits'>,
  span: Span,
): { came: number; troubled: number } {
  const came = visits.filter(({ atMs }) => span.has(atMs))
  return {
    came: came.length,
    troubled: came.filter(({ troubledAtMs }) => troubledAtMs.some((atMs) => span.has(atMs))).length,
  }
}

/** Of those who came while something was away that a checkout does not need. A machine that does all it can may shed as many when all is well. */
const TROUBLED_SHARE = 0.1
/** Of so few shoppers that the share would allow none. */
const TROUBLED_ALWAYS = 2

/**
 * Checkouts go on while what they do not need is away: those who came meanwhile were served at once, and not when it was back. Of all, before and after
 * included, no more gave up.
 */
export function assertWentOn(load: Pick<LoadResult, 'visits' | 'gaveUp' | 'started'>, span: Span): void {
  const { came, troubled } = whileAway(load, span)
  assert(came > 0, 'nobody came while it was away')
  assert(
    troubled <= Math.max(TROUBLED_ALWAYS, came * TROUBLED_SHARE),
    `${troubled} of ${came} who came while it was away were asked to come again, not answered, or went away`,
  )
  assert(load.gaveUp <= load.started * TROUBLED_SHARE, `${load.gaveUp} of ${load.started} gave up`)
}

/** A shopper who is asked to come again does so for this long. */
const PATIENCE_MS = 90_000
/** Shoppers at once, in seconds of arrivals: whoever comes while so many are still at it goes to another shop. */
const CROWD_SECONDS = 20
const RETRY_FIRST_MS = 200
const RETRY_LAST_MS = 3_000
/** Each but the first follows an order that ended unheard. */
const MAX_ORDERS = 3
/** So many shoppers make one round: one of them has a card that is declined, one changes his mind. */
const ROUND = 10
const DECLINED = 3
const CHANGES_HIS_MIND = 4
/** Whoever's card was declined looks for another. */
const OTHER_CARD_MS = 3_000
/** Whoever changes his mind looks whether his order is confirmed, and less often the longer it takes: the crowd of them is no load of its own. */
const LOOK_FIRST_MS = 1_000
const LOOK_LAST_MS = 5_000

type Deed = 'pays' | 'is declined first' | 'changes his mind'

/**
 * Starts so many checkouts per second, whatever became of those before. Each shopper's client does what every client should:
 * a call that was not answered, or that was asked to come again, is repeated with the same key. In each ten shoppers one has a card that is
 * declined before another one pays, and one cancels his order when it is confirmed. All are guests, but for the customers.
 */
export async function shopAt(options: {
  shop: Shop
  skus: readonly string[]
  /** What the first shoppers want, one piece each. */
  scarce?: { readonly sku: string; readonly quantity: number }
  /** Who is signed in. Each comes once, in turn, and every other one changes his mind. */
  customers: readonly Pick<Buyer, 'email' | 'token'>[]
  perSecond: number
  /** At least this long, and as long as this goes on. */
  seconds: number
  during: Promise<unknown>
}): Promise<LoadResult> {
  const { shop, skus, scarce, customers, perSecond, seconds } = options
  const going = goesOn(options)
  const accepted: string[] = []
  const paid: string[] = []
  const calledOff: string[] = []
  const declined: string[] = []
  const visits: { atMs: number; troubledAtMs: number[] }[] = []
  const placedMs: number[] = []
  const wrong = new Map<string, number>()
  let [gaveUp, turnedAway, shed, unanswered, endedUnheard] = [0, 0, 0, 0, 0]

  const insist = async (
    visit: { troubledAtMs: number[] },
    call: () => Promise<Reply>,
    good: readonly (number | string)[],
  ): Promise<Reply> => {
    const until = performance.now() + PATIENCE_MS
    for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_LAST_MS)) {
      let waitMs = pauseMs
      const askedAtMs = performance.now()
      try {
        const reply = await call()
        if (good.includes(reply.status) || good.includes(reply.body?.code)) return reply
        if ([503, 504, 429].includes(reply.status) || reply.body?.code === 'IN_PROGRESS') {
          shed += 1
          visit.troubledAtMs.push(askedAtMs)
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
        visit.troubledAtMs.push(askedAtMs)
      }
      if (performance.now() + waitMs > until) throw new GaveUp()
      await sleep(waitMs * (0.75 + Math.random() / 2))
    }
  }

  const checkout = async (
    visit: { troubledAtMs: number[]; leave: () => void },
    { sku, deed, customer }: { sku: string; deed: Deed; customer: (typeof customers)[number] | undefined },
  ) => {
    const ask = (call: () => Promise<Reply>, good: readonly (number | string)[]) => insist(visit, call, good)
    const buyer = new Buyer(shop, customer?.email)
    buyer.token = customer?.token
    const own = crypto.randomUUID()
    const key = (step: string) => `${step}-${own}`
    const orderOf = async (): Promise<Placed> => {
      for (let orders = 1; orders <= MAX_ORDERS; orders += 1) {
        const reply = await ask(() => buyer.place(key(`order-${orders}`)), [201, 'ORDER_ENDED'])
        if (reply.status === 201) return reply.body
        endedUnheard += 1
      }
      throw new GaveUp()
    }
    const cart = await ask(
      () => shop.http.post('/v1/carts', {}, { token: buyer.token, key: key('cart') }),
      [201],
    )
    buyer.cartId = cart.body.cartId
    buyer.cartToken = cart.body.cartToken ?? undefined
    await ask(
      () =>
        shop.http.post(
          `/v1/carts/${buyer.cartId}/lines`,
          { sku, quantity: 1 },
          { ...buyer.owner, key: key('add') },
        ),
      [201],
    )
    const began = performance.now()
    const order = await orderOf()
    placedMs.push(performance.now() - began)
    const { orderId } = order.order
    accepted.push(orderId)
    // The card form may tell again what the gateway knows already: 400.
    if (deed === 'is declined first') {
      const { status } = await ask(() => buyer.pay(order, CARDS.declined), [400, 402])
      if (status === 402) declined.push(orderId)
      await sleep(OTHER_CARD_MS)
    }
    await ask(() => buyer.pay(order), [200, 400, 402])
    const completed = await ask(
      () =>
        shop.http.post(`/v1/payments/${order.payment.paymentId}/complete`, {
          clientSecret: order.payment.clientSecret,
        }),
      [200],
    )
    if (completed.body.status !== 'succeeded') return
    // Whoever has paid and waits for the confirmation keeps nobody else from coming.
    visit.leave()
    const isConfirmed = deed === 'changes his mind' && (await confirmed(ask, buyer, order))
    if (!isConfirmed) {
      paid.push(orderId)
      return
    }
    await ask(
      () =>
        shop.http.post(
          `/v1/orders/${orderId}/cancel`,
          {},
          { token: buyer.token, orderToken: order.orderToken },
        ),
      [200],
    )
    calledOff.push(orderId)
  }

  const customersEvery = Math.max(1, Math.floor((perSecond * seconds) / (customers.length + 1)))
  const running: Promise<void>[] = []
  let here = 0
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const began = performance.now()
  for (let index = 0; going() || index < perSecond * seconds; index += 1) {
    const dueMs = began + (index * 1_000) / perSecond - performance.now()
    if (dueMs > 0) await sleep(dueMs)
    const visit = { atMs: performance.now(), troubledAtMs: [] as number[], leave: () => {} }
    visits.push(visit)
    if (here >= perSecond * CROWD_SECONDS) {
      turnedAway += 1
      visit.troubledAtMs.push(visit.atMs)
      continue
    }
    here += 1
    let isHere = true
    const leave = () => {
      if (isHere) here -= 1
      isHere = false
    }
    visit.leave = leave
    const turn = index > 0 && index % customersEvery === 0 ? index / customersEvery - 1 : -1
    running.push(
      checkout(visit, {
        sku: scarce && index < scarce.quantity ? scarce.sku : skus[index % skus.length]!,
        deed: deedOf(customers[turn] ? CHANGES_HIS_MIND + (turn % 2) : index),
        customer: customers[turn],
      })
        .catch((error: unknown) => {
          if (error instanceof GaveUp) gaveUp += 1
          else failed.reject(error)
        })
        .finally(leave),
    )
  }
  await Promise.race([Promise.all(running), failed.promise])
  return {
    started: running.length + turnedAway,
    accepted,
    paid,
    calledOff,
    declined,
    visits,
    gaveUp: gaveUp + turnedAway,
    shed,
    unanswered,
    endedUnheard,
    wrong,
    placedMs: placedMs.sort((a, b) => a - b),
  }
}

/** True for so many seconds, and as long as something goes on. */
export function goesOn({ seconds, during }: { seconds: number; during: Promise<unknown> }): () => boolean {
  const until = performance.now() + seconds * 1_000
  let going = true
  const ended = () => {
    going = false
  }
  during.then(ended, ended)
  return () => going || performance.now() < until
}

const deedOf = (index: number): Deed => {
  const place = index % ROUND
  return place === DECLINED ? 'is declined first' : place === CHANGES_HIS_MIND ? 'changes his mind' : 'pays'
}

/** Whether he sees it as confirmed before his patience ends. */
async function confirmed(
  ask: (call: () => Promise<Reply>, good: readonly number[]) => Promise<Reply>,
  buyer: Buyer,
  order: Placed,
): Promise<boolean> {
  const until = performance.now() + PATIENCE_MS
  for (
    let pauseMs = LOOK_FIRST_MS;
    performance.now() < until;
    pauseMs = Math.min(pauseMs * 1.5, LOOK_LAST_MS)
  ) {
    const { body } = await ask(() => buyer.see(order), [200])
    if (body.status === 'confirmed') return true
    await sleep(pauseMs)
  }
  return false
}

class GaveUp extends Error {}
