import { DEFAULT_KEYS, startSandbox } from './start-sandbox.ts'

/** `node main.ts`: configuration from the environment, one line of JSON when ready, stops on SIGTERM and SIGINT. */

const { env } = process

function port(name: string, fallback: number): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number
  process.stderr.write(`${name} must be a port from 0 to 65535, not ${text}.\n`)
  process.exit(2)
}

try {
  const sandbox = await startSandbox({
    port: port('SANDBOX_PORT', 8090),
    smtpPort: port('SANDBOX_SMTP_PORT', 8025),
    host: env.SANDBOX_HOST || '127.0.0.1',
    keys: {
      publishable: env.SANDBOX_STRIPE_PUBLISHABLE_KEY || DEFAULT_KEYS.publishable,
      secret: env.SANDBOX_STRIPE_SECRET_KEY || DEFAULT_KEYS.secret,
      webhook: env.SANDBOX_STRIPE_WEBHOOK_SECRET || DEFAULT_KEYS.webhook,
    },
    ...(env.SANDBOX_PUBLIC_URL ? { publicUrl: env.SANDBOX_PUBLIC_URL.replace(/\/+$/, '') } : {}),
    ...(env.SANDBOX_WEBHOOK_URL ? { webhook: { url: env.SANDBOX_WEBHOOK_URL } } : {}),
    ...(env.SANDBOX_DATA ? { dataDirectory: env.SANDBOX_DATA } : {}),
  })
  let stopping = false
  const stop = () => {
    // A second request does not wait for the first.
    if (stopping) process.exit(1)
    stopping = true
    sandbox.stop().then(() => process.exit(0))
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
  // Whoever started us may die without a word: the end of the pipe is that word.
  if (env.SANDBOX_STOPS_WITH_STDIN) process.stdin.on('end', stop).resume()
  process.stdout.write(`${JSON.stringify({ ready: true, url: sandbox.url, smtpUrl: sandbox.smtpUrl })}\n`)
} catch (error) {
  const { code } = error as NodeJS.ErrnoException
  const reason =
    code === 'EADDRINUSE' ? 'A port is taken: set SANDBOX_PORT or SANDBOX_SMTP_PORT.' : String(error)
  process.stderr.write(`The sandbox cannot start. ${reason}\n`)
  process.exit(1)
}
