import { auth } from '@stoa/contracts/auth'
import { notification } from '@stoa/contracts/notification'
import { type Order, order } from '@stoa/contracts/order'
import { newTrace } from '@stoa/runtime'
import { type Sandbox, startSandbox } from '@stoa/sandbox'
import { fake, startTestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import service from './service.ts'

export type MailHost = Awaited<ReturnType<typeof startMailHost>>

export type ReceivedMail = {
  readonly messageId: string
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly headers: readonly { name: string; value: string }[]
}

export const ADDRESS = 'ada@example.com'

/** The notification service beside a mail server, with accounts and orders that the test decides. */
export async function startMailHost({
  environment = {},
  order: anyOrder = anOrder(),
  token = 'a-token-of-at-least-twenty-characters' as string | null,
}: {
  environment?: Record<string, string>
  order?: Order
  token?: string | null
} = {}) {
  const sandbox = await startSandbox()
  const world = {
    order: anyOrder,
    token,
    apiKeys: [] as { name: string; rotatedAt: string; expiresAt: string }[],
    calls: [] as unknown[],
  }
  const host = await startTestHost({
    services: [
      service,
      fake(auth, {
        mailDetails: (input) => {
          world.calls.push(input)
          return { email: ADDRESS, name: 'Ada Lovelace', token: world.token }
        },
        apiKeyMailDetails: () => ({ email: ADDRESS, name: null, apiKeys: world.apiKeys }),
      }),
      fake(order, {
        mailDetails: ({ orderId }) => ({
          order: { ...world.order, orderId },
          orderToken: 'order-token-of-twenty-characters',
        }),
      }),
    ],
    environment: { SMTP_URL: sandbox.smtpUrl, SHOP_URL: 'https://shop.example/en', ...environment },
  })
  const staff = { kind: 'staff' as const, id: v7(), sessionId: v7(), permissions: ['notification:read'] }
  return {
    ...host,
    sandbox,
    /** What `auth` and `order` answer; may be changed at any time. */
    world,
    staff: host.client(notification, { actor: staff }),
    mails: async () => (await mailbox(sandbox, 'GET', 'messages')).items as ReceivedMail[],
    faults: (faults: object) => mailbox(sandbox, 'POST', 'faults', faults),
    counters: () => mailbox(sandbox, 'GET', 'counters'),
    runJob: async (name: string, input: object = {}) => {
      const hosted = host.host.services.find((candidate) => candidate.name === 'notification')
      const job = hosted?.service.jobs.find((candidate) => candidate.name === name)
      if (!hosted || !job) throw new Error(`there is no job ${name}`)
      await job.handle(
        input,
        hosted.context({ name, trace: newTrace(), signal: AbortSignal.timeout(20_000) }),
      )
    },
    [Symbol.asyncDispose]: async () => {
      await host[Symbol.asyncDispose]()
      await sandbox.stop()
    },
  }
}

/** An order as `order` tells it. */
export function anOrder(given: Partial<Order> = {}): Order {
  const money = (amountMinor: number) => ({ amountMinor, currency: 'EUR' })
  const address = {
    name: 'Ada Lovelace',
    street: '12 St James’s Square',
    city: 'London',
    postalCode: 'SW1Y 4JH',
    country: 'GB',
  }
  return {
    orderId: v7(),
    number: 'S-7K3M-92QX',
    status: 'confirmed',
    cancelReason: null,
    paymentProblem: null,
    email: ADDRESS,
    lines: [
      {
        lineId: v7(),
        sku: 'DESK-OAK',
        productId: v7(),
        name: 'Desk <b>"Oak"</b> & Co',
        options: { Colour: 'Oak', Width: '140 cm' },
        quantity: 2,
        unitPriceMinor: 12_950,
        totalMinor: 25_900,
      },
    ],
    totals: { subtotal: money(25_900), total: money(25_900) },
    shippingAddress: address,
    billingAddress: address,
    placedAt: '2026-11-23T13:05:00.000Z',
    payBefore: '2026-11-23T13:35:00.000Z',
    confirmedAt: null,
    cancelledAt: null,
    ...given,
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the sandbox's answers are read by tests alone
async function mailbox({ url }: Sandbox, method: string, path: string, body?: object): Promise<any> {
  const response = await fetch(`${url}/sandbox/mail/${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response.json()
}
