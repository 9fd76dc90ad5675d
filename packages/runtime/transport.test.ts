import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Bytes, Content, contract, operation, Rejection } from '@stoa/contract'
import { allWithinOnce, eventually, startTestHost, withinOnce } from '@stoa/testing'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { z } from 'zod'
import { createBreakers } from './breaker.ts'
import type { CallMeta } from './dispatch.ts'
import { startHost } from './host.ts'
import { createCallMetrics } from './metrics.ts'
import { defineService } from './service.ts'
import { newTrace } from './trace.ts'
import { CONTENT_HEADER, DRAINING, type InternalCall, readOutput, remoteTransport } from './transport.ts'

const shelf = contract('shelf', {
  look: operation({
    summary: 'A call that may be repeated',
    method: 'GET',
    path: '/shelf',
    access: 'service',
    input: z.strictObject({}),
    output: z.object({ by: z.string() }),
  }),
  ring: operation({
    summary: 'A call that must not be repeated',
    method: 'POST',
    path: '/shelf/bell',
    access: 'service',
    idempotency: 'none',
    input: z.strictObject({}),
    output: z.object({ by: z.string() }),
  }),
  picture: operation({
    summary: 'An answer of bytes',
    method: 'GET',
    path: '/shelf/picture',
    access: 'service',
    input: z.strictObject({}),
    output: Bytes,
  }),
})

type Behaviour =
  | 'well'
  /** Accepts and never says anything, pings included. */
  | 'frozen'
  /** Hangs up on a call when it has read it. */
  | 'cutting'
  | 'draining'
  /** Answers, each after a pause. */
  | 'slow'
  | 'refusing'

/** More than two sockets hold between them. */
const PICTURE_BYTES = 3_000_000

/** A process of a service, as its callers see it. */
class Process implements AsyncDisposable {
  readonly name: string
  behaviour: Behaviour
  calls = 0
  /** What comes before each answer of a slow one. */
  pause: () => Promise<unknown> = () => sleep(300)
  underway = 0
  mostUnderway = 0
  lastDeadlineMs = 0
  #server: Server | undefined
  #port = 0
  readonly #sockets = new Set<Socket>()

  constructor(name: string, behaviour: Behaviour = 'well') {
    this.name = name
    this.behaviour = behaviour
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response))
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
    return this
  }

  async kill(): Promise<void> {
    const closed = once(this.#server!, 'close')
    this.#server!.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server?.listening) await this.kill()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const piece of request) text += piece
    if (this.behaviour === 'frozen') return
    if (request.url === '/healthz') return void response.end('{"ok":true}')
    this.calls += 1
    this.lastDeadlineMs = (JSON.parse(text) as InternalCall).deadlineMs
    this.underway += 1
    this.mostUnderway = Math.max(this.mostUnderway, this.underway)
    if (this.behaviour === 'slow') await this.pause()
    this.underway -= 1
    if (this.behaviour === 'cutting') return void request.socket.destroy()
    if (this.behaviour === 'draining')
      return void response.writeHead(503, { connection: 'close' }).end(JSON.stringify({ code: DRAINING }))
    if (this.behaviour === 'refusing')
      return void response.writeHead(409).end(JSON.stringify({ code: 'IN_PROGRESS' }))
    if (request.url?.endsWith('picture'))
      return void response
        .writeHead(200, {
          'content-type': 'image/png',
          [CONTENT_HEADER]: '1',
          'content-length': PICTURE_BYTES,
        })
        .end(Buffer.alloc(PICTURE_BYTES))
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ by: this.name }))
  }
}

/** Has frozen, and its queue of connections is full: who connects hears nothing, as from a host that has vanished. */
async function startVanished(): Promise<{ url: string } & AsyncDisposable> {
  const child = spawn(process.execPath, [
    '-e',
    `const server = require('node:http').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))`,
  ])
  const port = Number((await once(child.stdout, 'data')).join())
  child.kill('SIGSTOP')
  const queued: Socket[] = []
  for (let isFull = false; !isFull; ) {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    queued.push(socket)
    isFull = await Promise.race([once(socket, 'connect').then(() => false), sleep(300, true)])
  }
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of queued) socket.destroy()
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

