import { createServer } from 'node:net'
import { join } from 'node:path'
import { inventory } from '@stoa/contracts/inventory'
import { product } from '@stoa/contracts/product'
import { createLogger, type Host, readConfig, startHost } from '@stoa/runtime'
import { openShopDatabase } from './database.ts'
import { seedDemo } from './demo/seed.ts'
import { hostConfig } from './host-config.ts'
import { openSandbox } from './sandbox.ts'
import { loadServices } from './services.ts'

/**
 * `npm start`: the services of this process with all that they need and that no address names: PostgreSQL, the outside world, a
 * catalogue. Says one line when it is ready; Ctrl-C and SIGTERM stop everything in order.
 */
const undo: (() => Promise<unknown>)[] = []
let starting: Promise<unknown> | undefined
let stopping: Promise<void> | undefined

/** The doors first, the database last. What is just being started is let come up, or nobody could stop it. */
const stop = (): Promise<void> => {
  stopping ??= (async () => {
    await starting
    for (const step of undo.splice(0).reverse()) await step().catch((error: unknown) => console.error(error))
  })()
  return stopping
}

let signals = 0
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    signals += 1
    // A terminal's Ctrl-C may arrive twice, through npm and directly; the third time someone means it.
    if (signals >= 3) process.exit(130)
    void stop().then(() => process.exit(0))
  })
}

try {
  await main()
} catch (error) {
  // A start that a signal has interrupted did not fail.
  if (!stopping) console.error(error instanceof Error ? explain(error) : error)
  await stop()
  process.exit(signals > 0 ? 0 : 1)
}

/** Waits for a part, and remembers how to stop it even when a signal comes meanwhile. */
async function start<Part extends { readonly stop: () => Promise<unknown> }>(
  part: Promise<Part>,
): Promise<Part> {
  starting = part.then(
    ({ stop }) => undo.push(stop),
    () => {},
  )
  const started = await part
  if (stopping) throw new Error('The start was interrupted')
  return started
}

async function main(): Promise<void> {
  const config = readConfig(hostConfig, process.env)
  const services = await loadServices(config.services)
  const hosts = (name: string) => services.some((service) => service.contract.name === name)
  const environment: Record<string, string | undefined> = { ...process.env }
  const logger = createLogger(config.logLevel)
  if (hosts('gateway')) await assertFree(config.port)

  const database = await start(openShopDatabase(environment, (line) => logger.info(line)))
  environment.DATABASE_URL = database.url
  environment.MEDIA_DIRECTORY ||= join(config.dataDirectory, 'media')
  const demo = config.demoCatalogue ?? (config.databaseUrl ? 'off' : 'on')
  const fills = demo === 'on' && hosts('product') && hosts('inventory')
  // The demonstration's pictures are drawn by the sandbox.
  const wantsSandbox =
    fills || (hosts('payment') && !config.stripeUrl) || (hosts('notification') && !config.smtpUrl)
  if (wantsSandbox) {
    const sandbox = await start(
      openSandbox({
        port: config.sandboxPort,
        smtpPort: config.sandboxSmtpPort,
        dataDirectory: join(config.dataDirectory, 'sandbox'),
        webhookUrl: `http://127.0.0.1:${config.port}/v1/payments/webhooks/stripe`,
      }),
    )
    environment.STRIPE_URL ||= sandbox.url
    environment.SMTP_URL ||= sandbox.smtpUrl
    environment.MEDIA_SOURCES ||= sandbox.url
    environment.SANDBOX_URL = sandbox.url
  }
  if (config.port !== 0) environment.SHOP_URL ||= `http://127.0.0.1:${config.port}`
  const host = await start(startHost({ services, environment, logger }))
  if (fills) await fillEmptyShop(host, { logger, studio: environment.SANDBOX_URL! })
  announce(host, environment.SANDBOX_URL)
}

async function fillEmptyShop(
  host: Host,
  { logger, studio }: { logger: { info: (message: string) => void }; studio: string },
): Promise<void> {
  const products = host.client(product, { via: 'host' })
  if ((await products.list({ limit: 1 })).items.length > 0) return
  logger.info('Filling the empty shop with the demonstration catalogue ...')
  await seedDemo({ product: products, inventory: host.client(inventory, { via: 'host' }) }, { studio })
}

function announce(host: Host, sandboxUrl: string | undefined): void {
  const words = host.url
    ? [`Stoa is open: ${host.url}/v1/products`, `docs ${host.url}/docs`]
    : [
        `Stoa hosts ${host.services.map(({ name }) => name).join(', ')}`,
        `called at ${host.internalUrl ?? 'no port'}`,
      ]
  if (sandboxUrl) words.push(`sandbox (payments, mail) ${sandboxUrl}`)
  console.log(words.join('  |  '))
}

function assertFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', () =>
      reject(new Error(`Port ${port} is taken. Stop what uses it, or set PORT to another.`)),
    )
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve()))
  })
}

/** The chain of causes, without stacks: what a person needs who typed `npm start`. */
function explain(error: Error): string {
  const lines = [error.message]
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    lines.push(`because: ${cause.message}`)
  return lines.join('\n')
}
