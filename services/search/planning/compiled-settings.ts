import type { AttributeDefinition } from '@stoa/contracts/search-document'
import { fold, type Words, wordsOf } from '../analysis/language.ts'
import { tokensOf } from '../analysis/tokens.ts'
import type { EngineSettings, MerchandisingRule, RankingSettings } from '../engines/engine.ts'

/** Settings as searches need them. */
export type CompiledSettings = {
  readonly version: number
  /** Of what decides an order: the same in every replica that has these settings, however many it had before. */
  readonly mark: number
  readonly words: Words
  readonly attributes: ReadonlyMap<string, AttributeDefinition>
  readonly rankings: EngineSettings['rankings']
  readonly rules: readonly CompiledRule[]
  readonly popularQueries: readonly { readonly folded: string; readonly query: string }[]
  /** Synonyms of the words at these places; each a list of terms that stand for them together. */
  readonly synonymsIn: (terms: readonly string[]) => { from: number[]; to: (readonly string[])[] }[]
  /** What the index is built with: another one needs a rebuild. */
  readonly analysis: string
}

export type CompiledRule = MerchandisingRule & { readonly query: string | undefined }

/** Of a synonym: longer ones are sentences. */
const SYNONYM_WORDS = 4

export function compileSettings(settings: EngineSettings): CompiledSettings {
  const words = wordsOf(settings.language)
  const termsOf = (text: string) =>
    tokensOf(fold(text), SYNONYM_WORDS).words.map((token) => words.stem(token.text))
  const synonyms = new Map<string, (readonly string[])[]>()
  const add = (from: string, to: readonly string[]) => {
    const key = termsOf(from).join(' ')
    const list = synonyms.get(key) ?? []
    list.push(...to.map(termsOf).filter((terms) => terms.length > 0 && terms.join(' ') !== key))
    synonyms.set(key, list)
  }
  for (const entry of settings.synonyms) {
    if (entry.kind === 'one-way') add(entry.from, entry.to)
    else for (const term of entry.terms) add(term, entry.terms)
  }
  return {
    version: settings.version,
    mark: hashOf(JSON.stringify([settings.rankings, settings.rules])),
    words,
    attributes: new Map(settings.attributes.map((definition) => [definition.code, definition])),
    rankings: settings.rankings,
    rules: settings.rules.map((rule) => ({
      ...rule,
      query: rule.when.query === undefined ? undefined : sameQuery(rule.when.query),
    })),
    popularQueries: settings.popularQueries.map(({ query }) => ({ folded: fold(query), query })),
    analysis: analysisOf(settings),
    synonymsIn: (terms) => {
      const found: { from: number[]; to: (readonly string[])[] }[] = []
      if (synonyms.size === 0) return found
      for (let start = 0; start < terms.length; start += 1)
        for (let end = start + 1; end <= Math.min(terms.length, start + SYNONYM_WORDS); end += 1) {
          const to = synonyms.get(terms.slice(start, end).join(' '))
          if (to) found.push({ from: Array.from({ length: end - start }, (_, at) => start + at), to })
        }
      return found
    },
  }
}

export const rankingOf = (settings: CompiledSettings, name: string): RankingSettings =>
  Object.hasOwn(settings.rankings, name) ? settings.rankings[name]! : settings.rankings.default

/** Two spellings of a query for which the same rules hold. */
export const sameQuery = (query: string): string =>
  tokensOf(fold(query))
    .words.map(({ text }) => text)
    .join(' ')

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** What documents are read with. */
function analysisOf(settings: EngineSettings): string {
  const attributes = settings.attributes
    .map(({ code, name, unit, filterable, searchable, type }) => [
      code,
      filterable,
      searchable,
      searchable && (type === 'boolean' || type === 'number') ? [name, unit] : '',
    ])
    .sort()
  return JSON.stringify([settings.language, attributes])
}