function callerOf(...processes: { readonly url: string }[]) {
  const registry = new Registry()
  const transport = remoteTransport({
    contract: shelf,
    addresses: processes.map(({ url }) => url).join(', '),
    secret: 'secret-of-the-tests',
    calls: createCallMetrics(registry),
    breakers: createBreakers(registry),
  })
  const send = async (
    name: keyof typeof shelf.operations,
    { withinMs = 5_000, signal = new AbortController().signal } = {},
  ) => {
    const asked = shelf.operations[name]
    const meta: CallMeta = {
      actor: { kind: 'anonymous' },
      origin: { address: undefined, via: 'test' },
      idempotencyKey: undefined,
      trace: newTrace(),
      deadlineAt: Date.now() + withinMs,
      signal,
    }
    return readOutput(asked, await transport.send(name, asked, {}, meta))
  }
  const call = async (...asked: Parameters<typeof send>) => ((await send(...asked)) as { by: string }).by
  const many = (times: number, ...asked: Partial<Parameters<typeof send>>) =>
    Promise.allSettled(Array.from({ length: times }, () => call(asked[0] ?? 'look', asked[1])))
  return { call, send, many, registry, [Symbol.asyncDispose]: () => transport.close() }
}

const codes = (results: PromiseSettledResult<string>[]): string[] =>
  [
    ...new Set(
      results.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Rejection).code)),
    ),
  ].sort()
const timed = async <T>(work: () => Promise<T>): Promise<{ result: T; tookMs: number }> => {
  const startedAt = performance.now()
  const result = await work()
  return { result, tookMs: performance.now() - startedAt }
}

describe('Replicas of a service', () => {
  it('share the calls', async () => {
    await using a = await new Process('a').start()
    await using b = await new Process('b').start()
    await using caller = callerOf(a, b)
    for (let call = 0; call < 10; call += 1) await caller.call('look')
    assert.deepEqual([a.calls, b.calls], [5, 5])
  })

  it('that are gone are left at once: no call fails, not even one that must not be repeated', async () => {
    await using a = await new Process('a').start()
    await using b = await new Process('b').start()
    await using caller = callerOf(a, b)
    await caller.many(8)
    await a.kill()
    // Until its kept connections have heard of it: after a standstill timers come first, and then what has come from the network.
    await sleep(20)
    await new Promise(setImmediate)
    assert.deepEqual(codes(await caller.many(50, 'ring')), ['b'])
    assert.deepEqual(codes(await caller.many(50)), ['b'])
  })

  it('that come back are used again within seconds', async () => {
    await using a = await new Process('a').start()
    await using b = await new Process('b').start()
    await using caller = callerOf(a, b)
    await a.kill()
    await caller.many(20)
    await a.start()
    await eventually(async () => assert.equal(await caller.call('look'), 'a'), { timeoutMs: 5_000 })
  })

  it('that are all away: refused at once, without a try, and served again soon after one is back', async () => {
    await using a = await new Process('a').start()
    await using caller = callerOf(a)
    await a.kill()
    assert.deepEqual(codes(await caller.many(10)), ['UNAVAILABLE'])
    await withinOnce(500, async () => assert.deepEqual(codes(await caller.many(1_000)), ['UNAVAILABLE']))
    await a.start()
    await eventually(async () => assert.equal(await caller.call('look'), 'a'), { timeoutMs: 5_000 })
  })

  it('that freeze hold few calls, which others take over within three seconds, and then none', () =>
    allWithinOnce([3_000, 500], async () => {
      await using a = await new Process('a', 'frozen').start()
      await using b = await new Process('b').start()
      await using caller = callerOf(a, b)
      const { result, tookMs } = await timed(() => caller.many(100))
      assert.deepEqual(codes(result), ['b'])
      const after = await timed(() => caller.many(100))
      assert.deepEqual(codes(after.result), ['b'])
      assert.match(await caller.registry.metrics(), /stoa_upstream_opened_total\{[^}]*\} 1/)
      return [tookMs, after.tookMs]
    }))

  it('that freeze never get a second try of a call that must not be repeated', async () => {
    await using a = await new Process('a', 'frozen').start()
    await using b = await new Process('b').start()
    await using caller = callerOf(a, b)
    const results = await caller.many(20, 'ring')
    assert.deepEqual(codes(results), ['UNAVAILABLE', 'b'])
    assert.equal(b.calls, results.filter(({ status }) => status === 'fulfilled').length)
  })

  it('that are slow get fewer calls than the quick ones, and stay in use', async () => {
    await using a = await new Process('a', 'slow').start()
    await using b = await new Process('b').start()
    await using caller = callerOf(a, b)
    // Slow by what the other does meanwhile, not by the clock.
    a.pause = async () => {
      for (const until = Math.min(b.calls + 100, 1_000); b.calls < until; ) await sleep(1)
    }
    const one = async () => {
      while (b.calls < 1_000) await caller.call('look', { withinMs: 60_000 })
    }
    await Promise.all(Array.from({ length: 8 }, one))
    assert.ok(a.calls >= 8, `${a.calls} calls of the slow one`)
    assert.ok(b.calls > 10 * a.calls, `${a.calls} and ${b.calls}`)
  })

  it('that flap cost nothing but another try', async () => {
    await using a = await new Process('a').start()
    await using b = await new Process('b').start()
    await using caller = callerOf(a, b)
    let flapping = true
    const flap = async () => {
      while (flapping) {
        a.behaviour = a.behaviour === 'well' ? 'cutting' : 'well'
        await sleep(20)
      }
    }
    const going = flap()
    for (let round = 0; round < 20; round += 1) {
      assert.ok(!codes(await caller.many(10)).includes('UNAVAILABLE'))
      await sleep(10)
    }
    flapping = false
    await going
  })

  it('that vanish are left, and all who wait for a connection are told at once', () =>
    // Two seconds until it is known; whose second try begins a trial waits one more.
    allWithinOnce([5_000], async () => {
      await using a = await startVanished()
      await using caller = callerOf(a)
      const { result, tookMs } = await timed(() => caller.many(300, 'look', { withinMs: 10_000 }))
      assert.deepEqual(codes(result), ['UNAVAILABLE'])
      return [tookMs]
    }))

  it('that drain turn calls away, and others serve them, whatever they are', async () => {
    await using a = await new Process('a', 'draining').start()
    await using b = await new Process('b').start()
    await using caller = callerOf(a, b)
    assert.deepEqual(codes(await caller.many(50, 'ring')), ['b'])
    assert.deepEqual(codes(await caller.many(50)), ['b'])
  })
})

