import { EngineAway } from '../engine.ts'
import { IndexGone, RefusedByIndex, type Remote } from './remote.ts'

/** Those who turn to a further page within this time share a point: a process holds a dozen at most, however many look. */
const SHARED_MS = 10_000
/** A point that nobody uses for so long goes. Each use prolongs it. */
const KEPT = '2m'

export type PointsInTime = {
  /** One for whoever needs one now; none when the cluster has no more. */
  readonly current: () => Promise<string | undefined>
  /** Searches in it; undefined when it is gone, and the search goes on without. */
  readonly search: (point: string, body: object) => Promise<unknown>
  readonly close: () => Promise<void>
}

export function openPointsInTime(remote: Remote, index: string): PointsInTime {
  let present: { readonly id: Promise<string | undefined>; readonly openedAt: number } | undefined
  const open = async (): Promise<string | undefined> => {
    try {
      const { body } = await remote.ask('POST', `/${index}/_search/point_in_time`, {
        query: { keep_alive: KEPT, allow_partial_pit_creation: false },
      })
      return (body as { pit_id: string }).pit_id
    } catch (error) {
      if (error instanceof RefusedByIndex || error instanceof EngineAway) return undefined
      throw error
    }
  }
  return {
    current: () => {
      const now = performance.now()
      if (!present || now - present.openedAt > SHARED_MS) present = { id: open(), openedAt: now }
      return present.id
    },
    search: async (point, body) => {
      try {
        return await remote.search(undefined, { ...body, pit: { id: point, keep_alive: KEPT } })
      } catch (error) {
        // 404: it ended, or its index went with a rebuild. 400: it was cut off on the way.
        if (error instanceof IndexGone) return undefined
        if (error instanceof RefusedByIndex && (error.status === 404 || error.status === 400))
          return undefined
        throw error
      }
    },
    close: async () => {
      const id = await present?.id
      if (id !== undefined)
        await remote.ask('DELETE', '/_search/point_in_time', { body: { pit_id: [id] } }).catch(() => {})
    },
  }
}
