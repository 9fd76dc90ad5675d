import { fold } from '../../analysis/language.ts'
import { tokensOf } from '../../analysis/tokens.ts'
import { type CompiledSettings, rankingOf } from '../../planning/compiled-settings.ts'
import type { Alternative, Group, Plan } from '../../planning/plan.ts'
import type { RankingSettings, Suggestions, SuggestRequest } from '../engine.ts'
import { isAvailable } from './documents.ts'
import { matchGroups, type Scratch } from './scoring.ts'
import { frequencyOf, type SearchIndex } from './search-index.ts'

/** Words that the last one may become. */
const COMPLETIONS = 6
/**
 * Postings that may be read for one answer: about 1 ms. A prefix of one letter stands for half of the catalogue, and then its rarer words
 * are enough to show something.
 */
const POSTINGS = 12_000
const WORDS = 6
const PREFIX_CHARACTERS = 80

export function suggest(
  index: SearchIndex,
  request: SuggestRequest,
  { scratch, settings }: { readonly scratch: Scratch; readonly settings: CompiledSettings },
): Suggestions {
  const limit = Math.min(20, Math.max(1, Math.floor(request.limit)))
  const folded = fold(request.prefix.slice(0, PREFIX_CHARACTERS)).trimStart()
  const words = tokensOf(folded, WORDS).words.map(({ text }) => text)
  const last = words.at(-1)
  if (last === undefined) return { products: [], categories: [], brands: [], queries: [] }
  return {
    products: products(index, words, { limit, scratch, ranking: rankingOf(settings, 'default'), settings }),
    categories: named(index, 'category', { words, limit }).map((value) => ({
      path: index.values.text[value]!,
      name: index.values.label[value]!,
      products: index.values.products[value]!,
    })),
    brands: named(index, 'brand', { words, limit }).map((value) => ({
      slug: index.values.text[value]!,
      name: index.values.label[value]!,
      products: index.values.products[value]!,
    })),
    queries: settings.popularQueries
      .filter((popular) => popular.folded.startsWith(folded) && popular.folded !== folded.trimEnd())
      .slice(0, limit)
      .map(({ query }) => query),
  }
}

function products(
  index: SearchIndex,
  words: readonly string[],
  {
    limit,
    scratch,
    ranking,
    settings,
  }: {
    readonly limit: number
    readonly scratch: Scratch
    readonly ranking: RankingSettings
    readonly settings: CompiledSettings
  },
): Suggestions['products'] {
  const { documents, vocabulary } = index
  const last = words.at(-1)!
  const frequency = (term: string) => frequencyOf(index, term)
  const completed = vocabulary
    .wordsFrom(last)
    .map((word) => vocabulary.termOfWord(word)!)
    .concat(settings.words.stem(last))
  const terms = [...new Set(completed)]
    .map((term) => ({ term, often: frequency(term) }))
    .filter(({ often }) => often > 0 && often <= POSTINGS / 2)
    .sort((a, b) => b.often - a.often)
  let left = POSTINGS
  const take = (term: string, weight: number): Alternative[] => {
    left -= frequency(term)
    return left < 0 ? [] : [{ terms: [term], weight, adjacent: false }]
  }
  const group = (asked: string, alternatives: readonly Alternative[]): Group => ({
    asked,
    idf: 1,
    thing: 0,
    alternatives,
  })
  const groups = [
    ...words.slice(0, -1).map((word) => group(word, take(settings.words.stem(word), 1))),
    group(
      last,
      terms.slice(0, COMPLETIONS).flatMap(({ term }) => take(term, 1)),
    ),
  ].filter(({ alternatives }) => alternatives.length > 0)
  if (groups.length === 0) return []
  const plan: Plan = {
    groups,
    exact: null,
    required: 0,
    kept: 0,
    hour: 0,
    settingsMark: 0,
    ranking: 'default',
    correction: null,
    dropped: [],
  }
  const matches = matchGroups(index, plan, { ranking, scratch })
  const all = 2 ** groups.length - 1
  const best: { document: number; score: number }[] = []
  for (let at = 0; at < matches.count; at += 1) {
    const document = matches.documents[at]!
    if (matches.masks[document] !== all) continue
    const sold = documents.sold[document]!
    const available = isAvailable(documents, document) ? 1 : 0.5
    const score = matches.scores[document]! * available * (1 + sold / (sold + 20))
    if (best.length === limit && score <= best.at(-1)!.score) continue
    const place = best.findLastIndex((other) => other.score >= score) + 1
    best.splice(place, 0, { document, score })
    if (best.length > limit) best.pop()
  }
  return best.map(({ document }) => ({
    productId: documents.ids[document]!,
    slug: documents.slugs[document]!,
    name: documents.names[document]!,
  }))
}

/** Categories or brands one of whose words begins with the last word, and that have the others. */
function named(
  { values }: SearchIndex,
  key: 'category' | 'brand',
  { words, limit }: { readonly words: readonly string[]; readonly limit: number },
): number[] {
  const facet = values.facetNumbers.get(key)
  if (facet === undefined) return []
  const found: { value: number; rank: number }[] = []
  for (const value of values.ofFacet[facet]!) {
    // What was renamed or emptied leads nowhere.
    if (values.products[value] === 0) continue
    const name = ` ${fold(values.label[value]!)}`
    if (!words.every((word, at) => name.includes(at === words.length - 1 ? ` ${word}` : ` ${word}`))) continue
    found.push({ value, rank: name.startsWith(` ${words[0]}`) ? 0 : 1 })
  }
  return found
    .sort((a, b) => a.rank - b.rank || values.label[a.value]!.length - values.label[b.value]!.length)
    .slice(0, limit)
    .map(({ value }) => value)
}
