import { FIELDS, NOWHERE, positionOf } from '../../analysis/occurrence.ts'
import type { Plan } from '../../planning/plan.ts'
import { CERTAIN, LEAST, type TermScorer, termScorer } from '../../ranking/score.ts'
import type { RankingSettings } from '../engine.ts'
import type { SearchIndex } from './search-index.ts'

/** What a query's words come to, for each document that has any of them. Arrays are lent: they hold until the next search. */
export type Matches = {
  readonly documents: Uint32Array
  readonly count: number
  readonly scores: Float64Array
  /** Groups that match, as bits. */
  readonly masks: Uint16Array
  /** Pairs of neighbouring words of the query that are neighbours in the name. */
  readonly pairs: Uint8Array
}

export type Scratch = {
  matched: Uint32Array
  scores: Float64Array
  masks: Uint16Array
  pairs: Uint8Array
  /** What the group's alternatives come to in this document, together. */
  evidence: Float64Array
  /** Of the group that is being read, and of the one before: place in the name. */
  places: Uint8Array
  lastPlaces: Uint8Array
  touched: Uint32Array
  /** For a phrase: the occurrence of its first word, and which document and walk it belongs to. */
  phrase: Uint32Array
  phraseScore: Float64Array
  phraseWalk: Uint32Array
  walk: number
  used: number
}

export const openScratch = (): Scratch => ({
  matched: new Uint32Array(0),
  scores: new Float64Array(0),
  masks: new Uint16Array(0),
  pairs: new Uint8Array(0),
  evidence: new Float64Array(0),
  places: new Uint8Array(0),
  lastPlaces: new Uint8Array(0),
  touched: new Uint32Array(0),
  phrase: new Uint32Array(0),
  phraseScore: new Float64Array(0),
  phraseWalk: new Uint32Array(0),
  walk: 0,
  used: 0,
})

/** Told of each term found in a document that is to be explained. */
export type Witness = (found: {
  readonly document: number
  readonly group: number
  readonly terms: readonly string[]
  readonly occurrence: number
  readonly score: number
}) => void

/**
 * The alternatives of one word count together, as occurrences of one term do: what calls itself by the word and spells it out as well is
 * surer than what does one of both. Their shares are turned back into what was saturated (`share / (1 - share)`), added, and saturated
 * once (BM25F's way with the streams of a term; Lucene's SynonymQuery). Without the step `together` the best alternative counts alone.
 */
export function matchGroups(
  index: SearchIndex,
  plan: Plan,
  {
    ranking,
    scratch,
    witness,
    only,
  }: {
    readonly ranking: RankingSettings
    readonly scratch: Scratch
    readonly witness?: Witness
    readonly only?: ReadonlySet<number>
  },
): Matches {
  const { documents } = index
  makeRoom(scratch, documents.count)
  const { matched, scores, masks, pairs } = scratch
  for (let at = 0; at < scratch.used; at += 1) {
    const document = matched[at]!
    scores[document] = 0
    masks[document] = 0
    pairs[document] = 0
    scratch.lastPlaces[document] = NOWHERE
  }
  const together = (ranking.steps.together ?? 0) > 0
  let count = 0
  for (let group = 0; group < plan.groups.length; group += 1) {
    const { alternatives, idf, thing } = plan.groups[group]!
    const bit = 1 << group
    const scorer = termScorer(ranking, { thing, last: group === plan.groups.length - 1 })
    // Within a phrase only its last word can be what the thing is.
    const describing = termScorer(ranking, { thing: 0, last: false })
    let touched = 0
    const { evidence, places } = scratch
    const take = (document: number, score: number, occurrence: number, terms: readonly string[]) => {
      if (evidence[document] === 0) {
        scratch.touched[touched] = document
        touched += 1
        places[document] = NOWHERE
      }
      const share = Math.max(LEAST, Math.min(CERTAIN, score))
      const more = share / (1 - share)
      evidence[document] = together ? evidence[document]! + more : Math.max(evidence[document]!, more)
      if (places[document] === NOWHERE) places[document] = positionOf(occurrence)
      if (witness && only!.has(document)) witness({ document, group, terms, occurrence, score: idf * score })
    }
    for (const { terms, weight, adjacent } of alternatives) {
      if (terms.length === 1) eachOccurrence(index, terms[0]!, scorer, weight, terms, take)
      else eachPhrase(index, scratch, { terms, adjacent, scorer, describing, weight }, take)
    }
    for (let at = 0; at < touched; at += 1) {
      const document = scratch.touched[at]!
      if (masks[document] === 0) {
        matched[count] = document
        count += 1
      }
      scores[document]! += (idf * evidence[document]!) / (1 + evidence[document]!)
      evidence[document] = 0
      masks[document]! |= bit
      const place = places[document]!
      const before = scratch.lastPlaces[document]!
      if (group > 0 && place !== NOWHERE && before !== NOWHERE && place === before + 1) pairs[document]! += 1
      scratch.lastPlaces[document] = place
    }
    // Who does not have this word has no neighbour of the next.
    for (let at = 0; group > 0 && at < count; at += 1)
      if ((masks[matched[at]!]! & bit) === 0) scratch.lastPlaces[matched[at]!] = NOWHERE
  }
  scratch.used = count
  return { documents: matched, count, scores, masks, pairs }
}

