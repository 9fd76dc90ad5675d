import { FIELDS, timesIn } from '../../analysis/occurrence.ts'
import {
  type CompiledRule,
  type CompiledSettings,
  rankingOf,
  sameQuery,
} from '../../planning/compiled-settings.ts'
import { type Place, readCursor, WITHOUT_PRICE, writeCursor } from '../../planning/cursor.ts'
import { type Plan, planQuery } from '../../planning/plan.ts'
import { EXACT_SCORE, filtersToDrop, requirement, shareOf, without } from '../../planning/requirement.ts'
import { factorOf, rulesFor } from '../../ranking/merchandising.ts'
import { signalFactor, signalShares } from '../../ranking/signals.ts'
import {
  type Explanation,
  type Hit,
  PAGE_HITS,
  type RankingSettings,
  type Relaxation,
  type SearchRequest,
  type SearchResult,
  type TextField,
} from '../engine.ts'
import { settleCorrections } from './corrections.ts'
import { isAvailable, priceOf } from './documents.ts'
import { facetCounter } from './facets.ts'
import { type CompiledFilters, compileFilters, PASSES, SEVERAL } from './filters.ts'
import { type Matches, matchGroups, type Scratch, type Witness } from './scoring.ts'
import { knownOf, type SearchIndex } from './search-index.ts'

const HOUR_MS = 3_600_000

export function search(
  index: SearchIndex,
  request: SearchRequest,
  {
    scratch,
    settings: settingsOf,
    now,
  }: {
    readonly scratch: Scratch
    /** Of a mark; the present ones when those are gone or none is named. */
    readonly settings: (mark?: number) => CompiledSettings
    readonly now: number
  },
): SearchResult {
  const after = request.after === undefined ? undefined : readCursor(request)
  const settings = settingsOf(after?.plan.settingsMark)
  const atMs = request.at === undefined ? now : Date.parse(request.at)
  const { plan, misspelt } = after
    ? { plan: after.plan, misspelt: new Set<number>() }
    : firstPlan(index, request, { settings, atMs, scratch })
  const ranking = rankingOf(settings, plan.ranking)
  const limit = Math.min(PAGE_HITS, Math.max(0, Math.floor(request.limit)))
  const matches = plan.groups.length > 0 ? matchGroups(index, plan, { ranking, scratch }) : undefined
  const rules = rulesOf(index, request, settings, plan)
  let asked = plan.dropped.reduce(without, request.filters)
  let filters = compileFilters(index, asked, request.currency)
  let relaxation: Relaxation | null = null

  if (!after && matches) {
    const recover = request.recover ?? true
    const { share, kept, relaxed } = requirement(plan, {
      ...seenMasks(plan, { matches, filters, ranking, recover }),
      misspelt,
      ranking,
      recover,
    })
    plan.required = share
    plan.kept = kept
    relaxation = relaxed
  }

  const wantsFacets = request.facets !== 'none' && request.facets.length > 0
  let found = collect()
  if (!after && found.total === 0 && filters.count > 0 && (request.recover ?? true) && !relaxation) {
    const dropped = filtersToDrop(filters.keys, found.failures)
    asked = dropped.reduce(without, request.filters)
    filters = compileFilters(index, asked, request.currency)
    found = collect()
    if (found.total > 0) {
      plan.dropped = dropped
      relaxation = { kind: 'filters', dropped }
    }
  }

  const explained = request.explain
    ? explain(index, plan, { documents: found.top.map(({ document }) => document), ranking, rules, scratch })
    : undefined
  const hits = found.top.map(({ document, score }): Hit => {
    const productId = index.documents.ids[document]!
    const its = explained?.get(document)
    return its ? { productId, score, explain: its } : { productId, score }
  })
  const last = found.top.at(-1)
  const more = last !== undefined && found.beyond > found.top.length
  return {
    hits,
    total: found.total,
    facets: found.facets,
    correction: plan.correction === null ? null : { query: plan.correction, applied: true },
    relaxation,
    next: more
      ? writeCursor(request, plan, {
          pin: last.pin,
          key: last.key,
          productId: index.documents.ids[last.document]!,
        })
      : null,
    settingsVersion: settings.version,
    rankingVersion: ranking.version,
  }

  function collect() {
    const { documents } = index
    const keyOf = sortKey(index, request)
    const isBefore = order(index, request.sort)
    const top = openTop(limit, isBefore)
    const counter = wantsFacets ? facetCounter(index, filters, { ...request, filters: asked }) : undefined
    const failures = new Uint32Array(filters.count)
    let total = 0
    let beyond = 0
    const scoreOf = documentScore(index, plan, { matches, ranking, rules })
    const visit = (document: number, isMatch: boolean) => {
      if (documents.alive[document] === 0 || rules.hidden.has(document)) return
      const pin = rules.pins.get(document) ?? 0
      if (!isMatch && pin === 0) return
      const failed = filters.failed(document)
      if (failed === SEVERAL) return
      counter?.count(document, failed)
      if (failed !== PASSES) {
        failures[failed]! += 1
        return
      }
      total += 1
      const score = scoreOf(document)
      const entry = { document, score, pin, key: keyOf(document, score) }
      if (after && !isAfter(entry, after.place)) return
      beyond += 1
      top.offer(entry)
    }
    if (matches) {
      const { required, kept } = plan
      const shares = shareOf(plan)
      for (let at = 0; at < matches.count; at += 1) {
        const document = matches.documents[at]!
        const mask = matches.masks[document]!
        if (shares[mask]! >= required && (mask & kept) === kept) visit(document, true)
        else if (rules.pins.has(document) || rules.exact === document)
          visit(document, rules.exact === document)
      }
      for (const document of rules.pins.keys()) if (matches.masks[document] === 0) visit(document, false)
      if (rules.exact !== undefined && matches.masks[rules.exact] === 0 && !rules.pins.has(rules.exact))
        visit(rules.exact, true)
    } else if (request.query.trim() === '' || plan.exact === null) {
      // Of a query that has no word at all nothing is found; an empty one finds everything.
      if (request.query.trim() === '') for (let at = 0; at < documents.count; at += 1) visit(at, true)
    } else if (rules.exact !== undefined) visit(rules.exact, true)
    return { top: top.sorted(), total, beyond, failures, facets: counter?.facets() ?? [] }

    function isAfter(entry: Entry, place: Place): boolean {
      if (entry.pin !== place.pin) return (entry.pin || 1e9) > (place.pin || 1e9)
      if (entry.pin === 0 && entry.key !== place.key)
        return isDescending(request.sort) ? entry.key < place.key : entry.key > place.key
      return index.documents.ids[entry.document]! > place.productId
    }
  }
}

