import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Rejection } from '@stoa/contract'
import type { HashTask } from './hash-worker.ts'

export type PasswordHashing = AsyncDisposable & {
  /** Of a normalised password that fits bcrypt. */
  readonly hash: (password: string, signal?: AbortSignal) => Promise<string>
  readonly verify: (attempt: { password: string; hash: string }, signal?: AbortSignal) => Promise<boolean>
  /** Hashes made since the start, of either kind. */
  readonly done: () => number
}

export type PasswordHashingOptions = {
  /** Hashes in flight. Default: one per core; more would only make each of them slower. */
  readonly threads?: number
  readonly maxWaiting: number
  /** Who has waited this long is sent away: the caller's own patience ends soon. */
  readonly maxWaitMs?: number
}

/** OWASP asks for 10 or more; 12 is a sixth of a second on the machines of 2026. */
const COST = 12
/** An idle thread costs about 25 MB; starting one, a few milliseconds. */
const IDLE_MS = 60_000

type Job = {
  readonly task: HashTask
  readonly resolve: (answer: never) => void
  readonly reject: (error: unknown) => void
}

/**
 * bcrypt in threads of its own: the event loop goes on, and so does libuv's pool of four threads that reads files and resolves names. A
 * bounded number waits; who finds no place, or waits too long, is answered BUSY.
 */
export function openPasswordHashing({
  threads = availableParallelism(),
  maxWaiting,
  maxWaitMs = 5_000,
}: PasswordHashingOptions): PasswordHashing {
  const waiting = new Set<Job>()
  const idle: { worker: Worker; retire: NodeJS.Timeout }[] = []
  const workers = new Map<Worker, Job | undefined>()
  let done = 0
  let closed = false

  function run<T>(task: HashTask, signal: AbortSignal | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      signal?.throwIfAborted()
      if (closed) throw new Rejection('UNAVAILABLE')
      if (idle.length > 0 || workers.size < threads) return start({ task, resolve, reject })
      if (waiting.size >= maxWaiting) throw new Rejection('BUSY')
      const leave = (reason: unknown) => {
        if (waiting.delete(job)) job.reject(reason)
      }
      const timer = setTimeout(() => leave(new Rejection('BUSY')), maxWaitMs)
      const abandoned = () => leave(signal?.reason)
      signal?.addEventListener('abort', abandoned, { once: true })
      const settled =
        <V>(settle: (value: V) => void) =>
        (value: V) => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', abandoned)
          settle(value)
        }
      const job: Job = { task, resolve: settled(resolve), reject: settled(reject) }
      waiting.add(job)
    })
  }

  function start(job: Job): void {
    const free = idle.pop()
    if (free) clearTimeout(free.retire)
    const worker = free?.worker ?? spawn()
    workers.set(worker, job)
    // A hash that runs keeps the process alive, an idle thread does not.
    worker.ref()
    worker.postMessage(job.task)
  }

  function spawn(): Worker {
    const worker = new Worker(new URL('./hash-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    })
    worker.on('message', (answer: unknown) => {
      const job = workers.get(worker)
      workers.set(worker, undefined)
      done += 1
      job?.resolve(answer as never)
      next(worker)
    })
    const gone = (error: unknown) => {
      const job = workers.get(worker)
      if (!workers.delete(worker)) return
      job?.reject(error)
      const [first] = waiting
      if (first && !closed) {
        waiting.delete(first)
        start(first)
      }
    }
    worker.on('error', gone)
    worker.on('exit', (code) => gone(new Error(`a hashing thread ended with code ${code}`)))
    return worker
  }

  function next(worker: Worker): void {
    const [first] = waiting
    if (first) {
      waiting.delete(first)
      workers.set(worker, first)
      worker.postMessage(first.task)
      return
    }
    worker.unref()
    const retire = setTimeout(() => {
      const place = idle.findIndex((candidate) => candidate.worker === worker)
      if (place >= 0) idle.splice(place, 1)
      workers.delete(worker)
      void worker.terminate()
    }, IDLE_MS)
    retire.unref()
    idle.push({ worker, retire })
  }

  return {
    hash: (password, signal) => run<string>({ kind: 'hash', password, cost: COST }, signal),
    verify: ({ password, hash }, signal) => run<boolean>({ kind: 'verify', password, hash }, signal),
    done: () => done,
    [Symbol.asyncDispose]: async () => {
      closed = true
      for (const job of [...waiting]) job.reject(new Rejection('UNAVAILABLE'))
      waiting.clear()
      for (const { retire } of idle) clearTimeout(retire)
      await Promise.all([...workers.keys()].map((worker) => worker.terminate()))
    },
  }
}
