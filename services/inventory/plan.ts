import { type AllocatedLine, allocate, type Lacking, type Line, type Shelf, type Stock } from './allocate.ts'

/** An order that wants stock set aside. */
export type ReserveRequest = {
  readonly orderId: string
  readonly lines: readonly Line[]
  /** UTC, ISO 8601. */
  readonly expiresAt: string
  readonly attempt: number
}

/** What one statement is to take for many orders. */
export type Plan = {
  /** `lines` is undefined where stock was taken before: the statement answers, and takes nothing. */
  readonly served: readonly {
    readonly request: ReserveRequest
    readonly lines: readonly AllocatedLine[] | undefined
  }[]
  readonly refused: readonly { readonly request: ReserveRequest; readonly lacking: readonly Lacking[] }[]
  /** The sum of all lines per level. */
  readonly demand: readonly AllocatedLine[]
}

/** Serves requests in their order of arrival, each from what those before it leave. */
export function planReservations(
  requests: readonly ReserveRequest[],
  stock: Stock,
  hasStock: (orderId: string) => boolean = () => false,
): Plan {
  const left = new Map<string, readonly Shelf[]>(stock)
  const demand = new Map<string, AllocatedLine>()
  const served: Plan['served'][number][] = []
  const refused: Plan['refused'][number][] = []
  for (const request of requests) {
    if (hasStock(request.orderId)) {
      served.push({ request, lines: undefined })
      continue
    }
    const { lines, lacking } = allocate(request.lines, left)
    if (!lines) {
      refused.push({ request, lacking })
      continue
    }
    served.push({ request, lines })
    for (const line of lines) {
      left.set(line.sku, without(left.get(line.sku)!, line))
      const key = `${line.warehouse}/${line.sku}`
      const before = demand.get(key)
      demand.set(key, before ? { ...line, quantity: before.quantity + line.quantity } : line)
    }
  }
  return { served, refused, demand: [...demand.values()] }
}

const without = (shelves: readonly Shelf[], { warehouse, quantity }: AllocatedLine): readonly Shelf[] =>
  shelves.map((shelf) =>
    shelf.warehouse === warehouse ? { ...shelf, available: shelf.available - quantity } : shelf,
  )

/** What decides whether a level is low. */
export type Watched = { readonly available: number; readonly reorderPoint: number | null }

const isLow = ({ available, reorderPoint }: Watched): boolean =>
  reorderPoint !== null && available <= reorderPoint

/** Said once per crossing: what was low stays unmentioned until it has been above its reorder point again. */
export const fallsLow = (before: Watched, after: Watched): boolean => !isLow(before) && isLow(after)