function eachOccurrence(
  { vocabulary, postings, documents }: SearchIndex,
  term: string,
  scorer: TermScorer,
  weight: number,
  terms: readonly string[],
  take: (document: number, score: number, occurrence: number, terms: readonly string[]) => void,
): void {
  const number = vocabulary.find(term)
  if (number === undefined) return
  const { alive, lengths } = documents
  const fields = FIELDS.length
  postings.slices(number, (pool, from, to) => {
    for (let at = from; at < to; at += 2) {
      const document = pool[at]!
      if (alive[document] === 0) continue
      const occurrence = pool[at + 1]!
      take(document, weight * scorer(occurrence, lengths, document * fields), occurrence, terms)
    }
    return true
  })
}

function eachPhrase(
  index: SearchIndex,
  scratch: Scratch,
  phrase: {
    readonly terms: readonly string[]
    readonly adjacent: boolean
    readonly scorer: TermScorer
    /** Of all words but the last. */
    readonly describing: TermScorer
    readonly weight: number
  },
  take: (document: number, score: number, occurrence: number, terms: readonly string[]) => void,
): void {
  const { terms, adjacent, weight } = phrase
  terms.forEach((term, place) => {
    const before = scratch.walk
    scratch.walk += 1
    const walk = scratch.walk
    const scorer = place === terms.length - 1 ? phrase.scorer : phrase.describing
    eachOccurrence(index, term, scorer, weight, terms, (document, score, occurrence) => {
      let least = score
      if (place > 0) {
        if (scratch.phraseWalk[document] !== before) return
        const last = positionOf(scratch.phrase[document]!)
        const here = positionOf(occurrence)
        if (adjacent && (last === NOWHERE || here !== last + 1)) return
        least = Math.min(score, scratch.phraseScore[document]!)
      }
      if (place === terms.length - 1) return take(document, least, occurrence, terms)
      scratch.phraseWalk[document] = walk
      scratch.phrase[document] = occurrence
      scratch.phraseScore[document] = least
    })
  })
}

function makeRoom(scratch: Scratch, documents: number): void {
  if (scratch.scores.length >= documents) return
  const room = Math.max(1_024, Math.ceil(documents * 1.25))
  scratch.matched = new Uint32Array(room)
  scratch.scores = new Float64Array(room)
  scratch.masks = new Uint16Array(room)
  scratch.pairs = new Uint8Array(room)
  scratch.evidence = new Float64Array(room)
  scratch.places = new Uint8Array(room).fill(NOWHERE)
  scratch.lastPlaces = new Uint8Array(room).fill(NOWHERE)
  scratch.touched = new Uint32Array(room)
  scratch.phrase = new Uint32Array(room)
  scratch.phraseScore = new Float64Array(room)
  scratch.phraseWalk = new Uint32Array(room)
  scratch.walk = 0
  scratch.used = 0
}
