import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import Stripe from 'stripe'
import { type Sandbox, type SandboxOptions, startSandbox } from './start-sandbox.ts'

export async function aSandbox(t: TestContext, options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox(options)
  t.after(() => sandbox.stop())
  return sandbox
}

/** The official client, as a shop's server uses it. It does not retry, so that a test sees each answer. */
export function stripeFor({ url, keys }: Pick<Sandbox, 'keys' | 'url'>, key = keys.secret): Stripe {
  const { hostname, port } = new URL(url)
  return new Stripe(key, { host: hostname, port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 })
}

type Called = { status: number; body: Record<string, unknown>; headers: Headers }

/** A form sent as it is, with the key given. */
export async function call(
  { url }: Pick<Sandbox, 'url'>,
  request: {
    key?: string
    method?: string
    path: string
    form?: Record<string, string>
    headers?: Record<string, string>
  },
): Promise<Called> {
  const { key, method = 'POST', path, form, headers } = request
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers },
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
  })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Called['body'],
  }
}

/** A call to the control API. */
export async function control<T>(
  { url }: Pick<Sandbox, 'url'>,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(`${url}/sandbox/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return (await response.json()) as T
}

export type Received = { text: string; signature: string; event: Stripe.Event; atMs: number }

/** A shop's webhook endpoint that answers what `statusFor` says, 200 by default. */
export async function aReceiver(
  t: TestContext,
  statusFor: (count: number) => number = () => 200,
): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString('utf8')
    const signature = String(request.headers['stripe-signature'])
    received.push({ text, signature, event: JSON.parse(text) as Stripe.Event, atMs: Date.now() })
    response.writeHead(statusFor(received.length)).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`, received }
}

/**
 * For what is promised in a time: the machine may stand still in the middle of it, and then `round` answers false and is run
 * once more. It has to answer true in one of five.
 */
export async function inOneRound(round: () => Promise<boolean>, what: string): Promise<void> {
  for (let rounds = 1; !(await round()); rounds += 1)
    if (rounds === 5) throw new Error(`It did not happen in any of five rounds: ${what}`)
}

/** Waits until `condition` holds, five seconds at most. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 5000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`It did not happen within 5 s: ${what}`)
    await sleep(10)
  }
}
