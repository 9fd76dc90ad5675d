import { codeOf, EXACT } from '../analysis/document-terms.ts'
import { fold } from '../analysis/language.ts'
import { inchTerms } from '../analysis/measures.ts'
import { type Token, tokensOf } from '../analysis/tokens.ts'
import { QUERY_CHARACTERS } from '../engines/engine.ts'
import { type CompiledSettings, rankingOf } from './compiled-settings.ts'

/**
 * What a query looks for, fixed on its first page and carried by the cursor: which terms, each with its weight. From here on a
 * document's score depends on the document and the plan alone.
 */
export type Plan = {
  readonly groups: readonly Group[]
  /** Of a SKU or barcode. */
  readonly exact: string | null
  /** Share of the words, weighed by their rarity, that a result must have. Set when the first page was counted. */
  required: number
  /** Bits of the groups that a result must have, because they name the thing and others were given up. */
  kept: number
  /** Hours since 1970: newness and dated rules do not move within a walk through the pages. */
  readonly hour: number
  /** `CompiledSettings.mark` */
  readonly settingsMark: number
  readonly ranking: string
  readonly correction: string | null
  /** Keys of filters that were given up, because nothing passed them. */
  dropped: readonly string[]
}

/** One word or measure of the query; its alternatives count together. */
export type Group = {
  readonly asked: string
  readonly idf: number
  /**
   * Of the products that have it in their name, the share whose name it is the head of: whether there are such things here (`keyboard`),
   * or only things for them (`laptop`, in a shop of bags).
   */
  readonly thing: number
  readonly alternatives: readonly Alternative[]
}

export type Alternative = {
  /** More than one: all of them, side by side in the name when `adjacent`. */
  readonly terms: readonly string[]
  readonly weight: number
  readonly adjacent: boolean
}

/** A plan in which misspelt words may still become several others: `settleCorrections` leaves one of each. */
export type Draft = {
  readonly plan: Plan
  readonly misspelt: readonly Misspelt[]
  /** The query as words, to be written again with the corrections. */
  readonly words: readonly string[]
}

/** The words that the one at `position` may become, as the alternatives of its group: the likeliest first. */
export type Misspelt = {
  readonly group: number
  readonly position: number
  readonly words: readonly string[]
}

/** What an index knows of its catalogue's language. Answers at once: a remote index is asked before (`engines/opensearch/known.ts`). */
export type Known = {
  readonly documents: number
  /** Documents that have the term. */
  readonly frequency: (term: string) => number
  /** As `Group.thing`. */
  readonly thing: (term: string) => number
  /** Whether a name, brand or category has the word, as it is written. */
  readonly hasWord: (word: string) => boolean
  /** Words within the fewest edits that lead to any, the most frequent first. */
  readonly near: (word: string) => readonly NearWord[]
  /** The terms that a word stands for, when enough products spell it out and most of them in this way. */
  readonly spelledOut: (word: string) => readonly string[] | undefined
}

export type NearWord = { readonly word: string; readonly term: string; readonly edits: number }

/** Words of a query that are looked for: bits of one number, and the cursor's length. */
export const GROUPS = 12
export const ALTERNATIVES = 6
/** Of alternatives after each word's first, for the cursor carries them. */
const CARRIED_CHARACTERS = 1_500
/** Of all alternatives together there are fewer: a first one has five at most, and each of the others counts 21 characters or more. */
export const TERMS = 200
/** Of a word that one of four thousand million products has it is less. */
export const MOST_IDF = 23
const SPLIT_PART = 3
const EDIT_WEIGHT = 0.6
const SYNONYM_WEIGHT = 0.8
const WHOLE_INCH_WEIGHT = 0.9

