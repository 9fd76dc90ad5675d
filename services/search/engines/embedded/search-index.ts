import { documentTerms } from '../../analysis/document-terms.ts'
import { CATEGORY_HEAD, FIELDS, GOES_WITH, HEAD, MODIFIER } from '../../analysis/occurrence.ts'
import type { CompiledSettings } from '../../planning/compiled-settings.ts'
import type { Known } from '../../planning/plan.ts'
import {
  type EngineDocument,
  type ProductSignals,
  type Removal,
  SIGNALS_AHEAD,
  TOMBSTONE_MS,
  TOMBSTONES,
} from '../engine.ts'
import {
  appendDocument,
  type Documents,
  leaveValues,
  openDocuments,
  openValues,
  textHash,
  type Values,
  writeDocument,
} from './documents.ts'
import { openPostings, type Postings } from './postings.ts'
import { openVocabulary, type Vocabulary } from './vocabulary.ts'

/** The embedded index of one catalogue: what is known, and how it comes to be known. Searching it is in search.ts. */
export type SearchIndex = {
  readonly documents: Documents
  readonly values: Values
  readonly vocabulary: Vocabulary
  postings: Postings
  readonly settings: CompiledSettings
  /** Removed lately: the version, and until when it is remembered. */
  readonly tombstones: Map<string, { readonly version: number; readonly until: number }>
  /** Signals of products that are not here yet. */
  readonly ahead: Map<string, ProductSignals>
  /** The same, of those that the index before had: not bounded, because they are as many as its documents. */
  readonly early: Map<string, ProductSignals>
  compaction: Compaction | null
}

type Compaction = {
  /** From the index at the beginning to the one after; `NONE` for the dead. */
  readonly places: Uint32Array
  readonly postings: Postings
  readonly documents: number
  term: number
  /** What was put since, in order. */
  readonly since: { readonly index: number; readonly occurrences: ReadonlyMap<string, number> }[]
}

const NONE = 0xffff_ffff
/** Below it the dead cost less than clearing them away. */
const DEAD_AT_LEAST = 2_000
const DEAD_SHARE = 0.25

export const openSearchIndex = (settings: CompiledSettings): SearchIndex => ({
  documents: openDocuments(),
  values: openValues(),
  vocabulary: openVocabulary(),
  postings: openPostings(),
  settings,
  tombstones: new Map(),
  ahead: new Map(),
  early: new Map(),
  compaction: null,
})

export function putDocument(index: SearchIndex, document: EngineDocument): void {
  const { documents, values, settings, ahead } = index
  const { productId } = document
  const tombstone = index.tombstones.get(productId)
  if (tombstone && tombstone.version >= document.version) return
  const present = documents.indexes.get(productId)
  if (present !== undefined && documents.versions[present]! > document.version) return
  const hash = textHash(document)
  const write = (at: number) =>
    writeDocument(documents, values, { index: at, document, attributes: settings.attributes })
  if (present !== undefined && documents.textHashes[present] === hash) {
    write(present)
    return
  }

  const at = appendDocument(documents)
  if (present !== undefined) {
    documents.available[at] = documents.available[present]!
    documents.sold[at] = documents.sold[present]!
    bury(index, present)
  }
  for (const kept of [index.early, ahead]) {
    const signals = kept.get(productId)
    if (!signals) continue
    kept.delete(productId)
    if (signals.available !== undefined) documents.available[at] = signals.available
    if (signals.sold !== undefined) documents.sold[at] = signals.sold
  }
  write(at)
  documents.textHashes[at] = hash
  documents.alive[at] = 1
  documents.live += 1
  documents.indexes.set(productId, at)
  const { occurrences, lengths, surfaces, abbreviations } = documentTerms(document, settings)
  documents.lengths.set(lengths, at * FIELDS.length)
  appendOccurrences(index, index.postings, at, occurrences)
  index.compaction?.since.push({ index: at, occurrences })
  for (const [word, term] of surfaces) index.vocabulary.addWord(word, term)
  for (const abbreviation of abbreviations) index.vocabulary.addAbbreviation(abbreviation)
}

export function putSignals(index: SearchIndex, signals: ProductSignals): void {
  const { documents, ahead } = index
  const at = documents.indexes.get(signals.productId)
  if (at === undefined) {
    const before = ahead.get(signals.productId)
    ahead.delete(signals.productId)
    ahead.set(signals.productId, { ...before, ...signals })
    if (ahead.size > SIGNALS_AHEAD) ahead.delete(ahead.keys().next().value!)
    return
  }
  if (signals.available !== undefined) documents.available[at] = signals.available
  if (signals.sold !== undefined) documents.sold[at] = signals.sold
}

export function removeDocument(index: SearchIndex, { productId, version }: Removal, now: number): void {
  const { documents, tombstones } = index
  const present = documents.indexes.get(productId)
  if (present !== undefined && documents.versions[present]! > version) return
  const known = tombstones.get(productId)
  tombstones.delete(productId)
  tombstones.set(productId, { version: Math.max(version, known?.version ?? 0), until: now + TOMBSTONE_MS })
  for (const [id, { until }] of tombstones) {
    if (until > now && tombstones.size <= TOMBSTONES) break
    tombstones.delete(id)
  }
  if (present === undefined) return
  bury(index, present)
  documents.indexes.delete(productId)
}

function bury({ documents, values }: SearchIndex, at: number): void {
  documents.alive[at] = 0
  documents.live -= 1
  leaveValues(documents, values, at)
}

function appendOccurrences(
  { vocabulary }: SearchIndex,
  postings: Postings,
  at: number,
  occurrences: ReadonlyMap<string, number>,
): void {
  for (const [term, occurrence] of occurrences) postings.append(vocabulary.number(term), at, occurrence)
}