type Entry = {
  readonly document: number
  readonly score: number
  readonly pin: number
  readonly key: number | string
}

function firstPlan(
  index: SearchIndex,
  request: SearchRequest,
  {
    settings,
    atMs,
    scratch,
  }: { readonly settings: CompiledSettings; readonly atMs: number; readonly scratch: Scratch },
): { plan: Plan; misspelt: ReadonlySet<number> } {
  const draft = planQuery(request.query, {
    settings,
    ranking: request.variant ?? 'default',
    known: knownOf(index),
    hour: atMs / HOUR_MS,
    correct: request.recover ?? true,
  })
  const misspelt = new Set(draft.misspelt.map(({ group }) => group))
  if (misspelt.size === 0) return { plan: draft.plan, misspelt }
  const ranking = rankingOf(settings, draft.plan.ranking)
  return { plan: settleCorrections(index, draft, { ranking, scratch }), misspelt }
}

/** The masks of groups that matches have, as far as they are needed to know what to give up. */
function seenMasks(
  plan: Plan,
  {
    matches,
    filters,
    ranking,
    recover,
  }: {
    readonly matches: Matches
    readonly filters: CompiledFilters
    readonly ranking: RankingSettings
    readonly recover: boolean
  },
): { whole: number; seen: Set<number> } {
  const all = 2 ** plan.groups.length - 1
  const enough = ranking.steps.enough ?? 1
  const seen = new Set<number>()
  let whole = 0
  for (let at = 0; at < matches.count && whole < enough; at += 1) {
    const document = matches.documents[at]!
    const mask = matches.masks[document]!
    if (mask !== all && !recover) continue
    if (filters.count > 0 && filters.failed(document) !== PASSES) continue
    if (mask === all) whole += 1
    else seen.add(mask)
  }
  return { whole, seen }
}

type Rules = {
  readonly pins: ReadonlyMap<number, number>
  readonly hidden: ReadonlySet<number>
  readonly factors: readonly { readonly takes: (document: number) => boolean; readonly rule: CompiledRule }[]
  readonly exact: number | undefined
  readonly holding: readonly { readonly rule: CompiledRule; readonly takes: (document: number) => boolean }[]
}