describe('A replica that is stopped under load', () => {
  it('loses no call, not even one that must not be repeated', async () => {
    const by = randomUUID()
    let [begun, served] = [0, 0]
    const answer = async () => {
      begun += 1
      await sleep(20)
      served += 1
      return { by }
    }
    const picture = async () => new Content(Buffer.alloc(0), { type: 'image/png' })
    const service = defineService({ contract: shelf, operations: { look: answer, ring: answer, picture } })
    await using first = await startTestHost({ services: [service], environment: { INTERNAL_PORT: '0' } })
    await using second = await startTestHost({
      services: [service],
      environment: { INTERNAL_PORT: '0' },
      database: first.database,
    })
    await using caller = await startHost({
      services: [],
      environment: {
        SHELF_URL: `${first.host.internalUrl},${second.host.internalUrl}`,
        INTERNAL_SECRET: 'secret-of-the-tests',
      },
      logger: pino({ level: 'silent' }),
      background: false,
    })
    const { ring } = caller.client(shelf, { via: 'test' })
    let running = true
    let rung = 0
    const shopper = async () => {
      for (; running; rung += 1) assert.equal((await ring({})).by, by)
    }
    const shoppers = Array.from({ length: 8 }, shopper)
    await sleep(200)
    await second.host.stop()
    await sleep(200)
    running = false
    await Promise.all(shoppers)
    assert.deepEqual([begun, served], [rung, rung])
  })
})

describe('The address of a service', () => {
  it('stops the start with its variable when it is none', async () => {
    const service = defineService({ contract: contract('asker', {}), needs: { shelf }, operations: {} })
    for (const SHELF_URL of ['localhost:7001', 'garbage', 'http://127.0.0.1:7001,'])
      await assert.rejects(
        startHost({
          services: [service],
          environment: {
            DATABASE_URL: 'postgres://nobody/asks',
            SHELF_URL,
            INTERNAL_SECRET: 'secret-of-the-tests',
          },
          logger: pino({ level: 'silent' }),
        }),
        /SHELF_URL: must be an address like http:/,
      )
  })
})

