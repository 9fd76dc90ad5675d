import {
  type CompiledRule,
  type CompiledSettings,
  rankingOf,
  sameQuery,
} from '../../planning/compiled-settings.ts'
import { correctedPlan } from '../../planning/corrections.ts'
import { type Place, readCursor, WITHOUT_PRICE, writeCursor } from '../../planning/cursor.ts'
import { type Known, type Plan, planQuery } from '../../planning/plan.ts'
import { EXACT_SCORE, filtersToDrop, requirement, without } from '../../planning/requirement.ts'
import { factorOf, rulesFor } from '../../ranking/merchandising.ts'
import {
  CursorRefused,
  type Facet,
  type Hit,
  PAGE_HITS,
  type RankingSettings,
  type Relaxation,
  type SearchRequest,
  type SearchResult,
} from '../engine.ts'
import {
  all,
  any,
  type Clause,
  filterClauses,
  groupClause,
  mostWorth,
  termClause,
  wordsClause,
} from './clauses.ts'
import { type Explained, type ExplainedSource, explainHits } from './explain.ts'
import { type Aggregations, facetPlan } from './facets.ts'
import type { openKnown } from './known.ts'
import type { PointsInTime } from './points-in-time.ts'
import { RefusedByIndex, type Remote } from './remote.ts'
import { scoreScript } from './score.ts'

const HOUR_MS = 3_600_000
/** Behind all that are pinned. */
const NO_PIN = 1_000_000_000

export type SearchTools = {
  readonly remote: Remote
  readonly index: string
  readonly known: ReturnType<typeof openKnown>
  readonly points: PointsInTime
  /** Of a mark; the present ones when those are gone or none is named. */
  readonly settings: (mark?: number) => CompiledSettings
}

type Found = {
  readonly hits: readonly RawHit[]
  readonly total: number
  readonly whole: number
  readonly facets: readonly Facet[]
}

type RawHit = {
  readonly _id: string
  readonly _score: number | null
  readonly sort: readonly (number | string)[]
  readonly fields?: { readonly card?: readonly string[]; readonly available?: readonly number[] }
  readonly _source?: ExplainedSource
  readonly matched_queries?: readonly string[]
}

type RawAnswer = {
  readonly hits: { readonly total: { readonly value: number }; readonly hits: readonly RawHit[] }
  readonly aggregations?: Aggregations
}

