import { runImport } from './run-import.ts'

type Doing = Parameters<typeof runImport>[0]

export type ImportWorker = AsyncDisposable & {
  /** Goes on with a run, once in this process however often it is asked, and ends with it. Throws what the work throws. */
  readonly work: (importId: string) => Promise<void>
}

/** Work that outlives the call which asks for it: reading a large file takes longer than a call may. */
export function openImportWorker(doing: Doing): ImportWorker {
  const working = new Map<string, Promise<void>>()
  const stop = new AbortController()
  const signal = AbortSignal.any([doing.signal, stop.signal])
  return {
    work: (importId) => {
      const known = working.get(importId)
      if (known) return known
      const work = runImport({ ...doing, signal }, importId, Number.POSITIVE_INFINITY).finally(() =>
        working.delete(importId),
      )
      // Told to whoever asks while it runs; nobody may be asking.
      work.catch(() => {})
      working.set(importId, work)
      return work
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error('the process stops'))
      await Promise.allSettled(working.values())
    },
  }
}
