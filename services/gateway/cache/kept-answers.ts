import { LRUCache } from 'lru-cache'
import { etagOf } from './etag.ts'

/** The bytes that go out. */
export type Page = { readonly bytes: Buffer; readonly etag: string }

export type KeptAnswer = {
  readonly key: string
  /** `product.get` */
  readonly operation: string
  /** Path and query of the request for which it was made first: what staff clear by. */
  readonly address: string
  /** For one customer group: no cache between here and the browser may keep it. */
  readonly isPrivate: boolean
  readonly tags: readonly string[]
  /** As the service gave it. Only of answers into which live cards are joined. */
  readonly text: string | undefined
  /** Undefined: cards have to be joined first. */
  page: Page | undefined
  /** Grows by each change of a card that stands in it. */
  touched: number
  /** Cards are being joined, as of that many changes. */
  joining: { readonly touched: number; readonly page: Promise<Page> } | undefined
  /** By which search counts that it was given again. */
  readonly searchId: string | undefined
  /** Epoch milliseconds: given again without a thought; while another is made; not at all. */
  readonly freshUntil: number
  readonly validUntil: number
}

/** What an answer is made of. `keep: false`: it is given to those who wait for it, and to nobody after them. */
export type Made = {
  readonly text: string
  readonly tags: readonly string[]
  readonly joined: boolean
  readonly searchId: string | undefined
  readonly keep: boolean
  /** Epoch milliseconds before it was made, where another gateway made it. */
  readonly begunAt?: number
}

type Order = {
  readonly key: string
  readonly operation: string
  readonly address: string
  readonly isPrivate: boolean
  /** How old an answer may be, counted from before it was made. */
  readonly ceilingMs: number
  readonly make: () => Promise<Made>
}

/** From this share of its ceiling on, an answer is given once more while another is made, so that the ceiling itself holds. */
export const FRESH_SHARE = 0.8
/** Drops that are remembered for answers in the making. Whatever was begun before the oldest is not kept. */
const MAX_DROPS = 1_000
/** What an answer takes besides its texts: objects, the index by tags. Estimated generously. */
const OVERHEAD_BYTES = 1_000
const TAG_BYTES = 150

type Flight = { readonly drops: number; readonly answer: Promise<KeptAnswer> }

/**
 * Answers in memory, at most `maxBytes` of them, the least recently used gone first. One is made at a time for however many want it,
 * unless something was dropped since it was begun; what was begun before a drop of one of its tags is never kept.
 */
export class KeptAnswers {
  readonly #answers: LRUCache<string, KeptAnswer>
  readonly #byTag = new Map<string, Set<KeptAnswer>>()
  readonly #flights = new Map<string, Flight>()
  readonly #now: () => number
  /** The tags of each drop, the newest last; `#drops` counts all that ever were. Null: all. */
  readonly #recentDrops: (ReadonlySet<string> | null)[] = []
  #drops = 0
  /** By tag: the last change that may not have reached the service yet. Few tags settle. */
  readonly #changedAt = new Map<string, number>()
  /** By operation. */
  readonly bytes = new Map<string, number>()