describe('A call', () => {
  it('that must not be repeated is not, once it may have arrived', async () => {
    await using a = await new Process('a', 'cutting').start()
    await using b = await new Process('b', 'cutting').start()
    await using caller = callerOf(a, b)
    assert.deepEqual(codes(await caller.many(1, 'ring')), ['UNAVAILABLE'])
    assert.equal(a.calls + b.calls, 1)
  })

  it('that may be repeated is tried three times at most', async () => {
    await using a = await new Process('a', 'cutting').start()
    await using caller = callerOf(a)
    assert.deepEqual(codes(await caller.many(1)), ['UNAVAILABLE'])
    assert.equal(a.calls, 3)
  })

  it('that is refused was answered: it is not repeated, and nobody is left for it', async () => {
    await using a = await new Process('a', 'refusing').start()
    await using caller = callerOf(a)
    assert.deepEqual(codes(await caller.many(20)), ['IN_PROGRESS'])
    assert.equal(a.calls, 20)
    assert.doesNotMatch(await caller.registry.metrics(), /stoa_upstream_opened_total\{/)
  })

  it('takes its deadline along, and what a try has used of it is gone', () =>
    allWithinOnce([100], async () => {
      await using a = await new Process('a').start()
      await using caller = callerOf(a)
      await caller.call('look', { withinMs: 700 })
      assert.ok(a.lastDeadlineMs <= 700, `${a.lastDeadlineMs} ms`)
      await assert.rejects(caller.call('look', { withinMs: 0 }), { code: 'TIMEOUT' })
      return [700 - a.lastDeadlineMs]
    }))

  it('ends soon after its deadline, answered or not', () =>
    allWithinOnce([1_500], async () => {
      await using a = await new Process('a', 'frozen').start()
      await using caller = callerOf(a)
      const { tookMs } = await timed(() =>
        assert.rejects(caller.call('look', { withinMs: 200 }), { code: 'TIMEOUT' }),
      )
      return [tookMs]
    }))

  it('ends soon after its deadline when it never got a connection', () =>
    allWithinOnce([1_500], async () => {
      await using a = await startVanished()
      await using caller = callerOf(a)
      const { result, tookMs } = await timed(() => caller.many(600, 'look', { withinMs: 200 }))
      assert.deepEqual(codes(result), ['TIMEOUT'])
      return [tookMs]
    }))

  it('that was given up before it got a connection counts for as long as it waits there', () =>
    allWithinOnce([200], async () => {
      await using a = await startVanished()
      await using caller = callerOf(a)
      const gone = new AbortController()
      const waiting = caller.many(600, 'look', { signal: gone.signal })
      gone.abort()
      await waiting
      // None of them has a connection before two seconds have passed.
      const { result, tookMs } = await timed(() => caller.many(10))
      assert.deepEqual(codes(result), ['UNAVAILABLE'])
      return [tookMs]
    }))

  it('for a picture holds no connection for somebody who takes it slowly', async () => {
    await using a = await new Process('a').start()
    await using caller = callerOf(a)
    // One more than there are connections; nobody reads a byte.
    const withinMs = 30_000
    const pictures = await Promise.all(Array.from({ length: 65 }, () => caller.send('picture', { withinMs })))
    assert.equal(await caller.call('look', { withinMs }), 'a')
    assert.equal((pictures.at(-1) as Content).length, PICTURE_BYTES)
  })

  it('ends when its caller has gone', () =>
    allWithinOnce([900], async () => {
      await using a = await new Process('a', 'frozen').start()
      await using caller = callerOf(a)
      const gone = new AbortController()
      setTimeout(() => gone.abort(), 50)
      const { tookMs } = await timed(() =>
        assert.rejects(caller.call('look', { signal: gone.signal }), Rejection),
      )
      return [tookMs]
    }))

  it('that finds too many under way is refused at once', () =>
    allWithinOnce([200, 5_000], async () => {
      await using a = await new Process('a', 'frozen').start()
      await using caller = callerOf(a)
      const waiting = caller.many(600)
      const { result, tookMs } = await timed(() => caller.many(10))
      assert.deepEqual(codes(result), ['UNAVAILABLE'])
      const { tookMs: waitedMs } = await timed(() => waiting)
      return [tookMs, waitedMs]
    }))

  it('is timed once, however often it is tried', async () => {
    await using a = await new Process('a', 'cutting').start()
    await using caller = callerOf(a)
    await caller.many(1)
    assert.match(
      await caller.registry.metrics(),
      /^stoa_call_seconds_count\{service="shelf",operation="look",side="caller"\} 1$/m,
    )
  })
})
