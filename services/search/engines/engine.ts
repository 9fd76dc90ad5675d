import type { AttributeDefinition, SearchDocument } from '@stoa/contracts/search-document'

/**
 * What the search service asks of an index, embedded or remote.
 *
 * Writes resolve when a search that starts afterwards sees them. Each is idempotent; each may be repeated, and come late: an older
 * version never replaces a newer, and what was removed does not come back by a late message (tombstones are kept for
 * `TOMBSTONE_MS`, at most `TOMBSTONES`; after that only a newer version is expected to come).
 *
 * Calls reject with `EngineLost` when the index is gone, with `EngineAway` when a remote one does not answer.
 *
 * An engine never holds the caller's event loop for more than 5 ms, whatever the length of the lists it is given.
 */
export interface SearchEngine {
  /** Whether all processes that open it see one index: then it is filled once, and not by each of them. */
  readonly shared: boolean
  /** Adds or replaces. A document of the same version replaces too (its live signals may be newer). Any number. */
  put(documents: readonly EngineDocument[]): Promise<void>
  /** Units that can be bought, in total. Of an unknown product: kept until its document comes (the last `SIGNALS_AHEAD`). */
  putStock(levels: readonly StockLevel[]): Promise<void>
  putSignals(signals: readonly ProductSignals[]): Promise<void>
  remove(products: readonly Removal[]): Promise<void>
  /**
   * Takes the whole settings, replacing the ones before; an older `version` is ignored. Ranking, synonyms, rules and popular queries
   * count from the next search on. Where the answer says `rebuild`, what changed (language, searchable attributes) is built into the
   * index: the old one answers on until a `startRebuild` has brought all documents again.
   */
  configure(settings: EngineSettings): Promise<{ readonly rebuild: boolean }>
  /**
   * Begins an empty index beside the present one. Until `finish`, searches answer from the present one and every write goes to both, so
   * changes may keep coming; `finish` puts the new one in its place at once: what was not put since is gone. One at a time: a
   * second one gives the first one up, whose `finish` then answers `replaced: false`. Memory is that of two indexes meanwhile.
   */
  startRebuild(): Promise<Rebuild>
  /** Throws `CursorRefused` for an `after` that was not given out for this query, filters and sort. */
  search(request: SearchRequest): Promise<SearchResult>
  suggest(request: SuggestRequest): Promise<Suggestions>
  stats(): Promise<EngineStats>
  /** What is under way is answered first. Afterwards every call is refused. */
  close(): Promise<void>
}

/** A reaction may be late by minutes (a broker's failover), not by hours. */
export const TOMBSTONE_MS = 10 * 60_000
/** A merchant may clear a whole catalogue; 100,000 ids are about 10 MB. */
export const TOMBSTONES = 100_000
export const SIGNALS_AHEAD = 20_000
/** Characters of a query that count; the rest is cut. Nobody types more, and a pasted sentence has said what it wants by then. */
export const QUERY_CHARACTERS = 500
/** Hits of one page. */
export const PAGE_HITS = 100
/** Length of a cursor: it carries the plan of its query, see `SearchRequest.after`. */
export const CURSOR_CHARACTERS = 4_000

export type EngineDocument = SearchDocument &
  Omit<ProductSignals, 'productId'> & {
    /** Given back with each hit by an engine that is shared, which looks at nothing in it. */
    readonly card?: string
  }

export type StockLevel = { readonly productId: string; readonly available: number; readonly at?: number }

/** What is not said stays as it is; never said: 0 sold, and `available` unknown, which counts as available. */
export type ProductSignals = {
  readonly productId: string
  /** Units that can be bought, in total over the variants. */
  readonly available?: number
  /** Units sold lately; the service says what lately is. */
  readonly sold?: number
  /** When they were read (epoch milliseconds): in an engine that is shared an older reading never replaces a newer. Default: now. */
  readonly at?: number
}

/** `version`: of the change that removed it. Documents up to this version stay away. */
export type Removal = { readonly productId: string; readonly version: number }

export type Rebuild = {
  /** Brings documents that were read since it began: into the new index alone, where what was told meanwhile is newer and stays. */
  fill(documents: readonly EngineDocument[]): Promise<void>
  /**
   * Resolves when the new index answers. `read`: how many documents were read for it; an engine that could lose some on the way compares,
   * and drops an index that has fewer: then it throws.
   */
  finish(read: number): Promise<{ readonly replaced: boolean; readonly documents: number }>
  /** Drops the new one. */
  abandon(): Promise<void>
}

