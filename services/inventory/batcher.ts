import { Rejection } from '@stoa/contract'

/**
 * Where many requests meet, one round serves many: what arrives while a round runs gathers into the next one.
 * One round at a time. Nobody waits for company: a lone request starts a round at once.
 */
export type Batcher<Request, Answer> = AsyncDisposable & {
  /** Its own answer, or the error of its round. A request whose caller has gone before its round starts is not served. */
  readonly submit: (request: Request, signal: AbortSignal) => Promise<Answer>
}

export type BatcherOptions<Request, Answer> = {
  /** Answers each request, in order. A rejection is every request's. */
  readonly serve: (requests: readonly Request[]) => Promise<readonly Answer[]>
  /** Two requests of one key are never in the same round. */
  readonly keyOf: (request: Request) => string
  /** Whether an error may be one request's own fault, so that each is tried alone. */
  readonly mayBeOnesFault: (error: unknown) => boolean
  readonly maxBatch: number
  /** One that finds this many waiting is refused with UNAVAILABLE: better a quick no than a late one. */
  readonly maxQueue: number
}

type Waiting<Request, Answer> = {
  readonly request: Request
  readonly signal: AbortSignal
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export function createBatcher<Request, Answer>(
  options: BatcherOptions<Request, Answer>,
): Batcher<Request, Answer> {
  const { serve, keyOf, mayBeOnesFault, maxBatch, maxQueue } = options
  let queue: Waiting<Request, Answer>[] = []
  let running: Promise<void> | undefined
  let closed = false

  const submit = (request: Request, signal: AbortSignal) =>
    new Promise<Answer>((resolve, reject) => {
      if (closed || queue.length >= maxQueue) return reject(new Rejection('UNAVAILABLE'))
      queue.push({ request, signal, resolve, reject })
      running ??= run()
    })

  async function run(): Promise<void> {
    // What arrives in the same turn of the event loop is in the first round already.
    await Promise.resolve()
    while (queue.length > 0) {
      const batch = next()
      if (batch.length > 0) await answer(batch)
    }
    running = undefined
  }

  /** The oldest ones with distinct keys; the rest keeps its order. */
  function next(): Waiting<Request, Answer>[] {
    const batch = new Map<string, Waiting<Request, Answer>>()
    const later: Waiting<Request, Answer>[] = []
    for (const waiting of queue) {
      const key = keyOf(waiting.request)
      if (waiting.signal.aborted) waiting.reject(waiting.signal.reason)
      else if (batch.size < maxBatch && !batch.has(key)) batch.set(key, waiting)
      else later.push(waiting)
    }
    queue = later
    return [...batch.values()]
  }

  async function answer(batch: readonly Waiting<Request, Answer>[]): Promise<void> {
    try {
      const answers = await serve(batch.map(({ request }) => request))
      for (const [index, waiting] of batch.entries()) waiting.resolve(answers[index]!)
    } catch (error) {
      if (batch.length > 1 && mayBeOnesFault(error)) for (const waiting of batch) await answer([waiting])
      else for (const waiting of batch) waiting.reject(error)
    }
  }

  return {
    submit,
    /** Serves what was accepted and accepts no more. */
    [Symbol.asyncDispose]: async () => {
      closed = true
      await running
    },
  }
}