/** Documents that have the term; those replaced since the last compaction are counted twice. */
export function frequencyOf({ vocabulary, postings }: SearchIndex, term: string): number {
  const number = vocabulary.find(term)
  return number === undefined ? 0 : postings.length(number)
}

/** What plans are made of. */
export const knownOf = (index: SearchIndex): Known => ({
  documents: index.documents.live,
  frequency: (term) => frequencyOf(index, term),
  thing: (term) => headShare(index, term),
  hasWord: index.vocabulary.hasWord,
  near: (word) => index.vocabulary.near(word, (number) => frequencyOf(index, index.vocabulary.term(number))),
  spelledOut: index.vocabulary.spelledOut,
})

/** Postings that are looked at to know whether a word names things. */
const LOOKED_AT = 4_000

/** Of the products that have the term in their name or main category, the share that it is the head of; in hundredths. */
export function headShare({ vocabulary, postings }: SearchIndex, term: string): number {
  const number = vocabulary.find(term)
  let named = 0
  let heads = 0
  let seen = 0
  if (number !== undefined)
    postings.slices(number, (pool, from, to) => {
      for (let at = from; at < to; at += 2) {
        const occurrence = pool[at + 1]!
        if ((occurrence & (HEAD | CATEGORY_HEAD)) !== 0) heads += 1
        else if ((occurrence & (MODIFIER | GOES_WITH)) === 0) continue
        named += 1
      }
      seen += to - from
      return seen < 2 * LOOKED_AT
    })
  return named === 0 ? 0 : Math.round((100 * heads) / named) / 100
}

/**
 * Clears away the dead, a bounded piece at a time, between the messages: `entries` postings are copied, and true says that there is more.
 * Searches go on in the old arrays until the last piece puts the new ones in their place.
 */
export function compact(index: SearchIndex, entries: number): boolean {
  index.compaction ??= beginCompaction(index)
  const { compaction, postings, vocabulary, documents } = index
  if (!compaction) return false
  let copied = 0
  const end = vocabulary.size()
  while (compaction.term < end && copied < entries) {
    const term = compaction.term
    postings.slices(term, (pool, from, to) => {
      for (let at = from; at < to; at += 2) {
        const document = pool[at]!
        if (document >= compaction.documents) return false
        const place = compaction.places[document]!
        if (place !== NONE) compaction.postings.append(term, place, pool[at + 1]!)
      }
      return true
    })
    copied += 1 + postings.length(term)
    compaction.term += 1
  }
  if (compaction.term < end) return true
  const places = [...compaction.places]
  let next = places.reduce((most, place) => (place === NONE ? most : Math.max(most, place + 1)), 0)
  for (const { index: at, occurrences } of compaction.since) {
    if (documents.alive[at] === 0) continue
    places[at] = next
    appendOccurrences(index, compaction.postings, next, occurrences)
    next += 1
  }
  moveDocuments(documents, places, next)
  index.postings = compaction.postings
  index.compaction = null
  return false
}

function beginCompaction({ documents }: SearchIndex): Compaction | null {
  const dead = documents.count - documents.live
  const wasted = dead >= DEAD_AT_LEAST && dead > DEAD_SHARE * documents.count
  const values = documents.valueDead >= 40 * DEAD_AT_LEAST && documents.valueDead > documents.valueUsed / 2
  if (!wasted && !values) return null
  const places = new Uint32Array(documents.count).fill(NONE)
  let next = 0
  for (let at = 0; at < documents.count; at += 1) {
    if (documents.alive[at] === 0) continue
    places[at] = next
    next += 1
  }
  return { places, postings: openPostings(), documents: documents.count, term: 0, since: [] }
}

/** Places only grow with the index, so that each document moves down over ground that was left already. */
function moveDocuments(documents: Documents, places: readonly number[], count: number): void {
  const fields = FIELDS.length
  const pool = new Uint32Array(Math.max(1_024, documents.valueUsed - documents.valueDead))
  let used = 0
  let longer = pool
  for (let from = 0; from < documents.count; from += 1) {
    const to = places[from] ?? NONE
    if (to === NONE) continue
    for (const list of [documents.ids, documents.slugs, documents.names, documents.sortNames])
      list[to] = list[from]!
    documents.textHashes[to] = documents.textHashes[from]!
    for (const column of [
      documents.alive,
      documents.versions,
      documents.published,
      documents.ratings,
      documents.ratingCounts,
      documents.available,
      documents.sold,
      ...documents.prices.values(),
    ])
      column[to] = from < column.length ? column[from]! : Number.NaN
    documents.lengths.copyWithin(to * fields, from * fields, (from + 1) * fields)
    const start = documents.valueStart[from]!
    const length = documents.valueCount[from]!
    if (used + length > longer.length) {
      const next = new Uint32Array(2 * (used + length))
      next.set(longer)
      longer = next
    }
    longer.set(documents.valuePool.subarray(start, start + length), used)
    documents.valueStart[to] = used
    documents.valueCount[to] = length
    used += length
    if (documents.alive[to] === 1) documents.indexes.set(documents.ids[to]!, to)
  }
  documents.valuePool = longer
  documents.valueUsed = used
  documents.valueDead = 0
  documents.alive.fill(0, count)
  documents.available.fill(Number.NaN, count)
  documents.sold.fill(0, count)
  for (const column of documents.prices.values()) column.fill(Number.NaN, Math.min(count, column.length))
  for (const list of [documents.ids, documents.slugs, documents.names, documents.sortNames])
    list.length = count
  documents.textHashes.length = count
  documents.count = count
}