/** Of the Snowball stemmers; text of other languages is matched as it stands. */
export type Language =
  | 'da'
  | 'de'
  | 'en'
  | 'es'
  | 'fi'
  | 'fr'
  | 'hu'
  | 'it'
  | 'nl'
  | 'no'
  | 'pt'
  | 'ro'
  | 'ru'
  | 'sv'
  | 'tr'

export type EngineSettings = {
  /** Grows by each change. */
  readonly version: number
  readonly language: Language
  readonly attributes: readonly AttributeDefinition[]
  readonly synonyms: readonly Synonyms[]
  /** By the name of the variant in a ranking test; `default` is there always. At most 10. */
  readonly rankings: { readonly default: RankingSettings; readonly [variant: string]: RankingSettings }
  readonly rules: readonly MerchandisingRule[]
  /** For suggestions; the most frequent first. At most 5,000. */
  readonly popularQueries: readonly { readonly query: string; readonly count: number }[]
}

/** At most 2,000. */
export type Synonyms =
  /** Each stands for each other. */
  | { readonly kind: 'equal'; readonly terms: readonly string[] }
  /** Who asks for `from` also finds `to`, not the other way. */
  | { readonly kind: 'one-way'; readonly from: string; readonly to: readonly string[] }

export type TextField =
  | 'name'
  | 'brand'
  | 'category'
  | 'attributes'
  | 'compatibility'
  | 'description'
  | 'code'
export type SignalName = 'sales' | 'rating' | 'availability' | 'newness'

/** How results are ordered. Data: versioned, compared by `npm run search:judge`. The meaning of each number stands in ../ranking/. */
export type RankingSettings = {
  readonly version: number
  /** BM25F: what one occurrence in the field counts, and how much the field's length counts against it (0 to 1). */
  readonly fields: { readonly [field in TextField]: { readonly weight: number; readonly length: number } }
  /** BM25F's saturation. */
  readonly saturation: number
  /** Largest share that each signal adds to a score: 0.1 is at most a tenth. */
  readonly signals: { readonly [signal in SignalName]: number }
  /** The other steps, by name, each a weight; 0 is off. */
  readonly steps: Readonly<Record<string, number>>
}

/** At most 1,000. Every rule that touched a hit is named in its `explain`. */
export type MerchandisingRule = {
  readonly ruleId: string
  /** Both given: both must hold. Neither: always. */
  readonly when: {
    /** Compared after folding case, accents and spaces. */
    readonly query?: string
    /** Slugs of a category path joined by `/`, as in the filter; holds when the filter is that category. */
    readonly category?: string
  }
  readonly action: 'pin' | 'boost' | 'bury' | 'hide'
  /**
   * Which products: by id (for `pin`, in the order in which they shall stand first), or all that a filter takes. At most 100 ids.
   * Pins and hides hold in every sort order but only pin what the filters let through; a pinned product need not match the query.
   */
  readonly products: { readonly ids: readonly string[] } | { readonly filters: SearchFilters }
  /** Of `boost` and `bury`: the score is multiplied or divided by it, 1 to 10. Default 2. */
  readonly factor?: number
  /** ISO instants; half open. */
  readonly from?: string
  readonly until?: string
}

/** Within one of them any value will do; all of them must hold. */
export type SearchFilters = {
  /** Slugs of the path from the root, joined by `/`; products of the categories below are in it. */
  readonly categories?: readonly string[]
  /** Slugs. */
  readonly brands?: readonly string[]
  readonly collections?: readonly string[]
  /** In the request's currency, both ends in it; of a product's range of prices the lowest counts. */
  readonly price?: NumberRange
  /** At least so many stars. */
  readonly rating?: number
  readonly available?: boolean
  /** By code: the values (a boolean's are `true` and `false`), or a range for a number. */
  readonly attributes?: Readonly<Record<string, readonly string[] | NumberRange>>
  /** By the option's name as the document writes it. */
  readonly options?: Readonly<Record<string, readonly string[]>>
  /** Only these; at most 1,000. */
  readonly productIds?: readonly string[]
}

export type NumberRange = { readonly min?: number; readonly max?: number }

export type Sort = 'relevance' | 'price-up' | 'price-down' | 'newest' | 'rating' | 'name' | 'bestselling'