/** As ../embedded/search.ts, step by step; most queries cost one request, those that must give something up two or three. */
export async function search(tools: SearchTools, request: SearchRequest): Promise<SearchResult> {
  const after = request.after === undefined ? undefined : readCursor(request)
  const point = after?.own
  const settings = tools.settings(after?.plan.settingsMark)
  const atMs = request.at === undefined ? Date.now() : Date.parse(request.at)
  const { plan, misspelt } = after
    ? { plan: after.plan, misspelt: new Set<number>() }
    : await firstPlan(tools, request, { settings, atMs })
  const ranking = rankingOf(settings, plan.ranking)
  const recover = request.recover ?? true
  const limit = Math.min(PAGE_HITS, Math.max(0, Math.floor(request.limit)))
  const rules = rulesOf(request, settings, plan)
  const hasWords = request.query.trim() !== ''
  const empty: Found = { hits: [], total: 0, whole: 0, facets: [] }
  const nothing = hasWords && plan.groups.length === 0 && plan.exact === null

  let asked = plan.dropped.reduce(without, request.filters)
  let filters = filterClauses(asked, request.currency)
  let relaxation: Relaxation | null = null
  if (!after) plan.required = 1
  let found = nothing ? empty : await collect()

  if (!after && plan.groups.length > 0) {
    const enough = ranking.steps.enough ?? 1
    const { whole } = found
    const seen = new Set<number>()
    if (whole === 0 && recover && plan.exact === null) {
      const best = await bestMask()
      if (best !== undefined) seen.add(best)
    }
    const { share, kept, relaxed } = requirement(plan, {
      whole: Math.min(whole, enough),
      seen,
      misspelt,
      ranking,
      recover,
    })
    relaxation = relaxed
    plan.required = share
    plan.kept = kept
    // Of one word nothing can be given up.
    if (share < 1 && plan.groups.length > 1) found = await collect()
  }
  if (!after && !nothing && found.total === 0 && filters.length > 0 && recover && !relaxation) {
    const dropped = filtersToDrop(
      filters.map(({ key }) => key),
      await failures(),
    )
    asked = dropped.reduce(without, request.filters)
    filters = filterClauses(asked, request.currency)
    found = await collect()
    if (found.total > 0) {
      plan.dropped = dropped
      relaxation = { kind: 'filters', dropped }
    }
  }

  const shown = found.hits.slice(0, limit)
  const explained = request.explain
    ? await explainHits(
        shown.map(({ _source }) => _source!),
        { plan, request, settings, ranking },
      )
    : undefined
  const last = shown.at(-1)
  return {
    hits: shown.map((hit) => hitOf(hit, explained)),
    total: found.total,
    facets: found.facets,
    correction: plan.correction === null ? null : { query: plan.correction, applied: true },
    relaxation,
    next:
      last && found.hits.length > limit
        ? await nextCursor(tools, { request, plan, place: placeOf(last), point, later: after !== undefined })
        : null,
    settingsVersion: settings.version,
    rankingVersion: ranking.version,
  }

  /** All that the words find, before the filters. */
  function matching(): Clause {
    const found: Clause[] = []
    if (plan.groups.length > 0) found.push(wordsClause(plan))
    else if (!hasWords) found.push({ match_all: {} })
    if (plan.exact !== null) found.push(termClause(plan.exact))
    if (rules.pins.size > 0) found.push({ terms: { productId: [...rules.pins.keys()] } })
    return {
      bool: {
        filter: [{ term: { live: true } }, any(found)],
        ...(rules.hidden.length > 0 && { must_not: rules.hidden }),
      },
    }
  }

  async function collect(): Promise<Found> {
    const wantsFacets = request.facets !== 'none' && request.facets.length > 0
    const facets = wantsFacets ? facetPlan({ ...request, filters: asked }, filters, settings) : undefined
    const clauses = filters.map(({ clause }) => clause)
    // With facets the filters come after them: each facet is counted without its own.
    const within = facets ? matching() : all([matching(), ...clauses])
    const query = request.sort === 'relevance' ? scored(within, { plan, ranking, rules }) : all([within])
    const ownWhole = !after && rules.pins.size > 0 && plan.groups.length > 0
    const body = {
      query,
      ...(facets && clauses.length > 0 && { post_filter: all(clauses) }),
      size: limit === 0 ? 0 : limit + 1,
      track_total_hits: true,
      sort: sortOf(request, rules.pins),
      ...(after && { search_after: searchAfter(after.place, request, rules.pins.size > 0) }),
      ...(request.explain
        ? { _source: ['document', 'available', 'sold'] }
        : { _source: false, stored_fields: ['card'], docvalue_fields: ['available'] }),
      ...((facets || ownWhole) && {
        aggs: {
          ...facets?.aggs,
          ...(ownWhole && { whole: { filter: all([wordsClause(plan), ...clauses]) } }),
        },
      }),
    }
    const answer = await ask(body)
    const total = answer.hits.total.value
    const aggregations = answer.aggregations ?? {}
    const whole = ownWhole ? (aggregations.whole as { doc_count: number }).doc_count : total
    if (!facets) return { hits: answer.hits.hits, total, whole, facets: [] }
    const { more, facets: shownWith } = facets.read({ aggregations, total })
    const rest =
      more && (await ask({ size: 0, track_total_hits: false, query: within, aggs: more })).aggregations
    return { hits: answer.hits.hits, total, whole, facets: shownWith(rest) }
  }

  async function ask(body: object): Promise<RawAnswer> {
    if (point !== undefined) {
      const answer = await tools.points.search(point, body)
      if (answer !== undefined) return answer as RawAnswer
    }
    try {
      return (await tools.remote.search(tools.index, body)) as RawAnswer
    } catch (error) {
      // The plan came from outside: what is wrong with it is not a mistake of ours.
      if (after && error instanceof RefusedByIndex && error.status === 400)
        throw new CursorRefused('the index does not take it')
      throw error
    }
  }

  /** The words, as bits, that some product has and that are worth most together. */
  async function bestMask(): Promise<number | undefined> {
    const query = {
      bool: {
        must: [mostWorth(plan, misspelt)],
        filter: [{ term: { live: true } }, ...filters.map(({ clause }) => clause)],
      },
    }
    const { hits } = (await ask({ query, size: 1, track_total_hits: false, _source: false })).hits
    const names = hits[0]?.matched_queries
    return names?.reduce((bits, name) => bits | (1 << Number(name)), 0)
  }

  /** For each filter, how many products fail it and no other. */
  async function failures(): Promise<number[]> {
    const aggs = Object.fromEntries(
      filters.map((_, at) => [
        `without${at}`,
        { filter: all(filters.filter((_, other) => other !== at).map(({ clause }) => clause)) },
      ]),
    )
    const { aggregations = {} } = await ask({ query: matching(), size: 0, track_total_hits: false, aggs })
    return filters.map((_, at) => (aggregations[`without${at}`] as { doc_count: number }).doc_count)
  }

  function placeOf({ sort, _id }: RawHit): Place {
    const pinned = rules.pins.size > 0
    const pin = pinned ? Number(sort[0]) : NO_PIN
    const key = sort[pinned ? 1 : 0]!
    return {
      pin: pin === NO_PIN ? 0 : pin,
      // As the number of 32 bits that it is, and not as the shorter one that it is written as.
      key: request.sort === 'relevance' ? Math.fround(Number(key)) : key,
      productId: _id,
    }
  }
}

