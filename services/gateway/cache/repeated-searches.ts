import type { Client } from '@stoa/contract'
import type { search } from '@stoa/contracts/search'

const TELL_EVERY_MS = 1_000
/** Searches of one message: what the operation takes. */
const MAX_TOLD = 500
/** Searches that are remembered while search does not listen; others go uncounted. */
const MAX_REMEMBERED = 5_000

/** Tells search which of its answers were given again: shoppers searched, though nobody asked search. Losing some loses a count. */
export function countRepeatedSearches(tell: Client<typeof search>['repeated']) {
  const times = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined

  const flush = async () => {
    clearTimeout(timer)
    timer = undefined
    const items = [...times].slice(0, MAX_TOLD).map(([searchId, n]) => ({ searchId, times: n }))
    if (items.length === 0) return
    for (const { searchId } of items) times.delete(searchId)
    try {
      await tell({ items })
    } catch {
      for (const item of items) if (times.size < MAX_REMEMBERED) add(item.searchId, item.times)
    }
    if (times.size > 0) timer ??= setTimeout(flush, TELL_EVERY_MS).unref()
  }
  const add = (searchId: string, n: number) => times.set(searchId, (times.get(searchId) ?? 0) + n)

  return {
    count: (searchId: string): void => {
      if (times.size >= MAX_REMEMBERED && !times.has(searchId)) return
      add(searchId, 1)
      timer ??= setTimeout(flush, TELL_EVERY_MS).unref()
    },
    /** Tells what is left; resolves when it was tried. */
    close: async (): Promise<void> => {
      for (let left = Number.POSITIVE_INFINITY; times.size > 0 && times.size < left; ) {
        left = times.size
        await flush()
      }
      clearTimeout(timer)
    },
  }
}
