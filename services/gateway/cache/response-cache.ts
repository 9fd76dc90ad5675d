import { type Contract, type Operation, type OutputOf, Rejection } from '@stoa/contract'
import { inventory } from '@stoa/contracts/inventory'
import { product } from '@stoa/contracts/product'
import { rankingVariant, search } from '@stoa/contracts/search'
import { type Actor, type EdgeHost, JsonText, newTrace, type Trace } from '@stoa/runtime'
import { LRUCache } from 'lru-cache'
import { actorFor, audienceOf, cacheKey, languageOf } from './cache-key.ts'
import { type CacheMetrics, cacheMetrics } from './cache-metrics.ts'
import { hitsOf, joinCards } from './join-cards.ts'
import type { Kept } from './kept.ts'
import { type KeptAnswer, type Made, type Page, pageOf } from './kept-answers.ts'
import type { CardSource, Scope } from './live-cards.ts'
import { countRepeatedSearches } from './repeated-searches.ts'
import { makeShared } from './shared-answers.ts'
import { tagsOf } from './tags.ts'

const DEFAULT_DEADLINE_MS = 10_000
/** Spellings of addresses that lead to an answer without a look at their fields. */
const MAX_SPELLINGS = 20_000
/** Longer ones are read anew each time: what nobody types is no reason to keep memory. */
const MAX_SPELLING_LENGTH = 500

/** A request for an operation whose answers may be kept. */
export type CacheRequest = {
  /** Path and query as sent. */
  readonly url: string
  readonly acceptLanguage: string | undefined
  readonly actor: Actor
  readonly trace: Trace
  /** Reads the operation's input; throws what is wrong with the request. */
  readonly input: () => Record<string, unknown>
}

/** What goes out. */
export type Given = Page & { readonly isPrivate: boolean }

export type OperationCache = {
  /** The quickest way: the answer to an anonymous request that was asked in these very words before. */
  readonly spelled: (url: string, acceptLanguage: string | undefined) => Given | undefined
  /** The answer, kept or made; undefined when it has to come from the service itself. Throws as the service does. */
  readonly answer: (request: CacheRequest) => Promise<Given | undefined>
}

export type ResponseCache = {
  /** Undefined: nothing of this operation is kept. */
  readonly of: (contract: Contract, name: string, operation: Operation) => OperationCache | undefined
  /** Tells what is still to be told. */
  readonly close: () => Promise<void>
}

/** Joins what this process keeps with the services from which it comes. */
export function createResponseCache(host: EdgeHost, kept: Kept): ResponseCache {
  const metrics = cacheMetrics(host.metrics, kept)
  const repeated = countRepeatedSearches((input) => host.client(search).repeated(input))
  const source: CardSource = {
    cards: (input) => host.client(product).cards(input),
    availability: (input) => host.client(inventory).availability(input),
  }
  const caches = new Map<Operation, OperationCache>()
  return {
    of: (contract, name, operation) => {
      // Searches are put together here even where nothing is kept: what a group pays is joined.
      const isJoined = contract.name === search.name && name === 'query'
      if (operation.cache === undefined || (kept.maxBytes === 0 && !isJoined)) return undefined
      let cache = caches.get(operation)
      if (!cache) {
        cache = cacheOf({ host, kept, metrics, source, repeated: repeated.count, contract, name, operation })
        caches.set(operation, cache)
      }
      return cache
    },
    close: repeated.close,
  }
}