  constructor({ maxBytes, now = Date.now }: { maxBytes: number; now?: () => number }) {
    this.#now = now
    this.#answers = new LRUCache<string, KeptAnswer>({
      maxSize: maxBytes,
      sizeCalculation: bytesOf,
      dispose: (answer) => this.#forget(answer),
    })
  }

  get count(): number {
    return this.#answers.size
  }

  /** The operations and addresses of all that is kept. */
  *all(): Generator<KeptAnswer> {
    yield* this.#answers.values()
  }

  find(key: string): KeptAnswer | undefined {
    const answer = this.#answers.get(key)
    if (answer === undefined || answer.validUntil > this.#now()) return answer
    this.#answers.delete(key)
    return undefined
  }

  /** Makes an answer and keeps it, or waits for one that is being made. */
  make(order: Order): Promise<KeptAnswer> {
    const flying = this.#flights.get(order.key)
    if (flying && flying.drops === this.#drops) return flying.answer
    const flight: Flight = {
      drops: this.#drops,
      answer: this.#make(order, this.#drops).finally(() => {
        if (this.#flights.get(order.key) === flight) this.#flights.delete(order.key)
      }),
    }
    this.#flights.set(order.key, flight)
    return flight.answer
  }

  /** Forgets what has one of these tags. */
  drop(tags: Iterable<string>): void {
    const dropped = new Set(tags)
    if (dropped.size === 0) return
    this.#remember(dropped)
    for (const tag of dropped)
      for (const answer of [...(this.#byTag.get(tag) ?? [])]) this.#answers.delete(answer.key)
  }

  /**
   * Says that something changed of which the service behind these tags hears no earlier than we do. What it answers is kept for at
   * most half as long as the change lies back: however far behind the service is, an answer without the change is given at most
   * half that time longer.
   */
  settle(tags: Iterable<string>): void {
    for (const tag of tags) this.#changedAt.set(tag, this.#now())
  }

  dropAll(): void {
    this.#remember(null)
    this.#answers.clear()
  }

  /** Forgets the answers to a path, with any query when it names none. */
  dropAddress(address: string): void {
    // What is being made for it is not known by its address: nothing that was begun before is kept.
    this.#remember(null)
    const meant = readAddress(address)
    for (const answer of [...this.#answers.values()]) {
      const { path, query } = readAddress(answer.address)
      if (path === meant.path && (meant.query === '' || query === meant.query))
        this.#answers.delete(answer.key)
    }
  }

  /** The cards of what has this tag are to be joined anew. */
  touch(tag: string): void {
    for (const answer of this.#byTag.get(tag) ?? []) {
      answer.touched += 1
      answer.page = undefined
    }
  }

  /** For how long an answer may be given that was begun then. */
  validMs({
    begunAt,
    tags,
    ceilingMs,
  }: {
    begunAt: number
    tags: readonly string[]
    ceilingMs: number
  }): number {
    return Math.min(
      ceilingMs,
      ...tags.map((tag) => (begunAt - (this.#changedAt.get(tag) ?? Number.NEGATIVE_INFINITY)) / 2),
    )
  }

  async #make(order: Order, drops: number): Promise<KeptAnswer> {
    const { key, operation, address, isPrivate, ceilingMs } = order
    const askedAt = this.#now()
    const made = await order.make()
    // By another's clock, which may be ahead of ours.
    const begunAt = Math.min(askedAt, made.begunAt ?? askedAt)
    const validMs = this.validMs({ begunAt, tags: made.tags, ceilingMs })
    const answer: KeptAnswer = {
      key,
      operation,
      address,
      isPrivate,
      tags: made.tags,
      text: made.joined ? made.text : undefined,
      page: made.joined ? undefined : pageOf(made.text),
      touched: 0,
      joining: undefined,
      searchId: made.searchId,
      freshUntil: begunAt + validMs * FRESH_SHARE,
      validUntil: begunAt + validMs,
    }
    if (made.keep && answer.validUntil > this.#now() && this.#mayKeep(answer, drops)) this.#keep(answer)
    return answer
  }

  #mayKeep({ tags }: KeptAnswer, drops: number): boolean {
    const missed = this.#drops - drops
    if (missed > this.#recentDrops.length) return false
    if (missed > 0)
      for (const dropped of this.#recentDrops.slice(-missed))
        if (dropped === null || tags.some((tag) => dropped.has(tag))) return false
    return true
  }

  #keep(answer: KeptAnswer): void {
    this.#answers.delete(answer.key)
    for (const tag of answer.tags) {
      const tagged = this.#byTag.get(tag)
      if (tagged) tagged.add(answer)
      else this.#byTag.set(tag, new Set([answer]))
    }
    this.#count(answer, 1)
    // Larger than all the room: it is not taken, and `dispose` is not called.
    this.#answers.set(answer.key, answer)
    if (this.#answers.peek(answer.key) !== answer) this.#forget(answer)
  }

  #forget(answer: KeptAnswer): void {
    this.#count(answer, -1)
    for (const tag of answer.tags) {
      const tagged = this.#byTag.get(tag)
      tagged?.delete(answer)
      if (tagged?.size === 0) this.#byTag.delete(tag)
    }
  }

  #count(answer: KeptAnswer, sign: 1 | -1): void {
    const { operation } = answer
    this.bytes.set(operation, (this.bytes.get(operation) ?? 0) + sign * bytesOf(answer))
  }

  #remember(dropped: ReadonlySet<string> | null): void {
    this.#drops += 1
    this.#recentDrops.push(dropped)
    if (this.#recentDrops.length > MAX_DROPS) this.#recentDrops.splice(0, MAX_DROPS / 2)
  }
}

/** The same for spellings that mean the same: escapes, an end in `/`, fields in another order. */
function readAddress(address: string): { path: string; query: string } {
  const at = address.indexOf('?')
  const path = (at < 0 ? address : address.slice(0, at)).replace(/\/$/, '')
  const fields = new URLSearchParams(at < 0 ? '' : address.slice(at + 1))
  fields.sort()
  return { path: decoded(path), query: fields.toString() }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

export function pageOf(text: string): Page {
  const bytes = Buffer.from(text)
  return { bytes, etag: etagOf(bytes) }
}

/** The same over the answer's life: of a joined one, text and page count from the beginning. */
function bytesOf({ key, address, text, page, tags }: KeptAnswer): number {
  // A string takes up to two bytes per character; a joined page is about as long as its text.
  const body = text === undefined ? page!.bytes.length : text.length * 2 + Math.ceil(text.length * 1.2)
  return body + (key.length + address.length) * 2 + tags.length * TAG_BYTES + OVERHEAD_BYTES
}
