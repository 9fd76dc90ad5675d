import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { homeRoute } from './home-page.ts'
import { createRouter, json, type Route } from './http-router.ts'
import { openJournal } from './journal.ts'
import { startMailbox } from './mailbox/mailbox.ts'
import { createPhotoStudio } from './pictures/pictures.ts'
import type { Keys } from './stripe/api.ts'
import { createStripe } from './stripe/stripe.ts'

export type SandboxOptions = {
  /** 0 (the default) takes any free port; so does `smtpPort`. */
  port?: number
  smtpPort?: number
  host?: string
  /** Where a browser finds us when that is not `host` and `port`; without a trailing slash. */
  publicUrl?: string
  keys?: Partial<SandboxKeys>
  /** Where Stripe's events go from the start; others register under `/sandbox/stripe/webhook_endpoints`. */
  webhook?: { url: string; secret?: string; enabledEvents?: string[] }
  /** Where payments are remembered over restarts; in memory alone when absent. Mail is never kept. */
  dataDirectory?: string
}

export type SandboxKeys = Keys & { webhook: string }

export type Sandbox = {
  /** Without a trailing slash. */
  url: string
  smtpUrl: string
  smtpPort: number
  keys: SandboxKeys
  /** Stops at once: nothing is waited for, nothing stays open. */
  stop(): Promise<void>
}

export const DEFAULT_KEYS: SandboxKeys = {
  publishable: 'pk_test_stoa_sandbox',
  secret: 'sk_test_stoa_sandbox',
  webhook: 'whsec_stoa_sandbox',
}

/** Starts every company of the outside world behind one HTTP and one SMTP port. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, smtpPort = 0, host = '127.0.0.1', publicUrl, webhook, dataDirectory } = options
  const keys = { ...DEFAULT_KEYS, ...options.keys }
  let url = ''

  const journal = dataDirectory === undefined ? null : openJournal(join(dataDirectory, 'stripe'))
  const mailbox = await startMailbox({ host, port: smtpPort })
  const stripe = createStripe({
    keys,
    webhook: webhook === undefined ? null : { secret: keys.webhook, ...webhook },
    journal,
    publicUrl: () => publicUrl ?? url,
  })
  const resetAll: Route = {
    method: 'POST',
    pattern: '/sandbox/reset',
    handler() {
      stripe.reset()
      mailbox.reset()
      return json({ reset: true })
    },
  }
  const home = homeRoute({ smtpPort: mailbox.port, publishableKey: keys.publishable })
  const server = createServer(
    { keepAliveTimeout: 65_000, requestTimeout: 30_000 },
    createRouter([home, resetAll, ...stripe.routes, ...mailbox.routes, ...createPhotoStudio().routes]),
  )

  async function stop(): Promise<void> {
    stripe.stop()
    server.closeAllConnections()
    await Promise.all([new Promise((resolve) => server.close(resolve)), mailbox.stop()])
    journal?.close()
  }

  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, () => {
        server.removeListener('error', reject)
        resolve()
      })
    })
  } catch (error) {
    await stop()
    throw error
  }
  url = `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
  return { url, smtpUrl: `smtp://${host}:${mailbox.port}`, smtpPort: mailbox.port, keys, stop }
}