export function planQuery(
  query: string,
  {
    settings,
    ranking,
    known,
    hour,
    correct,
  }: {
    readonly settings: CompiledSettings
    readonly ranking: string
    readonly known: Known
    readonly hour: number
    readonly correct: boolean
  },
): Draft {
  const { frequency, thing } = known
  const text = fold(query.slice(0, QUERY_CHARACTERS))
  const tokens = tokensOf(text, 4 * GROUPS)
  const { words } = settings
  const meaningful = tokens.words.filter(({ text }) => !words.isStopword(text))
  const said = meaningful.length > 0 ? meaningful : tokens.words
  const drafts: { asked: string; position: number; alternatives: Alternative[] }[] = []
  const misspelt: Misspelt[] = []

  const alternative = (terms: readonly string[], weight = 1, adjacent = false): Alternative | undefined =>
    // All are asked at once, of whoever must ask another.
    terms.map(frequency).every((often) => often > 0) ? { terms, weight, adjacent } : undefined
  const measureAt = new Map(tokens.measures.map((measure) => [measure.position, measure]))
  const joinedAt = new Map(tokens.joined.map((joined) => [joined.position, joined]))

  for (let at = 0; at < tokens.words.length && drafts.length < GROUPS; ) {
    const word = tokens.words[at]!
    const measure = measureAt.get(at)
    const measured =
      measure &&
      [
        ...measure.terms.map((term) => alternative([term])),
        ...(measure.wholeInches ? inchTerms(measure.wholeInches) : []).map((term) =>
          alternative([term], WHOLE_INCH_WEIGHT),
        ),
      ].filter((one) => one !== undefined)
    if (measure && measured && measured.length > 0) {
      drafts.push({ asked: asWritten(tokens.words, at, measure.parts), position: at, alternatives: measured })
      at += measure.parts
      continue
    }
    const joined = joinedAt.get(at)
    if (joined) {
      const parts = tokens.words.slice(at, at + joined.parts).map((token) => words.stem(token.text))
      const found = [
        alternative([words.stem(joined.text)]),
        joined.parts === 2 ? alternative(parts, 0.9, true) : undefined,
      ].filter((one) => one !== undefined)
      if (found.some(({ terms }) => terms.length === 1)) {
        drafts.push({ asked: asWritten(tokens.words, at, joined.parts), position: at, alternatives: found })
        at += joined.parts
        continue
      }
    }
    if (said.includes(word) && !drafts.some(({ asked }) => asked === word.text))
      drafts.push({ asked: word.text, position: at, alternatives: wordAlternatives(word) })
    at += 1
  }

  // Two words that the catalogue also writes as one: a product that has the one word has both.
  for (let index = 0; index + 1 < drafts.length; index += 1) {
    const [first, second] = [drafts[index]!, drafts[index + 1]!]
    if (second.position !== first.position + 1) continue
    const together = alternative([words.stem(first.asked + second.asked)])
    if (!together) continue
    for (const draft of [first, second])
      if (!draft.alternatives.some(({ terms }) => terms[0] === together.terms[0]))
        draft.alternatives.push(together)
  }
  for (const { from, to } of settings.synonymsIn(drafts.map(({ asked }) => words.stem(asked)))) {
    const found = to.map((terms) => alternative(terms, SYNONYM_WEIGHT)).filter((one) => one !== undefined)
    for (const index of from) drafts[index]!.alternatives.push(...found)
  }
  // A word that nothing is called, nor anything like it, is looked for as misspelt.
  drafts.forEach((draft, group) => {
    if (!correct || draft.alternatives.length > 0) return
    const near = known.near(draft.asked)
    if (near.length === 0) return
    misspelt.push({ group, position: draft.position, words: near.map(({ word }) => word) })
    draft.alternatives.push(
      ...near.map(({ term, edits }) => ({ terms: [term], weight: EDIT_WEIGHT ** edits, adjacent: false })),
    )
  })

  const code = codeOf(text)
  let characters = 0
  const plan: Plan = {
    groups: drafts.map(({ asked, alternatives }) => {
      const kept = alternatives.slice(0, ALTERNATIVES).filter(({ terms }, at) => {
        characters += terms.reduce((sum, term) => sum + term.length + 20, 0)
        return at === 0 || characters < CARRIED_CHARACTERS
      })
      const most = Math.max(0, ...kept.map(({ terms }) => Math.min(...terms.map(frequency))))
      const first = kept[0]?.terms.length === 1 ? kept[0].terms[0] : undefined
      return {
        asked,
        idf: inverseFrequency(most, known.documents),
        thing: first === undefined ? 0 : thing(first),
        alternatives: kept,
      }
    }),
    exact: code.length >= 3 && frequency(EXACT + code) > 0 ? EXACT + code : null,
    required: 0,
    kept: 0,
    hour,
    settingsMark: settings.mark,
    ranking,
    correction: null,
    dropped: [],
  }
  return { plan, misspelt, words: tokens.words.map(({ text }) => text) }

  function wordAlternatives(word: Token): Alternative[] {
    const found: Alternative[] = []
    const itself = alternative([words.stem(word.text)])
    if (itself) found.push(itself)
    const split = splitOf(word.text)
    if (split) found.push(split)
    const spelledOut = known.spelledOut(word.text)
    const weight = rankingOf(settings, ranking).steps.spelledOut ?? 0
    const phrase = spelledOut && weight > 0 ? alternative(spelledOut, Math.min(1, weight), true) : undefined
    if (phrase) found.push(phrase)
    return found
  }

  /** `notebook` as `note book`, where both are words here and stand side by side. */
  function splitOf(word: string): Alternative | undefined {
    let best: Alternative | undefined
    let rarest = 0
    for (let at = SPLIT_PART; at <= word.length - SPLIT_PART; at += 1) {
      const [left, right] = [word.slice(0, at), word.slice(at)]
      if (![left, right].map(known.hasWord).every(Boolean)) continue
      const terms = [words.stem(left), words.stem(right)]
      const least = Math.min(...terms.map(frequency))
      if (least > rarest) {
        rarest = least
        best = { terms, weight: 0.9, adjacent: true }
      }
    }
    return best
  }
}

const asWritten = (words: readonly Token[], at: number, parts: number): string =>
  words.slice(at, at + parts).reduce((text, word, index) => {
    const between = index === 0 ? '' : word.before === 'joint' ? '-' : ' '
    return text + between + word.text
  }, '')

/** BM25's, never negative; four digits keep the cursor short. */
export function inverseFrequency(frequency: number, documents: number): number {
  const odds = (Math.max(documents, frequency) - frequency + 0.5) / (frequency + 0.5)
  return Math.round(Math.log(1 + odds) * 1e4) / 1e4
}
