import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { freePort } from '@stoa/engines'

/** A Redis of the test's own, which it may stop, freeze and start again on the same port. */
export type RedisServer = AsyncDisposable & {
  readonly url: string
  readonly port: number
  readonly start: () => Promise<void>
  /** Ends it as a power cut would, or, `gently`, with its data saved. */
  readonly stop: (how?: 'gently') => Promise<void>
  /** It keeps its connections and answers nothing. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** Tells it something as its administrator. */
  readonly command: (...words: string[]) => Promise<void>
}

const STARTS_MS = 10_000

/** Needs `redis-server` on the path. `settings` as in redis.conf; nothing is saved unless they say so. */
export async function startRedisServer(
  settings: Readonly<Record<string, string>> = {},
): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-redis-'))
  const port = await freePort()
  let server: ChildProcess | undefined
  const start = async () => {
    const all = { port: String(port), bind: '127.0.0.1', dir: directory, save: '', ...settings }
    const started = spawn(
      'redis-server',
      Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')]),
      { stdio: 'ignore' },
    )
    server = started
    const failed = Promise.withResolvers<never>()
    failed.promise.catch(() => {})
    started.once('error', failed.reject)
    started.once('exit', (code) => failed.reject(new Error(`redis-server ended with ${code}`)))
    await Promise.race([failed.promise, answers(port)])
  }
  const stop = async (how?: 'gently') => {
    const ended = server
    server = undefined
    if (!ended || ended.exitCode !== null || ended.signalCode !== null) return
    const exit = once(ended, 'exit')
    // A frozen process hears of its end only when it goes on.
    ended.kill('SIGCONT')
    ended.kill(how === 'gently' ? 'SIGTERM' : 'SIGKILL')
    await exit
  }
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    start,
    stop,
    freeze: () => void server?.kill('SIGSTOP'),
    thaw: () => void server?.kill('SIGCONT'),
    command: async (...words) => {
      const client = createClient({ url: `redis://127.0.0.1:${port}` })
      client.on('error', () => {})
      await client.connect()
      try {
        await client.sendCommand(words)
      } finally {
        client.destroy()
      }
    },
    [Symbol.asyncDispose]: async () => {
      await stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function answers(port: number): Promise<void> {
  const until = Date.now() + STARTS_MS
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch (error) {
      if (Date.now() > until) throw error
    } finally {
      socket.destroy()
    }
    await sleep(20)
  }
}
