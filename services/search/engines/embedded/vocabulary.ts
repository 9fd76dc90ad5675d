import { type Abbreviation, usualWay } from '../../analysis/abbreviations.ts'
import { allowedEdits, editsBetween } from '../../planning/edits.ts'
import type { NearWord } from '../../planning/plan.ts'

/**
 * The terms of the index by number, and the words as shoppers write them: suggestions complete them, and a misspelt word is looked for
 * among them.
 */
export type Vocabulary = {
  /** The term's number; given out when it has none. */
  readonly number: (term: string) => number
  readonly find: (term: string) => number | undefined
  readonly term: (number: number) => string
  readonly size: () => number
  /** A word that may be suggested, and the term it is indexed under. */
  readonly addWord: (word: string, term: string) => void
  readonly hasWord: (word: string) => boolean
  readonly termOfWord: (word: string) => string | undefined
  /** Words that begin with it, the longest known first: at most `WORDS_FOUND`, and at most `WORDS_SEEN` are looked at. */
  readonly wordsFrom: (prefix: string) => string[]
  /** Words within the fewest edits that lead to any, the most frequent first: at most `NEAR_WORDS`. */
  readonly near: (word: string, frequency: (term: number) => number) => NearWord[]
  readonly addAbbreviation: (abbreviation: Abbreviation) => void
  /** The terms that a word stands for, when enough products spell it out and most of them in this way. */
  readonly spelledOut: (word: string) => readonly string[] | undefined
  readonly bytes: () => number
}

/** Words that share two first letters are some thousands in a catalogue of 200,000; more than this many are not looked at. */
const WORDS_SEEN = 60_000
/** Of a short prefix: what comes later in a catalogue is rarer. */
const WORDS_FOUND = 1_500
const NEAR_WORDS = 4
/** Of one abbreviation; the first ways of many products are among the first. */
const WAYS = 8

export function openVocabulary(): Vocabulary {
  const numbers = new Map<string, number>()
  const terms: string[] = []
  const words = new Map<string, string>()
  const byStart = new Map<string, string[]>()
  /** By abbreviation: how often each way of spelling it out was read. */
  const abbreviations = new Map<string, Map<string, number>>()
  let characters = 0

  const starting = (two: string): readonly string[] => byStart.get(two) ?? []

  return {
    number: (term) => {
      const known = numbers.get(term)
      if (known !== undefined) return known
      const number = terms.length
      numbers.set(term, number)
      terms.push(term)
      characters += term.length
      return number
    },
    find: (term) => numbers.get(term),
    term: (number) => terms[number]!,
    size: () => terms.length,
    addWord: (word, term) => {
      if (words.has(word)) return
      words.set(word, term)
      const start = word.slice(0, 2)
      const list = byStart.get(start)
      if (list) list.push(word)
      else byStart.set(start, [word])
      characters += word.length
    },
    hasWord: (word) => words.has(word),
    termOfWord: (word) => words.get(word),
    wordsFrom: (prefix) => {
      if (prefix.length === 0) return []
      const found: string[] = []
      let seen = 0
      const look = (list: readonly string[]) => {
        for (const word of list) {
          seen += 1
          if (seen > WORDS_SEEN || found.length >= WORDS_FOUND) return
          if (word.startsWith(prefix)) found.push(word)
        }
      }
      if (prefix.length === 1) {
        for (const [start, list] of byStart) if (start.startsWith(prefix)) look(list)
      } else look(starting(prefix.slice(0, 2)))
      return found
    },
    near: (word, frequency) => {
      const most = allowedEdits(word)
      if (most === 0) return []
      // A slip in the first two letters is a swap, or one of them is wrong; the other words that begin so are found by the swap.
      const starts = new Set([word.slice(0, 2), word[1]! + word[0]!, word.slice(1, 3), word[0]! + word[2]!])
      const found: (NearWord & { readonly frequency: number })[] = []
      let seen = 0
      for (const start of starts) {
        for (const candidate of starting(start)) {
          seen += 1
          if (seen > WORDS_SEEN) break
          if (Math.abs(candidate.length - word.length) > most || /\d/.test(candidate)) continue
          const edits = editsBetween(word, candidate)
          if (edits === 0 || edits > most) continue
          const term = words.get(candidate)!
          const number = numbers.get(term)
          if (number === undefined) continue
          found.push({ word: candidate, term, edits, frequency: frequency(number) })
        }
      }
      found.sort((a, b) => a.edits - b.edits || b.frequency - a.frequency || (a.word < b.word ? -1 : 1))
      const unique = new Map(found.toReversed().map((near) => [near.term, near]))
      const likely = found.filter((near) => near.frequency > 0 && unique.get(near.term) === near)
      return likely.filter(({ edits }) => edits === likely[0]!.edits).slice(0, NEAR_WORDS)
    },
    addAbbreviation: ({ short, terms: its }) => {
      const ways = abbreviations.get(short) ?? new Map<string, number>()
      const way = its.join(' ')
      if (ways.has(way) || ways.size < WAYS) ways.set(way, (ways.get(way) ?? 0) + 1)
      abbreviations.set(short, ways)
    },
    spelledOut: (word) => usualWay([...(abbreviations.get(word) ?? [])]),
    // A Map's entry, the text's own head, and its characters.
    bytes: () => 90 * (terms.length + words.size) + characters,
  }
}
