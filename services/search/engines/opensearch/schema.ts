import { createHash } from 'node:crypto'

/**
 * What an index is made with. Words are made by our own analysis (../../analysis/), in the shop's language, before a document is sent: the
 * index splits at spaces and no more, so that both engines find and rank by the same terms. A change of anything here makes another
 * schema version, and an index of another one is rebuilt.
 */
const analysis = {
  filter: {
    // `lamp|5`: the term with the number of how it occurs, kept where Lucene keeps how often.
    occurrence: { type: 'delimited_term_freq', delimiter: '|' },
  },
  analyzer: {
    words: { type: 'custom', tokenizer: 'whitespace' },
    occurrences: { type: 'custom', tokenizer: 'whitespace', filter: ['occurrence'] },
  },
}

const keyword = { type: 'keyword' }
const words = { type: 'text', analyzer: 'words', norms: false, index_options: 'docs' }
const kept = { type: 'keyword', index: false, doc_values: false, store: true }

/** Nothing is indexed that does not stand here; prices are by currency. */
const properties = {
  live: { type: 'boolean' },
  removedAt: { type: 'date', format: 'epoch_millis' },
  version: { type: 'long' },
  productId: keyword,
  // How each term occurs: the 24 bits of ../../analysis/occurrence.ts (see `codeOf`).
  terms: {
    type: 'text',
    analyzer: 'occurrences',
    search_analyzer: 'words',
    norms: false,
    index_options: 'freqs',
  },
  /** Words in each field, eight bits each. */
  lengths: { type: 'long', index: false },
  // The name's terms in their order.
  phrase: { type: 'text', analyzer: 'words', norms: false },
  // Terms that are a head of the name or the main category, and those that stand in either at all.
  heads: words,
  named: words,
  // Words as they are written in name, brand and category.
  surfaces: words,
  shorts: words,
  spelledOut: keyword,
  typed: { type: 'search_as_you_type', analyzer: 'words' },
  brand: keyword,
  categories: keyword,
  collections: keyword,
  /** With what shoppers read, for facets and suggestions. */
  brandLabel: keyword,
  categoryLabels: keyword,
  categorySlugs: keyword,
  values: keyword,
  numbers: keyword,
  facets: keyword,
  prices: { type: 'object', dynamic: true },
  rating: { type: 'scaled_float', scaling_factor: 100 },
  ratings: { type: 'integer' },
  byRating: { type: 'long' },
  published: { type: 'date' },
  byName: keyword,
  available: { type: 'long' },
  inStock: { type: 'boolean' },
  availableAt: { type: 'date', format: 'epoch_millis' },
  sold: { type: 'long' },
  soldAt: { type: 'date', format: 'epoch_millis' },
  skus: keyword,
  slug: kept,
  name: kept,
  card: kept,
  // As it came, for explanations.
  document: { type: 'object', enabled: false },
}

const mappings = {
  dynamic: 'strict',
  dynamic_templates: [{ prices: { path_match: 'prices.*', mapping: { type: 'long' } } }],
  properties,
}

/** Of what our code makes of a product: its terms, its values, its card. ./entry.test.ts says what it must be. */
export const ENTRIES = '534d40ed'

/** Of all that an index cannot be given later. */
export const SCHEMA_VERSION = createHash('sha256')
  .update(JSON.stringify([analysis, mappings, ENTRIES]))
  .digest('hex')
  .slice(0, 8)

/** A change is seen after this long at most; `wait_for` waits for it. */
export const REFRESH_INTERVAL = '200ms'

/** What an index says of itself. */
export type IndexMeta = {
  readonly schema: string
  /** Hash of what its documents were read with: language and attributes. */
  readonly analysis: string
  /** Everything has been brought once. */
  readonly complete: boolean
}

export const indexBody = ({
  shards,
  replicas,
  meta,
  filling,
}: {
  readonly shards: number
  readonly replicas: number
  readonly meta: IndexMeta
  /** Nobody searches it yet. */
  readonly filling: boolean
}) => ({
  settings: {
    index: {
      number_of_shards: shards,
      number_of_replicas: replicas,
      refresh_interval: filling ? '-1' : REFRESH_INTERVAL,
      analysis,
    },
  },
  mappings: { ...mappings, _meta: meta },
})