async function firstPlan(
  tools: SearchTools,
  request: SearchRequest,
  { settings, atMs }: { readonly settings: CompiledSettings; readonly atMs: number },
): Promise<{ plan: Plan; misspelt: ReadonlySet<number> }> {
  const draftOf = (known: Known) =>
    planQuery(request.query, {
      settings,
      ranking: request.variant ?? 'default',
      known,
      hour: atMs / HOUR_MS,
      correct: request.recover ?? true,
    })
  const { answer: draft, known } = await tools.known.settled(settings, draftOf)
  const misspelt = new Set(draft.misspelt.map(({ group }) => group))
  if (misspelt.size === 0) return { plan: draft.plan, misspelt }
  const steps = correctedPlan(draft, known)
  let step = steps.next()
  while (!step.done) {
    const { plan, group } = step.value
    const others = plan.groups
      .filter(({ alternatives }, at) => at !== group && alternatives.length > 0)
      .map(groupClause)
    const each = plan.groups[group]!.alternatives
    const { aggregations = {} } = (await tools.remote.search(tools.index, {
      size: 0,
      track_total_hits: false,
      query: all([{ term: { live: true } }, ...others]),
      aggs: Object.fromEntries(each.map(({ terms }, at) => [`word${at}`, { filter: termClause(terms[0]!) }])),
    })) as RawAnswer
    step = steps.next(each.map((_, at) => (aggregations[`word${at}`] as { doc_count: number }).doc_count))
  }
  return { plan: step.value, misspelt }
}

type Rules = {
  /** By product: its place, from 1. */
  readonly pins: ReadonlyMap<string, number>
  readonly hidden: readonly Clause[]
  readonly factors: readonly { readonly clause: Clause; readonly factor: number }[]
}

function rulesOf(request: SearchRequest, settings: CompiledSettings, plan: Plan): Rules {
  const pins = new Map<string, number>()
  const holding = rulesFor(settings.rules, {
    query: sameQuery(request.query),
    filters: request.filters,
    atMs: plan.hour * HOUR_MS,
  })
  for (const { action, products } of holding)
    if (action === 'pin' && 'ids' in products)
      for (const id of products.ids) if (!pins.has(id)) pins.set(id, pins.size + 1)
  const clauseOf = ({ products }: CompiledRule): Clause =>
    'ids' in products
      ? { terms: { productId: products.ids } }
      : all(filterClauses(products.filters, request.currency).map(({ clause }) => clause))
  return {
    pins,
    hidden: holding.filter(({ action }) => action === 'hide').map(clauseOf),
    factors: holding
      .filter(({ action }) => action === 'boost' || action === 'bury')
      .map((rule) => ({ clause: clauseOf(rule), factor: factorOf(rule) })),
  }
}