function rulesOf(index: SearchIndex, request: SearchRequest, settings: CompiledSettings, plan: Plan): Rules {
  const pins = new Map<number, number>()
  /** Those that are not here keep their place: the others' do not change when they come or go. */
  const pinned = new Set<string>()
  const hidden = new Set<number>()
  const holding = rulesFor(settings.rules, {
    query: sameQuery(request.query),
    filters: request.filters,
    atMs: plan.hour * HOUR_MS,
  }).map((rule) => ({ rule, takes: takesOf(index, rule, request.currency) }))
  for (const { rule } of holding) {
    const ids = 'ids' in rule.products ? rule.products.ids : []
    if (rule.action === 'pin')
      for (const id of ids) {
        pinned.add(id)
        const document = index.documents.indexes.get(id)
        if (document !== undefined && !pins.has(document)) pins.set(document, pinned.size)
      }
  }
  const hides = holding.filter(({ rule }) => rule.action === 'hide')
  if (hides.length > 0)
    for (let at = 0; at < index.documents.count; at += 1)
      if (hides.some(({ takes }) => takes(at))) hidden.add(at)
  return {
    pins,
    hidden,
    holding,
    factors: holding.filter(({ rule }) => rule.action === 'boost' || rule.action === 'bury'),
    exact: plan.exact === null ? undefined : onlyDocument(index, plan.exact),
  }
}

function takesOf(index: SearchIndex, rule: CompiledRule, currency: string): (document: number) => boolean {
  if ('ids' in rule.products) {
    const wanted = new Set(rule.products.ids.map((id) => index.documents.indexes.get(id)))
    return (document) => wanted.has(document)
  }
  const filters = compileFilters(index, rule.products.filters, currency)
  return (document) => filters.failed(document) === PASSES
}

function onlyDocument({ vocabulary, postings, documents }: SearchIndex, term: string): number | undefined {
  const number = vocabulary.find(term)
  let found: number | undefined
  if (number !== undefined)
    postings.slices(number, (pool, from, to) => {
      for (let at = from; at < to; at += 2) if (documents.alive[pool[at]!] === 1) found ??= pool[at]!
      return found === undefined
    })
  return found
}

type ScoreParts = { text: number; factors: { name: string; factor: number }[] }

function documentScore(
  index: SearchIndex,
  plan: Plan,
  {
    matches,
    ranking,
    rules,
  }: { readonly matches: Matches | undefined; readonly ranking: RankingSettings; readonly rules: Rules },
): (document: number, parts?: ScoreParts) => number {
  const { documents } = index
  const adjacency = ranking.steps.adjacency ?? 0
  const covered = ranking.steps.coverage ?? 0
  const shares = matches && shareOf(plan)
  const pairsAtMost = Math.max(1, plan.groups.length - 1)
  const hasSignals = Object.values(ranking.signals).some((weight) => weight !== 0)
  return (document, parts) => {
    const text = matches?.scores[document] ?? 0
    let score = matches ? text : 1
    const times = (name: string, factor: number) => {
      score *= factor
      if (factor !== 1) parts?.factors.push({ name, factor })
    }
    if (shares && covered !== 0) times('coverage', shares[matches!.masks[document]!]! ** covered)
    if (matches && adjacency !== 0)
      times('adjacency', 1 + (adjacency * matches.pairs[document]!) / pairsAtMost)
    if (hasSignals) {
      const shares = signalShares({
        sold: documents.sold[document]!,
        stars: documents.ratings[document]! / 100,
        ratings: documents.ratingCounts[document]!,
        available: isAvailable(documents, document),
        ageDays: (plan.hour - documents.published[document]! / HOUR_MS) / 24,
      })
      if (parts) {
        for (const [name, share] of Object.entries(shares)) {
          const factor = 1 + share * ranking.signals[name as keyof typeof shares]
          if (factor !== 1) parts.factors.push({ name, factor })
        }
      }
      score *= signalFactor(shares, ranking.signals)
    }
    for (const { takes, rule } of rules.factors)
      if (takes(document)) times(`rule ${rule.ruleId}`, factorOf(rule))
    if (rules.exact === document) score += EXACT_SCORE
    if (parts) parts.text = text
    return score
  }
}

function explain(
  index: SearchIndex,
  plan: Plan,
  {
    documents,
    ranking,
    rules,
    scratch,
  }: {
    readonly documents: readonly number[]
    readonly ranking: RankingSettings
    readonly rules: Rules
    readonly scratch: Scratch
  },
): Map<number, Explanation> {
  type Terms = { asked: string; found: string; field: TextField; score: number }[]
  const terms = new Map<number, Terms>(documents.map((document) => [document, []]))
  const witness: Witness = ({ document, group, terms: found, occurrence, score }) => {
    const field = FIELDS.find((_, at) => timesIn(occurrence, at) > 0) ?? 'name'
    terms.get(document)!.push({ asked: plan.groups[group]!.asked, found: found.join(' '), field, score })
  }
  const matches =
    plan.groups.length === 0
      ? undefined
      : matchGroups(index, plan, { ranking, scratch, witness, only: new Set(documents) })
  const scoreOf = documentScore(index, plan, { matches, ranking, rules })
  return new Map(
    documents.map((document) => {
      const parts: ScoreParts = { text: 0, factors: [] }
      scoreOf(document, parts)
      const touched = rules.holding.filter(({ takes }) => takes(document))
      return [
        document,
        {
          text: parts.text,
          terms: terms.get(document)!,
          factors: parts.factors,
          rules: touched.map(({ rule: { ruleId, action } }) => ({ ruleId, action })),
        },
      ]
    }),
  )
}

