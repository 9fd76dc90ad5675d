import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Reply } from '../http.ts'
import type { Shop } from '../shop.ts'
import type { Fault } from './faults.ts'
import { goesOn } from './load.ts'

/** What somebody met who only looked around. */
export type Browsed = { readonly pages: Looks; readonly searches: Looks }

export type Looks = {
  readonly answeredMs: number[]
  /** Those that were asked to come again. */
  readonly refusedMs: number[]
  /** Those that got no answer: the connection broke, or nothing came in time (504). */
  unanswered: number
  /** Answers that nobody should see, by what they said. */
  readonly wrong: Map<string, number>
}

const PAUSE_MS = 1_000
/** Search says at once that it is away, but to whoever is let through to find out whether it still is: the cluster has 2 s to answer him. */
const REFUSED_WITHIN_MS = 1_000
/** On a machine that does all it can, a shop may ask some of those who only look to come again. */
const SHED_SHARE = 0.1

/** No fault asks for the same list as the one before it. */
let looked = 0

/** Looks once a second at a list, at a product's page and for a word that nobody looked for yet, whatever became of the looks before. Repeats none. */
export async function browse(options: {
  shop: Shop
  productIds: readonly string[]
  /** At least this long, and as long as `during` goes on. */
  seconds: number
  during: Promise<unknown>
}): Promise<Browsed> {
  const { shop, productIds } = options
  const going = goesOn(options)
  const [pages, searches] = [noLooks(), noLooks()]
  const running: Promise<void>[] = []
  while (going()) {
    looked += 1
    const productId = productIds[looked % productIds.length]!
    running.push(
      // Whatever changes in the catalogue drops all kept lists, and this one was not asked for in the last minute.
      look(
        pages,
        () => shop.http.get(`/v1/products?limit=${1 + (looked % 100)}`),
        (body) => body.items.length > 0,
      ),
      // Products get other names meanwhile: this page, too, is seldom a kept one.
      look(
        pages,
        () => shop.http.get(`/v1/products/${productId}`),
        (body) => body.productId === productId,
      ),
      look(
        searches,
        () => shop.http.get(`/v1/search?q=w${crypto.randomUUID().slice(0, 8)}`),
        (body) => Array.isArray(body.items),
      ),
    )
    await sleep(PAUSE_MS)
  }
  await Promise.all(running)
  return { pages, searches }
}

const noLooks = (): Looks => ({ answeredMs: [], refusedMs: [], unanswered: 0, wrong: new Map() })

async function look(
  looks: Looks,
  ask: () => Promise<Reply>,
  isWhole: (body: Reply['body']) => boolean,
): Promise<void> {
  const began = performance.now()
  let reply: Reply
  try {
    reply = await ask()
  } catch {
    looks.unanswered += 1
    return
  }
  const tookMs = performance.now() - began
  const { status, body, headers } = reply
  if (status === 200 && isWhole(body)) looks.answeredMs.push(tookMs)
  else if (status === 504) looks.unanswered += 1
  else if (status === 503 && headers.has('retry-after')) looks.refusedMs.push(tookMs)
  else {
    const said = `${status} ${JSON.stringify(body).slice(0, 200)}`
    looks.wrong.set(said, (looks.wrong.get(said) ?? 0) + 1)
  }
}

/**
 * Lists, pages and searches are answered, but for what the fault takes away: that is refused, or not answered, and never answered wrongly. Search that
 * is away says so within a second.
 */
export function assertBrowsed({ pages, searches }: Browsed, takesAway: Fault['takesAway']): void {
  for (const [what, looks] of [
    ['lists and pages', pages],
    ['searches', searches],
  ] as const) {
    assert.deepEqual(Object.fromEntries(looks.wrong), {}, `${what}: answers that nobody should see`)
    assert(looks.answeredMs.length > 0, `${what}: not one was answered`)
  }
  if (takesAway === 'anything') return
  assertUndisturbed('lists and pages', pages)
  if (takesAway !== 'search') assertUndisturbed('searches', searches)
  else {
    assert.equal(searches.unanswered, 0, 'searches without an answer')
    // Of a machine that is busy everything is late: what search takes is held against what a page takes meanwhile.
    const lateMs = median(searches.refusedMs) - median(pages.answeredMs)
    assert(lateMs < REFUSED_WITHIN_MS, `searches were refused ${Math.round(lateMs)} ms later than pages came`)
  }
}

function assertUndisturbed(what: string, { answeredMs, refusedMs, unanswered }: Looks): void {
  assert.equal(unanswered, 0, `${what} without an answer`)
  const looks = answeredMs.length + refusedMs.length
  assert(refusedMs.length <= looks * SHED_SHARE, `${what}: ${refusedMs.length} of ${looks} refused`)
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