export type SearchRequest = {
  /** Empty: everything that the filters let through. */
  readonly query: string
  readonly filters: SearchFilters
  readonly sort: Sort
  /** ISO 4217; of price filter, sort and facet. Products without a price in it come last by price and pass no price filter. */
  readonly currency: string
  /** 1 to `PAGE_HITS`; 0 answers only total and facets. */
  readonly limit: number
  /**
   * The `next` of the page before. It carries the plan of its query (which words, weighed how, at which instant), so that a product's
   * place depends only on the product: on any replica, however the index changed meanwhile, no product comes twice and none that did
   * not change is skipped. The pages after the first have no facets, correction or relaxation unless they are asked for.
   */
  readonly after?: string
  /** `all`: what the result shares, at most 30 facets; or by key (`Facet.key`); or none. */
  readonly facets: 'all' | 'none' | readonly string[]
  /** Name of the ranking; an unknown one is `default`. */
  readonly variant?: string
  readonly explain?: boolean
  /** Default true: an unlikely spelling is searched as corrected, and no results are relaxed. */
  readonly recover?: boolean
  /** Now, for dated rules and newness; ISO. Default: the engine's clock. */
  readonly at?: string
}

export type SearchResult = {
  readonly hits: readonly Hit[]
  /** Exact. */
  readonly total: number
  readonly facets: readonly Facet[]
  /** Did you mean: `applied` when the results are those of `query`, else only proposed. */
  readonly correction: { readonly query: string; readonly applied: boolean } | null
  readonly relaxation: Relaxation | null
  /** Null: that was the last page. */
  readonly next: string | null
  /** Version of the settings and of the ranking that were used. */
  readonly settingsVersion: number
  readonly rankingVersion: number
}

export type Hit = {
  readonly productId: string
  /** Sorted by something else than relevance, a remote engine leaves it 0 unless it explains. */
  readonly score: number
  readonly explain?: Explanation
} & Shown

/** From an engine that is shared: what was put with the document. `available` is null when it is unknown. */
export type Shown = { readonly card?: string; readonly available?: number | null }

/** Nothing had all that was asked for; this was given up, and the rest was found. */
export type Relaxation =
  | { readonly kind: 'words'; readonly dropped: readonly string[]; readonly kept: readonly string[] }
  | { readonly kind: 'filters'; readonly dropped: readonly string[] }

export type Explanation = {
  readonly text: number
  readonly terms: readonly {
    /** As asked for. */
    readonly asked: string
    /** As found: the same, a synonym, a corrected spelling, a compound ... */
    readonly found: string
    readonly field: TextField
    readonly score: number
  }[]
  /** Factors of each step and signal that moved it. */
  readonly factors: readonly { readonly name: string; readonly factor: number }[]
  readonly rules: readonly { readonly ruleId: string; readonly action: MerchandisingRule['action'] }[]
}

/** Counted without its own filter, with all the others. */
export type Facet = {
  /** `category`, `brand`, `price`, `rating`, `availability`, `attribute:<code>` or `option:<name>`. */
  readonly key: string
  readonly kind: 'category' | 'brand' | 'price' | 'rating' | 'availability' | 'attribute' | 'option'
  /** Of an attribute or option, as shoppers read it; empty for the others: the shop words them. */
  readonly name: string
  readonly unit: string | null
  /** Most frequent first (a select in its own order, ranges and stars by size); at most 50, selected ones always. */
  readonly values: readonly FacetValue[]
  /** Of price and numbers: the smallest and the largest. */
  readonly range: { readonly min: number; readonly max: number } | null
}

export type FacetValue = {
  /** As the filter takes it; of a range `''`. */
  readonly value: string
  readonly label: string
  /** Both ends belong to it; null: open. Only in price and numbers. */
  readonly from: number | null
  readonly to: number | null
  readonly count: number
  readonly selected: boolean
}

/** `limit`: of each kind, 1 to 20. */
export type SuggestRequest = { readonly prefix: string; readonly limit: number }

export type Suggestions = {
  readonly products: readonly ({
    readonly productId: string
    readonly slug: string
    readonly name: string
  } & Shown)[]
  readonly categories: readonly { readonly path: string; readonly name: string; readonly products: number }[]
  readonly brands: readonly { readonly slug: string; readonly name: string; readonly products: number }[]
  readonly queries: readonly string[]
}

export type EngineStats = {
  readonly documents: number
  /** 0 where the engine does not count them. */
  readonly terms: number
  readonly postings: number
  /** Of the index's own arrays and texts, estimated; of a remote one its size on disk. */
  readonly bytes: number
  readonly settingsVersion: number
  /** Whether a rebuild is under way. */
  readonly rebuilding: boolean
}

/** The index is gone (its thread died); whoever opened it opens another and fills it. */
export class EngineLost extends Error {
  override readonly name = 'EngineLost'
}

/** The caller starts again at the first page. */
export class CursorRefused extends Error {
  override readonly name = 'CursorRefused'
}

/** A remote index does not answer, or has too much to do. What is asked may be asked again later. */
export class EngineAway extends Error {
  override readonly name = 'EngineAway'
  /** As of a database that is away: reactions wait, operations answer 503. */
  readonly code = 'ECONNREFUSED'
}
