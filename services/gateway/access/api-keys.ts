import { createHash } from 'node:crypto'
import type { Client, OutputOf } from '@stoa/contract'
import { Rejection } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import type { Actor } from '@stoa/runtime'
import { LRUCache } from 'lru-cache'

/** A key is looked at again after this, should its revocation never be heard. */
const FRESH_MS = 60_000
/** While auth is away, a key is believed this long. */
const STALE_MS = 10 * 60_000
const MAX_REMEMBERED = 10_000
/** What is nobody's key, so that a program with an old one costs nothing. */
const MAX_UNKNOWN = 10_000
const UNKNOWN_MS = 10_000
/** Looks at once: beyond them a key that is known is believed for longer, and one that is not must come again. */
const MAX_LOOKING = 50
/** When keys were used last is told this often. */
const TELL_EVERY_MS = 60_000
/** Keys of one message: what the operation takes. */
const MAX_TOLD = 1_000

type Auth = Pick<Client<typeof auth>, 'findApiKey' | 'noteApiKeyUses'>
type Found = NonNullable<OutputOf<typeof auth.operations.findApiKey>['found']>
type Known = { readonly actor: Actor; readonly found: Found; readonly validUntilMs: number; readAtMs: number }

/** The keys that this process has seen, by digest: a secret is kept nowhere, not even here. */
export class ApiKeys {
  readonly #known = new LRUCache<string, Known>({ max: MAX_REMEMBERED })
  readonly #unknown = new LRUCache<string, true>({ max: MAX_UNKNOWN, ttl: UNKNOWN_MS })
  readonly #looking = new Map<string, Promise<Known | undefined>>()
  #looks = 0
  readonly #used = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  /** Grows by what is heard: a look that was begun before it is given to who waits for it, and not remembered. */
  #heard = 0

  /**
   * Throws UNAUTHENTICATED for what opens nothing, UNAVAILABLE while auth is away and the key is not known. `mayLook` throws when the caller
   * has sent too many unknown keys to have another looked up.
   */
  async actorOf(secret: string, source: Auth, mayLook: () => void): Promise<Actor> {
    const digest = createHash('sha256').update(secret).digest('hex')
    const now = Date.now()
    let known = this.#known.get(digest)
    if (!known || now - known.readAtMs > FRESH_MS) {
      if (this.#unknown.has(digest)) throw new Rejection('UNAUTHENTICATED')
      if (!known) mayLook()
      known = await this.#look(digest, source)
    }
    if (!known || known.validUntilMs <= now) throw new Rejection('UNAUTHENTICATED')
    this.#noteUse(known.found.apiKeyId, now, source)
    return known.actor
  }

  /** It was rotated or revoked. */
  forget(apiKeyId: string): void {
    this.#drop(({ found }) => found.apiKeyId === apiKeyId)
  }

  /** Whoever answers for them may not do what they could. */
  forgetOf(userId: string): void {
    this.#drop(({ found }) => found.issuedBy === userId)
  }

  forgetAll(): void {
    this.#drop(() => true)
  }

  /** Tells what is left; resolves when it was tried. */
  async close(source: Auth): Promise<void> {
    while (this.#used.size > 0) await this.#tell(source)
    clearTimeout(this.#timer)
  }

  #drop(which: (known: Known) => boolean): void {
    this.#heard += 1
    // Nobody who comes from now on is given what was read before.
    this.#looking.clear()
    for (const [digest, known] of this.#known) if (which(known)) this.#known.delete(digest)
  }

  async #look(digest: string, source: Auth): Promise<Known | undefined> {
    const already = this.#looking.get(digest)
    if (already) return already
    if (this.#looks >= MAX_LOOKING) {
      const old = this.#believed(digest)
      if (old) return old
      throw new Rejection('UNAVAILABLE')
    }
    this.#looks += 1
    const looking = this.#find(digest, source).finally(() => {
      this.#looks -= 1
      if (this.#looking.get(digest) === looking) this.#looking.delete(digest)
    })
    this.#looking.set(digest, looking)
    return looking
  }

  /** What may be gone by without a look. */
  #believed(digest: string): Known | undefined {
    const old = this.#known.get(digest)
    return old && Date.now() - old.readAtMs < STALE_MS ? old : undefined
  }

  async #find(digest: string, source: Auth): Promise<Known | undefined> {
    const heard = this.#heard
    const readAtMs = Date.now()
    let found: Found | null
    try {
      found = (await source.findApiKey({ digest })).found
    } catch (error) {
      const old = this.#believed(digest)
      if (old) return old
      throw error instanceof Rejection && error.code !== 'INTERNAL' ? error : new Rejection('UNAVAILABLE')
    }
    if (found === null) {
      this.#known.delete(digest)
      this.#unknown.set(digest, true)
      return undefined
    }
    const { apiKeyId, issuedBy, permissions } = found
    const actor: Actor = { kind: 'staff', id: issuedBy, sessionId: apiKeyId, permissions, apiKeyId }
    const known = { actor, found, validUntilMs: Date.parse(found.validUntil), readAtMs }
    if (heard === this.#heard) this.#known.set(digest, known)
    return known
  }

  #noteUse(apiKeyId: string, now: number, source: Auth): void {
    if (this.#used.size >= MAX_REMEMBERED && !this.#used.has(apiKeyId)) return
    this.#used.set(apiKeyId, now)
    this.#timer ??= setTimeout(() => void this.#tell(source), TELL_EVERY_MS).unref()
  }

  /** Losing one loses a minute of what staff see. */
  async #tell(source: Auth): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const items = [...this.#used]
      .slice(0, MAX_TOLD)
      .map(([apiKeyId, at]) => ({ apiKeyId, usedAt: new Date(at).toISOString() }))
    for (const { apiKeyId } of items) this.#used.delete(apiKeyId)
    await source.noteApiKeyUses({ items }).catch(() => {})
    if (this.#used.size > 0) this.#timer ??= setTimeout(() => void this.#tell(source), TELL_EVERY_MS).unref()
  }
}
