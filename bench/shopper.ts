import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Shop } from './shop.ts'

/** Documented by the vendor as a card that always pays. */
const CARD = '4242424242424242'
const ADDRESS = {
  name: 'Ada Buyer',
  street: '1 Stoa Way',
  city: 'Athens',
  postalCode: '10555',
  country: 'GR',
}
/** A checkout that takes longer has failed. */
const MAIL_WITHIN_MS = 30_000
const MAIL_PAGE = 50
const MAIL_PAUSE_MS = 40

export type Bought = { readonly orderId: string; readonly orderToken: string }

/** Guests that buy through nothing but the public API, the gateway's card form, and their mailbox. */
export type Shoppers = AsyncDisposable & {
  /** A whole checkout of two lines, from no cart to the confirmation in the mailbox. */
  readonly buy: () => Promise<Bought>
  readonly statusOf: (bought: Bought) => Promise<string>
}

export function invite(shop: Shop): Shoppers {
  const agent = new Agent({ connections: 64 })
  const mailbox = watchMailbox(shop.sandboxUrl, agent)
  let guests = 0

  async function send(
    method: 'GET' | 'POST',
    url: string,
    headers: Record<string, string>,
    body?: string,
    // biome-ignore lint/suspicious/noExplicitAny: a shopper looks at what it expects
  ): Promise<any> {
    const reply = await request(url, { dispatcher: agent, method, headers, ...(body ? { body } : {}) })
    const text = await reply.body.text()
    assert(reply.statusCode < 300, `${method} ${url} answered ${reply.statusCode}: ${text}`)
    return JSON.parse(text)
  }
  const post = (path: string, body: object, headers: Record<string, string>) =>
    send(
      'POST',
      `${shop.url}${path}`,
      { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID(), ...headers },
      JSON.stringify(body),
    )

  async function buy(): Promise<Bought> {
    guests += 1
    const email = `guest-${guests}-${crypto.randomUUID()}@example.com`
    const { cartId, cartToken } = await post('/v1/carts', {}, {})
    const owner = { 'cart-token': cartToken }
    for (const sku of twoOf(shop.goods.skus))
      await post(`/v1/carts/${cartId}/lines`, { sku, quantity: 1 }, owner)
    const { order, payment, orderToken } = await post(
      '/v1/orders',
      { cartId, email, shippingAddress: ADDRESS },
      owner,
    )
    const mail = mailbox.mailTo(email)
    const form = new URLSearchParams({
      key: payment.publishableKey,
      client_secret: payment.clientSecret,
      return_url: 'https://shop.example/back',
      'payment_method_data[type]': 'card',
      'payment_method_data[card][number]': CARD,
      'payment_method_data[card][exp_month]': '12',
      'payment_method_data[card][exp_year]': '2034',
      'payment_method_data[card][cvc]': '123',
    })
    const intent = payment.clientSecret.split('_secret_')[0]
    await send(
      'POST',
      `${payment.apiUrl}/v1/payment_intents/${intent}/confirm`,
      { 'content-type': 'application/x-www-form-urlencoded' },
      form.toString(),
    )
    await mail
    return { orderId: order.orderId, orderToken }
  }

  return {
    buy,
    statusOf: async ({ orderId, orderToken }) =>
      (await send('GET', `${shop.url}/v1/orders/${orderId}`, { 'order-token': orderToken })).status,
    [Symbol.asyncDispose]: async () => {
      mailbox.close()
      await agent.close()
    },
  }
}

/** Two distinct ones at random. */
function twoOf(skus: readonly string[]): [string, string] {
  const first = Math.floor(Math.random() * skus.length)
  const second = (first + 1 + Math.floor(Math.random() * (skus.length - 1))) % skus.length
  return [skus[first]!, skus[second]!]
}

/** One reader for everyone who waits: it reads the newest mails until it meets one that it has seen. */
function watchMailbox(sandboxUrl: string, agent: Agent) {
  const waiting = new Map<string, () => void>()
  let newestSeen: string | undefined
  let reading = false

  async function read(): Promise<void> {
    reading = true
    while (waiting.size > 0) {
      let after: string | undefined
      let newest: string | undefined
      // At most as many pages as there are mails since the last look.
      for (;;) {
        const query = `limit=${MAIL_PAGE}${after ? `&after=${after}` : ''}`
        const reply = await request(`${sandboxUrl}/sandbox/mail/messages?${query}`, { dispatcher: agent })
        const { items } = (await reply.body.json()) as { items: { id: string; to: string[] }[] }
        newest ??= items[0]?.id
        const known = items.findIndex(({ id }) => id === newestSeen)
        for (const { to } of known < 0 ? items : items.slice(0, known)) for (const one of to) arrived(one)
        if (known >= 0 || items.length < MAIL_PAGE) break
        after = items.at(-1)!.id
      }
      newestSeen = newest ?? newestSeen
      await sleep(MAIL_PAUSE_MS)
    }
    reading = false
  }
  const arrived = (address: string) => {
    waiting.get(address)?.()
    waiting.delete(address)
  }

  return {
    mailTo: (address: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(address)
          reject(new Error(`no mail reached ${address} within ${MAIL_WITHIN_MS / 1000} s`))
        }, MAIL_WITHIN_MS)
        waiting.set(address, () => {
          clearTimeout(timer)
          resolve()
        })
        if (!reading) read().catch(reject)
      }),
    close: () => waiting.clear(),
  }
}
