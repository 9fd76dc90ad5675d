import assert from 'node:assert/strict'
import { eventually } from '@stoa/testing'
import type { Reply } from './http.ts'
import type { Shop } from './shop.ts'

/** The documented test cards that journeys use. */
export const CARDS = {
  good: '4242424242424242',
  declined: '4000000000000002',
  insufficientFunds: '4000000000009995',
  secure: '4000000000003220',
} as const

export const ADDRESS = {
  name: 'Ada Buyer',
  street: '1 Stoa Way',
  city: 'Athens',
  postalCode: '10555',
  country: 'GR',
}

export type Placed = {
  readonly order: {
    orderId: string
    number: string
    status: string
    totals: { total: { amountMinor: number } }
  }
  readonly payment: { paymentId: string; publishableKey: string; clientSecret: string; apiUrl: string }
  readonly orderToken: string
}

/** A shopper with nothing but the public API, the card form's gateway, and a mailbox. */
export class Buyer {
  readonly shop: Shop
  readonly email: string
  /** An access token, once signed in. */
  token: string | undefined
  cartId = ''
  cartToken: string | undefined
  #keys = 0

  constructor(shop: Shop, email = `buyer-${crypto.randomUUID()}@example.com`) {
    this.shop = shop
    this.email = email
  }

  key(name: string): string {
    this.#keys += 1
    return `${name}-${this.#keys}-${crypto.randomUUID()}`
  }

  async register(password = 'a long password'): Promise<void> {
    const { status, body } = await this.shop.http.post(
      '/v1/auth/register',
      { email: this.email, password, name: 'Ada Buyer' },
      { key: this.key('register') },
    )
    assert.equal(status, 201, JSON.stringify(body))
    this.token = body.accessToken
  }

  async startCart(): Promise<void> {
    const { status, body } = await this.shop.http.post(
      '/v1/carts',
      {},
      { token: this.token, key: this.key('cart') },
    )
    assert.equal(status, 201, JSON.stringify(body))
    this.cartId = body.cartId
    this.cartToken = body.cartToken ?? undefined
  }

  async add(sku: string, quantity = 1): Promise<Reply> {
    const reply = await this.shop.http.post(
      `/v1/carts/${this.cartId}/lines`,
      { sku, quantity },
      { ...this.owner, key: this.key('add') },
    )
    assert.equal(reply.status, 201, JSON.stringify(reply.body))
    return reply
  }

  /** Fills a new cart. */
  async fill(...skus: string[]): Promise<void> {
    await this.startCart()
    for (const sku of skus) await this.add(sku)
  }

  get owner() {
    return { token: this.token, cartToken: this.cartToken }
  }

  /** Sends the order; the reply may be a refusal. */
  place(key = this.key('order')): Promise<Reply> {
    return this.shop.http.post(
      '/v1/orders',
      { cartId: this.cartId, email: this.email, shippingAddress: ADDRESS },
      { ...this.owner, key },
    )
  }

  async order(key?: string): Promise<Placed> {
    const reply = await this.place(key)
    assert.equal(reply.status, 201, JSON.stringify(reply.body))
    return reply.body
  }

  /** What the browser's card form does: card number and client secret to the gateway's own address. */
  async pay({ payment }: Placed, card: string = CARDS.good): Promise<Reply> {
    const [intentId] = payment.clientSecret.split('_secret_')
    const form = new URLSearchParams({
      key: payment.publishableKey,
      client_secret: payment.clientSecret,
      return_url: 'https://shop.example/back',
      'payment_method_data[type]': 'card',
      'payment_method_data[card][number]': card,
      'payment_method_data[card][exp_month]': '12',
      'payment_method_data[card][exp_year]': '2034',
      'payment_method_data[card][cvc]': '123',
    })
    const response = await fetch(`${payment.apiUrl}/v1/payment_intents/${intentId}/confirm`, {
      method: 'POST',
      body: form,
    })
    return { status: response.status, body: await response.json(), headers: response.headers }
  }

  /** Answers the bank's 3-D Secure question. Returns where the browser is sent. */
  async answerChallenge(intent: Reply, outcome: 'complete' | 'fail'): Promise<string> {
    const response = await fetch(intent.body.next_action.redirect_to_url.url, {
      method: 'POST',
      body: new URLSearchParams({ outcome }),
      redirect: 'manual',
    })
    assert(response.status === 302 || response.status === 303, `the challenge answered ${response.status}`)
    return response.headers.get('location')!
  }

  /** Tells the shop that the browser is back. */
  complete({ payment }: Placed): Promise<Reply> {
    return this.shop.http.post(`/v1/payments/${payment.paymentId}/complete`, {
      clientSecret: payment.clientSecret,
    })
  }

  see({ order, orderToken }: Placed): Promise<Reply> {
    return this.shop.http.get(`/v1/orders/${order.orderId}`, { token: this.token, orderToken })
  }

  /** Waits until the order is in one of these states, and returns it. */
  async orderIs(placed: Placed, statuses: string | readonly string[], timeoutMs = 15_000) {
    const wanted = [statuses].flat()
    return eventually(
      async () => {
        const { status, body } = await this.see(placed)
        assert.equal(status, 200, JSON.stringify(body))
        assert(wanted.includes(body.status), `the order is ${body.status}, not ${wanted.join(' or ')}`)
        return body
      },
      { timeoutMs },
    )
  }

  /** The mails that reached this buyer, oldest first. */
  async mails(): Promise<{ subject: string; text: string; html: string; messageId: string }[]> {
    const response = await fetch(
      `${this.shop.sandbox.url}/sandbox/mail/messages?to=${encodeURIComponent(this.email)}&limit=100`,
    )
    const { items } = (await response.json()) as { items: never[] }
    return items.reverse()
  }

  async mailAbout(pattern: RegExp, timeoutMs = 15_000) {
    return eventually(
      async () => {
        const mails = await this.mails()
        const found = mails.find(({ subject }) => pattern.test(subject))
        assert(found, `no mail about ${pattern}, only ${mails.map(({ subject }) => subject).join(', ')}`)
        return found
      },
      { timeoutMs },
    )
  }
}

/** Sets what the sandbox does wrong. */
export async function sandboxControl(shop: Shop, path: string, body: unknown): Promise<void> {
  const response = await fetch(`${shop.sandbox.url}/sandbox/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  assert(response.ok, `the sandbox answered ${response.status}: ${await response.text()}`)
}
