import { fold } from '../../analysis/language.ts'
import { tokensOf } from '../../analysis/tokens.ts'
import type { CompiledSettings } from '../../planning/compiled-settings.ts'
import type { Shown, Suggestions, SuggestRequest } from '../engine.ts'
import { any, type Clause, termClause } from './clauses.ts'
import type { Remote } from './remote.ts'
import { split } from './values.ts'

const WORDS = 6
const PREFIX_CHARACTERS = 80
/** Labels that are looked through for those that have all the words themselves. */
const LABELS = 200

/** The more it sells the better, what is sold out after the rest; a name that is little more than what was typed first. */
const SCORE = `
double sold = doc['sold'].size() == 0 ? 0 : (double)doc['sold'].value;
return _score * (doc['inStock'].value ? 1.0 : 0.5) * (1 + sold / (sold + 20)) / (1 + (int)(doc['lengths'].value & 255) / 9.0);
`

type Bucket = { readonly key: string; readonly doc_count: number }
type Answer = {
  readonly hits: {
    readonly hits: readonly {
      readonly _id: string
      readonly fields?: {
        readonly name?: readonly string[]
        readonly slug?: readonly string[]
        readonly card?: readonly string[]
        readonly available?: readonly number[]
      }
    }[]
  }
  readonly aggregations?: {
    readonly categories: { readonly buckets: readonly Bucket[] }
    readonly brands: { readonly buckets: readonly Bucket[] }
  }
}

/** Completes the last word; one request. */
export async function suggest(
  {
    remote,
    index,
    settings,
  }: { readonly remote: Remote; readonly index: string; readonly settings: CompiledSettings },
  request: SuggestRequest,
): Promise<Suggestions> {
  const limit = Math.min(20, Math.max(1, Math.floor(request.limit)))
  const folded = fold(request.prefix.slice(0, PREFIX_CHARACTERS)).trimStart()
  const words = tokensOf(folded, WORDS).words.map(({ text }) => text)
  const last = words.at(-1)
  if (last === undefined) return { products: [], categories: [], brands: [], queries: [] }
  const completed: Clause[] = [
    { multi_match: { query: last, type: 'bool_prefix', fields: ['typed', 'typed._2gram', 'typed._3gram'] } },
    { constant_score: { filter: termClause(settings.words.stem(last)) } },
  ]
  const phrase = {
    multi_match: {
      query: words.join(' '),
      type: 'bool_prefix',
      fields: ['typed', 'typed._2gram', 'typed._3gram'],
    },
  }
  const body = await remote.search(index, {
    query: {
      script_score: {
        query: {
          bool: {
            filter: [
              { term: { live: true } },
              ...words.slice(0, -1).map((word) => termClause(settings.words.stem(word))),
            ],
            must: [any(completed)],
            should: [phrase],
          },
        },
        script: { source: SCORE },
      },
    },
    size: limit,
    track_total_hits: false,
    _source: false,
    stored_fields: ['name', 'slug', 'card'],
    docvalue_fields: ['available'],
    aggs: {
      categories: { terms: { field: 'categoryLabels', size: LABELS } },
      brands: { terms: { field: 'brandLabel', size: LABELS } },
    },
  })
  const { hits, aggregations } = body as Answer
  const named = (buckets: readonly Bucket[] = []) =>
    buckets
      .map(({ key, doc_count }) => {
        const [value, name] = split(key)
        return { value, name, products: doc_count, folded: ` ${fold(name)}` }
      })
      .filter((one) => words.every((word) => one.folded.includes(` ${word}`)))
      .map((one) => ({ ...one, rank: one.folded.startsWith(` ${words[0]}`) ? 0 : 1 }))
      .sort((a, b) => a.rank - b.rank || a.name.length - b.name.length)
      .slice(0, limit)
  return {
    products: hits.hits.map(({ _id, fields }) => ({
      productId: _id,
      slug: fields?.slug?.[0] ?? '',
      name: fields?.name?.[0] ?? '',
      ...(fields?.card && ({ card: fields.card[0]! } satisfies Shown)),
      available: fields?.available?.[0] ?? null,
    })),
    categories: named(aggregations?.categories.buckets).map(({ value, name, products }) => ({
      path: value,
      name,
      products,
    })),
    brands: named(aggregations?.brands.buckets).map(({ value, name, products }) => ({
      slug: value,
      name,
      products,
    })),
    queries: settings.popularQueries
      .filter((popular) => popular.folded.startsWith(folded) && popular.folded !== folded.trimEnd())
      .slice(0, limit)
      .map(({ query }) => query),
  }
}
