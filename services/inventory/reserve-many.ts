import { Rejection } from '@stoa/contract'
import type { Query, Tx } from '@stoa/runtime'
import { type Lacking, type Line, mergeLines, type Stock } from './allocate.ts'
import { announceLevels } from './announce-levels.ts'
import { ANY_ATTEMPT } from './intents.ts'
import type { KnownStock } from './known-stock.ts'
import { type Plan, planReservations, type ReserveRequest } from './plan.ts'
import {
  concludeReservations,
  expireReservations,
  lockStock,
  readStock,
  type Taken,
  takeStock,
} from './reservations.ts'

export type ReserveAnswer =
  | { readonly kind: 'held'; readonly expiresAt: string }
  | { readonly kind: 'closed' }
  | { readonly kind: 'out-of-stock'; readonly skus: readonly Lacking[] }

export type ReserveWith = {
  readonly query: Query
  readonly transaction: <T>(work: (tx: Tx<unknown>) => Promise<T>) => Promise<T>
  readonly known: KnownStock
}

type Answers = Map<string, ReserveAnswer>

/**
 * Sets stock aside for many orders, distinct ones, each with its own yes or no. What is known decides from which shelf; one
 * statement takes, if all of it is still there (the usual case: with what it announces, 2 statements). Else the shelves are read and it is planned again;
 * and if they change between the two even then, it is decided with their rows locked. A no is never said by memory. An order that
 * holds other goods than it wants by now, because its cart changed between two tries, gives them back first.
 */
export async function reserveMany(
  requests: readonly ReserveRequest[],
  using: ReserveWith,
): Promise<ReserveAnswer[]> {
  const answers: Answers = new Map()
  // The last one leaves something open only while another process reserves for the same order in the same moment.
  for (const round of [byMemory, byReading, underLock, underLock]) {
    const open = requests.filter((request) => !answers.has(request.orderId))
    if (open.length > 0) await round(open, using, answers)
  }
  return requests.map((request) => {
    const answer = answers.get(request.orderId)
    if (!answer) throw new Rejection('IN_PROGRESS')
    return answer
  })
}

async function byMemory(
  requests: readonly ReserveRequest[],
  using: ReserveWith,
  answers: Answers,
): Promise<void> {
  const stock = using.known.get(skusOf(requests), Date.now())
  const plan = stock && planReservations(requests, stock)
  if (plan && plan.refused.length === 0) await carryOut(plan, using, answers)
}

/** Enough to give back 5,000 lapsed reservations before a no; the job does the rest. */
const MAX_SWEEPS = 10
const SWEEP_LIMIT = 500

async function byReading(
  requests: readonly ReserveRequest[],
  using: ReserveWith,
  answers: Answers,
): Promise<void> {
  const skus = [...skusOf(requests)]
  const orderIds = requests.map((request) => request.orderId)
  for (let sweeps = 0; ; sweeps += 1) {
    const { stock, lapsed, statuses } = await readStock(using.query, { skus, orderIds })
    remember(using.known, skus, stock)
    const plan = planReservations(requests, stock, (orderId) => hasStock(statuses.get(orderId)))
    // Whoever is refused while lapsed reservations hold what it lacks gets that first.
    const lapsedSkus = plan.refused
      .flatMap(({ lacking }) => lacking.map(({ sku }) => sku))
      .filter((sku) => lapsed.has(sku))
    if (lapsedSkus.length === 0 || sweeps === MAX_SWEEPS) return carryOut(plan, using, answers)
    await using.transaction((tx) =>
      expireReservations(tx, { limit: SWEEP_LIMIT, skus: [...new Set(lapsedSkus)] }),
    )
  }
}

async function underLock(
  requests: readonly ReserveRequest[],
  using: ReserveWith,
  answers: Answers,
): Promise<void> {
  const skus = [...skusOf(requests)]
  const orderIds = requests.map((request) => request.orderId)
  const { plan, taken, stock } = await using.transaction(async (tx) => {
    const { stock, statuses } = await lockStock(tx.query, { skus, orderIds })
    const plan = planReservations(requests, stock, (orderId) => hasStock(statuses.get(orderId)))
    const taken = plan.served.length > 0 ? await takeStock(tx.query, plan) : undefined
    announceLevels(tx, taken?.levels ?? [])
    return { plan, taken, stock }
  })
  remember(using.known, skus, stock)
  await settle(plan, taken, using, answers)
}

async function carryOut(plan: Plan, using: ReserveWith, answers: Answers): Promise<void> {
  const take = () =>
    using.transaction(async (tx) => {
      const taken = await takeStock(tx.query, plan)
      announceLevels(tx, taken.levels)
      return taken
    })
  const taken = plan.served.length === 0 ? undefined : await take()
  await settle(plan, taken, using, answers)
}

/**
 * Notes who got what. When the plan was not carried out nobody is told anything: the refusals rested on it, too. Who holds other goods
 * than it wants gives them back, and is answered by the next round.
 */
async function settle(
  plan: Plan,
  taken: Taken | undefined,
  { known, transaction }: ReserveWith,
  answers: Answers,
): Promise<void> {
  for (const { warehouse, sku, after } of taken?.levels ?? [])
    known.left({ warehouse, sku, available: after.available })
  if (taken && !taken.done) return
  for (const { request, lacking } of plan.refused)
    answers.set(request.orderId, { kind: 'out-of-stock', skus: lacking })
  const mine = new Set(taken?.taken)
  const existing = new Map(taken?.existing.map((reservation) => [reservation.orderId, reservation]))
  const outdated: string[] = []
  for (const { request } of plan.served) {
    const before = existing.get(request.orderId)
    if (mine.has(request.orderId))
      answers.set(request.orderId, { kind: 'held', expiresAt: request.expiresAt })
    else if (before?.status === 'held' && !isSameGoods(before.lines, request.lines))
      outdated.push(request.orderId)
    else if (before?.status === 'held')
      answers.set(request.orderId, { kind: 'held', expiresAt: new Date(before.expiresAtMs).toISOString() })
    else if (before?.status === 'committed' || before?.status === 'returned')
      answers.set(request.orderId, { kind: 'closed' })
  }
  if (outdated.length > 0)
    await transaction((tx) =>
      concludeReservations(
        tx,
        outdated.map((orderId) => ({ orderId, kind: 'release', attempt: ANY_ATTEMPT })),
      ),
    )
}

/** Whatever the warehouses and the order of the lines. */
function isSameGoods(held: readonly Line[], wanted: readonly Line[]): boolean {
  const [one, other] = [mergeLines(held), mergeLines(wanted)]
  return (
    one.length === other.length &&
    one.every(({ sku, quantity }, index) => sku === other[index]!.sku && quantity === other[index]!.quantity)
  )
}

const hasStock = (status: string | undefined) =>
  status === 'held' || status === 'committed' || status === 'returned'

const remember = (known: KnownStock, skus: readonly string[], stock: Stock) =>
  known.read(skus, stock, Date.now())

function skusOf(requests: readonly ReserveRequest[]): Set<string> {
  const skus = new Set<string>()
  for (const { lines } of requests) for (const { sku } of lines) skus.add(sku)
  return skus
}