/** Explains every product of an index under a plan that was made elsewhere, and scores it. By product. */
export function explainDocuments(
  index: SearchIndex,
  {
    plan,
    request,
    settings,
    ranking,
    scratch,
  }: {
    readonly plan: Plan
    readonly request: SearchRequest
    readonly settings: CompiledSettings
    readonly ranking: RankingSettings
    readonly scratch: Scratch
  },
): Map<string, { score: number; explanation: Explanation }> {
  const rules = rulesOf(index, request, settings, plan)
  const documents = [...index.documents.indexes.values()]
  const explained = explain(index, plan, { documents, ranking, rules, scratch })
  const matches = plan.groups.length > 0 ? matchGroups(index, plan, { ranking, scratch }) : undefined
  const scoreOf = documentScore(index, plan, { matches, ranking, rules })
  return new Map(
    documents.map((document) => [
      index.documents.ids[document]!,
      { score: scoreOf(document), explanation: explained.get(document)! },
    ]),
  )
}

function sortKey(
  { documents }: SearchIndex,
  { sort, currency }: SearchRequest,
): (document: number, score: number) => number | string {
  switch (sort) {
    case 'relevance':
      // Of 32 bits, as OpenSearch has it, so that those who tie here tie there and a cursor of the one leads on in the other.
      return (_, score) => Math.fround(score)
    case 'price-up':
      return (document) => {
        const price = priceOf(documents, currency, document)
        return price >= 0 ? price : WITHOUT_PRICE.up
      }
    case 'price-down':
      return (document) => {
        const price = priceOf(documents, currency, document)
        return price >= 0 ? price : WITHOUT_PRICE.down
      }
    case 'newest':
      return (document) => documents.published[document]!
    case 'rating':
      return (document) =>
        documents.ratings[document]! * 1e6 + Math.min(999_999, documents.ratingCounts[document]!)
    case 'bestselling':
      return (document) => documents.sold[document]!
    case 'name':
      return (document) => documents.sortNames[document]!
  }
}

const isDescending = (sort: SearchRequest['sort']): boolean => sort !== 'price-up' && sort !== 'name'

/** Whether `a` stands before `b`. Ids decide between equals: the same in every process. */
function order({ documents }: SearchIndex, sort: SearchRequest['sort']): (a: Entry, b: Entry) => boolean {
  const descending = isDescending(sort)
  return (a, b) => {
    if (a.pin !== b.pin) return (a.pin || 1e9) < (b.pin || 1e9)
    if (a.pin === 0 && a.key !== b.key) return descending ? a.key > b.key : a.key < b.key
    return documents.ids[a.document]! < documents.ids[b.document]!
  }
}

/** The first `limit` in order, kept as a heap whose root is the last of them. */
function openTop(limit: number, isBefore: (a: Entry, b: Entry) => boolean) {
  const heap: Entry[] = []
  const sinkFrom = (start: number) => {
    let at = start
    for (;;) {
      const left = 2 * at + 1
      if (left >= heap.length) return
      const right = left + 1
      const worse = right < heap.length && isBefore(heap[left]!, heap[right]!) ? right : left
      if (!isBefore(heap[at]!, heap[worse]!)) return
      ;[heap[at], heap[worse]] = [heap[worse]!, heap[at]!]
      at = worse
    }
  }
  return {
    offer: (entry: Entry) => {
      if (limit === 0) return
      if (heap.length < limit) {
        heap.push(entry)
        let at = heap.length - 1
        while (at > 0) {
          const parent = (at - 1) >> 1
          if (!isBefore(heap[parent]!, heap[at]!)) break
          ;[heap[parent], heap[at]] = [heap[at]!, heap[parent]!]
          at = parent
        }
      } else if (isBefore(entry, heap[0]!)) {
        heap[0] = entry
        sinkFrom(0)
      }
    },
    sorted: () => heap.sort((a, b) => (isBefore(a, b) ? -1 : 1)),
  }
}