function scored(
  within: Clause,
  { plan, ranking, rules }: { readonly plan: Plan; readonly ranking: RankingSettings; readonly rules: Rules },
): Clause {
  const query = { script_score: { query: within, script: scoreScript(plan, ranking) } }
  const ruled =
    rules.factors.length === 0
      ? query
      : {
          function_score: {
            query,
            functions: rules.factors.map(({ clause, factor }) => ({ filter: clause, weight: factor })),
            score_mode: 'multiply',
            boost_mode: 'multiply',
          },
        }
  if (plan.exact === null) return ruled
  // Whoever types a code gets it first, whatever a rule makes of its product.
  const exact = { constant_score: { filter: termClause(plan.exact), boost: EXACT_SCORE } }
  return { bool: { must: [ruled], should: [exact] } }
}

function sortOf({ sort, currency }: SearchRequest, pins: ReadonlyMap<string, number>): object[] {
  const byId = { productId: 'asc' }
  const main = mainSort(sort, currency)
  if (pins.size === 0) return [main, byId]
  const place = {
    _script: {
      type: 'number',
      order: 'asc',
      script: {
        source: `params.pins.getOrDefault(doc['productId'].value, ${NO_PIN})`,
        params: { pins: Object.fromEntries(pins) },
      },
    },
  }
  return [place, main, byId]
}

function mainSort(sort: SearchRequest['sort'], currency: string): object {
  switch (sort) {
    case 'relevance':
      return { _score: 'desc' }
    case 'price-up':
      return { [`prices.${currency}`]: { order: 'asc', missing: WITHOUT_PRICE.up, unmapped_type: 'double' } }
    case 'price-down':
      return {
        [`prices.${currency}`]: { order: 'desc', missing: WITHOUT_PRICE.down, unmapped_type: 'double' },
      }
    case 'newest':
      return { published: { order: 'desc' } }
    case 'rating':
      return { byRating: { order: 'desc' } }
    case 'bestselling':
      return { sold: { order: 'desc', missing: 0 } }
    case 'name':
      return { byName: { order: 'asc' } }
  }
}

/** After all that hold the same pin: a pinned product has its place whatever its score becomes. */
function searchAfter(
  { pin, key, productId }: Place,
  { sort }: SearchRequest,
  hasPins: boolean,
): (number | string)[] {
  if (!hasPins) return [key, productId]
  if (pin === 0) return [NO_PIN, key, productId]
  const behind = sort === 'name' ? '\uffff' : sort === 'price-up' ? WITHOUT_PRICE.up : WITHOUT_PRICE.down
  return [pin, behind, '\uffff']
}

function hitOf({ _id, _score, fields }: RawHit, explained: ReadonlyMap<string, Explained> | undefined): Hit {
  const its = explained?.get(_id)
  if (its) return { productId: _id, score: its.score, explain: its.explanation }
  return {
    productId: _id,
    score: _score ?? 0,
    ...(fields?.card && { card: fields.card[0]! }),
    available: fields?.available?.[0] ?? null,
  }
}

/**
 * A score depends on the product and the plan alone, so that any page goes on where the last one ended, in a changed index too. Whoever
 * goes on to a third page looks through many: from there on they see the catalogue as it was then.
 */
async function nextCursor(
  { points }: SearchTools,
  {
    request,
    plan,
    place,
    point,
    later,
  }: {
    readonly request: SearchRequest
    readonly plan: Plan
    readonly place: Place
    readonly point: string | undefined
    readonly later: boolean
  },
): Promise<string> {
  return writeCursor(request, plan, place, point ?? (later ? await points.current() : undefined))
}
