import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import {
  CursorRefused,
  type EngineDocument,
  EngineLost,
  type EngineStats,
  type Rebuild,
  type SearchEngine,
  type SearchResult,
  type Suggestions,
} from '../engine.ts'
import type { Answered, Asked, Message } from './message.ts'

/**
 * The embedded index, in a thread of its own. Lists travel in pieces, because copying one is work on this side as well: 20 documents of
 * 10 kB are about 1 ms. Two pieces are under way at most: a search waits for these and not for the whole list.
 *
 * Memory of a product with 40 attributes: 1.5 to 2.5 kB of arrays and texts, half as much again while arrays grow, twice that during a rebuild:
 * 50 MB for 20,000 products, 300 MB for 200,000, beside what the thread's heap has not given back. That heap is bounded to `HEAP_MB`;
 * arrays lie outside of it.
 */
const PIECE_DOCUMENTS = 20
const PIECE_SIGNALS = 500
const PIECES_UNDER_WAY = 2
const HEAP_MB = 4_096
/** What is under way may take as long to be answered when the index closes. */
const CLOSE_MS = 5_000

export function openEmbeddedEngine(): SearchEngine {
  const worker = new Worker(new URL('./index-thread.ts', import.meta.url), {
    name: 'search-index',
    // A small young generation: the default reserves tens of megabytes more in each process.
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 16 },
  })
  const waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  let asked = 0
  let lost: Error | undefined

  worker.on('message', (answered: Answered) => {
    const caller = waiting.get(answered.id)
    waiting.delete(answered.id)
    if (waiting.size === 0) worker.unref()
    if ('answer' in answered) caller?.resolve(answered.answer as never)
    else caller?.reject(errorOf(answered.error))
  })
  const lose = (cause?: unknown) => {
    lost ??= new EngineLost('the search index is gone', { cause })
    for (const { reject } of waiting.values()) reject(lost)
    waiting.clear()
  }
  worker.on('error', lose)
  worker.on('exit', () => lose())
  // A process that has nothing else to do may end.
  worker.unref()

  const ask = <Answer>(message: Message): Promise<Answer> => {
    if (lost) return Promise.reject(lost)
    asked += 1
    const id = asked
    return new Promise<Answer>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      worker.ref()
      worker.postMessage({ id, message } satisfies Asked)
    })
  }
  const inPieces = async <Item>(
    items: readonly Item[],
    size: number,
    messageOf: (piece: readonly Item[]) => Message,
  ): Promise<void> => {
    const underWay: Promise<unknown>[] = []
    for (let at = 0; at < items.length; at += size) {
      if (underWay.length >= PIECES_UNDER_WAY) await underWay.shift()
      const piece = ask(messageOf(items.slice(at, at + size)))
      // The one before may fail first; then this one is awaited by nobody.
      piece.catch(() => {})
      underWay.push(piece)
    }
    await Promise.all(underWay)
  }

  const put = (documents: readonly EngineDocument[]) =>
    inPieces<EngineDocument>(documents, PIECE_DOCUMENTS, (piece) => ({ kind: 'put', documents: piece }))

  return {
    shared: false,
    put,
    putStock: (levels) => inPieces(levels, PIECE_SIGNALS, (piece) => ({ kind: 'signals', signals: piece })),
    putSignals: (signals) =>
      inPieces(signals, PIECE_SIGNALS, (piece) => ({ kind: 'signals', signals: piece })),
    remove: (products) => inPieces(products, PIECE_SIGNALS, (piece) => ({ kind: 'remove', products: piece })),
    configure: (settings) => ask({ kind: 'configure', settings }),
    startRebuild: async () => {
      const rebuild = await ask<number>({ kind: 'begin-rebuild' })
      return {
        fill: put,
        finish: () => ask({ kind: 'finish-rebuild', rebuild }),
        abandon: () => ask({ kind: 'abandon-rebuild', rebuild }),
      } satisfies Rebuild
    },
    search: (request) => ask<SearchResult>({ kind: 'search', request }),
    suggest: (request) => ask<Suggestions>({ kind: 'suggest', request }),
    stats: () => ask<EngineStats>({ kind: 'stats' }),
    close: async () => {
      const late = new AbortController()
      await Promise.race([
        ask({ kind: 'stats' }).catch(() => {}),
        sleep(CLOSE_MS, undefined, { signal: late.signal, ref: false }).catch(() => {}),
      ])
      late.abort()
      await worker.terminate()
    },
  }
}

function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  if (name === 'CursorRefused') return new CursorRefused(message)
  return Object.assign(new Error(message), { name })
}
