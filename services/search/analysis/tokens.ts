import { type Measure, measuresIn } from './measures.ts'

/**
 * The parts of a text, in order. A word written with hyphens or points comes as its parts; `joined` says what the parts make together,
 * so that `dv7-1211ea`, `dv7 1211ea` and `dv71211ea` find each other.
 */
export type Token = {
  /** Folded, not stemmed. */
  readonly text: string
  /** Index among the words of the text. */
  readonly position: number
  /** What stands between this word and the one before: nothing, a space, or a mark that ends a phrase. */
  readonly before: 'start' | 'joint' | 'space' | 'break'
}

export type Joined = { readonly text: string; readonly position: number; readonly parts: number }

export type Tokens = {
  readonly words: readonly Token[]
  readonly joined: readonly Joined[]
  readonly measures: readonly (Measure & { readonly position: number; readonly parts: number })[]
}

/** A longer run without a space is not a word of any language: a pasted key, a data URL. */
const WORD_CHARACTERS = 40
/** Of one joined word; longer chains of hyphens are sentences. */
const JOINED_PARTS = 5

/** Or a number with a fraction, which is one word. */
const piece = /(?<![\p{L}\p{N}])\d{1,9}[.,]\d{1,5}(?![\p{L}\p{N}.,])|[\p{L}\p{N}]+/gu
const joint = /^[-./'&+_#]$/

/** `text` is folded; at most `limit` words are read. */
export function tokensOf(text: string, limit = 1_000): Tokens {
  const measures = /\d/.test(text) ? measuresIn(text) : []
  const words: Token[] = []
  const ends: number[] = []
  const starts: number[] = []
  let last = -1
  for (const match of text.matchAll(piece)) {
    if (words.length >= limit) break
    const between = last < 0 ? '' : text.slice(last, match.index)
    const before = last < 0 ? 'start' : kindOf(between)
    last = match.index + match[0].length
    for (const [at, part] of partsOf(match[0])) {
      const first = at === 0
      words.push({ text: part, position: words.length, before: first ? before : 'joint' })
      starts.push(match.index + at)
      ends.push(match.index + at + part.length)
    }
  }
  return { words, joined: joinedOf(words), measures: placed(measures, starts, ends) }
}

function kindOf(between: string): Token['before'] {
  if (joint.test(between)) return 'joint'
  return /^\s+$/.test(between) ? 'space' : 'break'
}

/** A long word is cut, a usual one stays whole. */
function partsOf(word: string): [number, string][] {
  return [[0, word.length > WORD_CHARACTERS ? word.slice(0, WORD_CHARACTERS) : word]]
}

function joinedOf(words: readonly Token[]): Joined[] {
  const joined: Joined[] = []
  for (let start = 0; start < words.length; ) {
    let end = start + 1
    while (end < words.length && words[end]!.before === 'joint') end += 1
    const parts = words.slice(start, end)
    if (parts.length > 1 && parts.length <= JOINED_PARTS) {
      const text = parts.map((part) => part.text).join('')
      if (text.length <= WORD_CHARACTERS) joined.push({ text, position: start, parts: parts.length })
    }
    start = end
  }
  return joined
}

function placed(measures: readonly Measure[], starts: readonly number[], ends: readonly number[]) {
  const result: (Measure & { position: number; parts: number })[] = []
  let word = 0
  for (const measure of measures) {
    while (word < starts.length && ends[word]! <= measure.start) word += 1
    let last = word
    while (last < starts.length && starts[last]! < measure.end) last += 1
    if (last > word) result.push({ ...measure, position: word, parts: last - word })
  }
  return result
}