function cacheOf(options: {
  readonly host: EdgeHost
  readonly kept: Kept
  readonly metrics: CacheMetrics
  readonly source: CardSource
  readonly repeated: (searchId: string) => void
  readonly contract: Contract
  readonly name: string
  readonly operation: Operation
}): OperationCache {
  const { host, kept, source, repeated, contract, operation } = options
  const { answers, cards } = kept
  const name = `${contract.name}.${options.name}`
  const counted = options.metrics.of(name)
  const tags = tagsOf[name]
  if (!tags) throw new Error(`${name} may be kept, and nothing says by what it is dropped: see tags.ts`)
  const isSearch = name === 'search.query'
  if (operation.headers && !isSearch)
    throw new Error(`${name} may be kept, and reads headers that are not part of a kept answer's name`)
  const ceilingMs = operation.cache!.seconds * 1000
  const spellings = new LRUCache<string, string>({ max: MAX_SPELLINGS })

  const make = async (
    input: object,
    { actor, trace, seen }: { actor: Actor; trace: Trace; seen: Seen | undefined },
  ): Promise<Made> => {
    const { output, headers } = await host.send({
      contract,
      name: options.name,
      operation,
      input,
      actor,
      address: undefined,
      idempotencyKey: undefined,
      trace,
      deadlineAt: Date.now() + (operation.deadlineMs ?? DEFAULT_DEADLINE_MS),
      signal: host.signal,
    })
    const text = output instanceof JsonText ? output.text : JSON.stringify(output ?? null)
    const parsed = output instanceof JsonText ? JSON.parse(text) : output
    if (isSearch) learnTest(kept, parsed.ranking)
    return {
      text,
      tags: tags(operation.input.parse(input) as never, parsed as never),
      joined: isSearch,
      searchId: isSearch ? parsed.searchId : undefined,
      // Whatever a handler says beside its answer (a cookie, that it is private) is for this caller.
      keep: Object.keys(headers).length === 0 && (!isSearch || isOf(seen, parsed.ranking)),
    }
  }

  const join = async (answer: KeptAnswer, scope: Scope): Promise<Page> => {
    const { touched } = answer
    const text = answer.text!
    try {
      const live = await cards.of(hitsOf(text), scope, source)
      const page = pageOf(joinCards(text, live.cards))
      if (live.isWhole && answer.touched === touched) answer.page = page
      return page
    } catch (error) {
      if (!(error instanceof Rejection)) throw error
      // Without the catalogue: what search knew when it answered, for this once.
      return pageOf(text)
    }
  }
  /** However many want it, its cards are joined once, unless one of them has changed since that was begun. */
  const joined = (answer: KeptAnswer, scope: Scope): Promise<Page> | Page => {
    if (answer.page) return answer.page
    if (answer.joining?.touched === answer.touched) return answer.joining.page
    const joining = {
      touched: answer.touched,
      page: join(answer, scope).finally(() => {
        if (answer.joining === joining) answer.joining = undefined
      }),
    }
    answer.joining = joining
    return joining.page
  }

  const given = (answer: KeptAnswer, page: Page): Given => ({
    bytes: page.bytes,
    etag: page.etag,
    isPrivate: answer.isPrivate,
  })

  return {
    spelled: (url, acceptLanguage) => {
      const key = spellings.get(`${languageOf(acceptLanguage)} ${url}`)
      if (key === undefined) return undefined
      const answer = answers.find(key)
      if (!answer?.page || answer.freshUntil <= Date.now()) return undefined
      counted.hit()
      if (answer.searchId !== undefined) repeated(answer.searchId)
      return given(answer, answer.page)
    },

    answer: async ({ url, acceptLanguage, actor, trace, input: read }) => {
      const audience = audienceOf(actor)
      const sent = read()
      const parsed = operation.input.safeParse(sent)
      // What is wrong with an input is for the service to say.
      if (audience === undefined || !parsed.success) {
        counted.bypass()
        return undefined
      }
      const seen = isSearch ? seenBy(kept, sent.visitor) : undefined
      const variant = seen?.variant ?? (isSearch ? `of ${sent.visitor}` : '')
      const input = parsed.data as Record<string, unknown>
      const language = languageOf(acceptLanguage)
      const key = cacheKey({ name, operation, input, language, audience, variant })
      const order = (traceOfMaking: Trace) => ({
        key,
        operation: name,
        address: url,
        isPrivate: audience.customerGroup !== undefined,
        ceilingMs,
        make: () => {
          const one = () => make(sent, { actor: actorFor(audience), trace: traceOfMaking, seen })
          // What is made for one visitor is nobody else's.
          if (!kept.shared || (isSearch && !seen)) return one()
          // Others may believe in another ranking test than we.
          const name = seen?.testId === undefined ? key : `${key}${seen.testId}`
          return makeShared({ shared: kept.shared, answers, name, ceilingMs, make: one })
        },
      })
      let answer = answers.find(key)
      if (answer === undefined) {
        if (isSearch && !seen) counted.bypass()
        else counted.miss()
        answer = await answers.make(order(trace))
      } else {
        if (answer.searchId !== undefined) repeated(answer.searchId)
        if (answer.freshUntil > Date.now()) counted.hit()
        else {
          counted.stale()
          // Whoever made it learns of a failure; this one has its answer.
          answers.make(order(newTrace())).catch(() => {})
        }
      }
      if (actor.kind === 'anonymous' && sent.visitor === undefined && url.length <= MAX_SPELLING_LENGTH)
        spellings.set(`${language} ${url}`, key)
      const currency = input.currency as string | undefined
      return given(answer, await joined(answer, { currency, customerGroup: audience.customerGroup }))
    },
  }
}

/** Which ranking a visitor sees, and of which test; `undefined`: of whichever, for it is that of everyone. */
type Seen = { readonly variant: 'default' | 'challenger'; readonly testId: string | null | undefined }

/** Undefined while it is not known which test runs: what is made is for this visitor alone, and not kept. */
function seenBy({ test }: Kept, visitor: unknown): Seen | undefined {
  if (typeof visitor !== 'string') return { variant: 'default', testId: undefined }
  return test.known
    ? { variant: rankingVariant(test.test, visitor), testId: test.test?.testId ?? null }
    : undefined
}

type Ranking = OutputOf<typeof search.operations.query>['ranking']

/** Whether an answer is what those who see this ranking should be given: search may have heard of a test earlier than we, or later. */
const isOf = (seen: Seen | undefined, { variant, testId }: Ranking): boolean =>
  seen !== undefined && seen.variant === variant && (seen.testId === undefined || seen.testId === testId)

/** Which test runs is told by events; by answers, too, when this process began after the event or believes another one. */
function learnTest(kept: Kept, { testId, sharePercent }: Ranking): void {
  const { known, test } = kept.test
  if (!known)
    kept.test = {
      known: true,
      test: testId === null || sharePercent === null ? null : { testId, sharePercent },
    }
  // One of the two is behind: the next answer tells.
  else if ((test?.testId ?? null) !== testId) kept.test = { known: false, test: null }
}
