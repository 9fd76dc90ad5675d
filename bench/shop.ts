import { type Child, freePort, startChild } from './child.ts'
import { type Goods, seedGoods } from './goods.ts'
import type { Bench } from './section.ts'

/** A whole shop as in production: every service in one process, the outside world in another. */
export type Shop = AsyncDisposable & {
  readonly url: string
  readonly sandboxUrl: string
  readonly host: Child
  readonly goods: Goods
  readonly databaseUrl: string
}

export async function openShop(
  bench: Bench,
  name: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Shop> {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await bench.createDatabase(name))
  const goods = await seedGoods(database.url)
  const [port, sandboxPort, smtpPort] = [await freePort(), await freePort(), await freePort()]
  const url = `http://127.0.0.1:${port}`
  const sandboxUrl = `http://127.0.0.1:${sandboxPort}`
  stack.use(
    await startChild('../sandbox/main.ts', {
      readyUrl: sandboxUrl,
      environment: {
        SANDBOX_PORT: String(sandboxPort),
        SANDBOX_SMTP_PORT: String(smtpPort),
        SANDBOX_WEBHOOK_URL: `${url}/v1/payments/webhooks/stripe`,
      },
    }),
  )
  const host = stack.use(
    await startChild('../host/main.ts', {
      readyUrl: `${url}/readyz`,
      environment: {
        DATABASE_URL: database.url,
        PORT: String(port),
        STRIPE_URL: sandboxUrl,
        SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
        LOG_LEVEL: 'info',
        ...environment,
      },
    }),
  )
  const open = stack.move()
  return {
    url,
    sandboxUrl,
    host,
    goods,
    databaseUrl: database.url,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
