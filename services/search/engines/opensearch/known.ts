import { SPELLED_OUT_BY, usualWay } from '../../analysis/abbreviations.ts'
import type { CompiledSettings } from '../../planning/compiled-settings.ts'
import { allowedEdits, editsBetween } from '../../planning/edits.ts'
import type { Known, NearWord } from '../../planning/plan.ts'
import type { Indexes } from './indexes.ts'
import type { PartError, Remote } from './remote.ts'
import { beginning, SEPARATOR, split } from './values.ts'

/** What the index knows of one term or word. */
type Fact = {
  /** Documents that have it among their terms. */
  readonly frequency: number
  readonly heads: number
  readonly named: number
  /** Documents that have it, as it is written, in name, brand or category. */
  readonly written: number
  /** Documents that spell it out. */
  readonly spelledOut: number
}

/** How long a fact is believed. One that there is no such word never is: the next product may have it. */
const BELIEVED_MS = 30_000
const FACTS = 50_000
/** Terms, words near misspelt ones and their terms, and once more for what a correction makes of them. */
const ROUNDS = 8
const NEAR_WORDS = 4
/** Words that the cluster proposes for a misspelt one. */
const PROPOSED = 25
const WAYS = 8

const FIELDS = ['terms', 'heads', 'named', 'surfaces', 'shorts'] as const

/** Of a plan that was drafted: what the draft asked and nobody knew. */
type Missing = { readonly words: Set<string>; readonly near: Set<string>; readonly ways: Set<string> }

/**
 * What plans are made of, from a remote index. A plan is drafted by the same code as in memory; what it asks and is not known here is asked
 * of the cluster, all at once, and it is drafted again. Terms' statistics come from the term dictionary of each shard, which costs no
 * search; a query of words that were asked lately costs nothing.
 */
export function openKnown(
  remote: Remote,
  { index, routings }: { readonly index: string; readonly routings: Indexes['routings'] },
) {
  const facts = new Map<string, Fact & { readonly until: number }>()
  let documents = { count: 0, until: 0 }

  return {
    /** Calls `draft` until all that it asks is known; its last answer. */
    settled: async <T>(
      settings: CompiledSettings,
      draft: (known: Known) => T,
    ): Promise<{ answer: T; known: Known }> => {
      const session = {
        facts: new Map<string, Fact>(),
        near: new Map<string, readonly string[]>(),
        ways: new Map<string, readonly string[] | undefined>(),
      }
      for (let round = 1; ; round += 1) {
        const missing: Missing = { words: new Set(), near: new Set(), ways: new Set() }
        const known = knownOf(missing)
        const answer = draft(known)
        const done = missing.words.size + missing.near.size + missing.ways.size === 0
        if ((done && documents.until > performance.now()) || round === ROUNDS) return { answer, known }
        // What a word is near to or stands for is asked only when it is known how often itself occurs.
        if (!done && missing.words.size === 0) await askNear(missing)
        else await askFacts(missing.words)
      }

      function knownOf(missing: Missing): Known {
        const fact = (word: string): Fact => {
          const own = session.facts.get(word)
          if (own) return own
          const kept = facts.get(word)
          if (kept && kept.until > performance.now()) return kept
          missing.words.add(word)
          return NOTHING
        }
        return {
          documents: documents.count,
          frequency: (term) => fact(term).frequency,
          thing: (term) => {
            const { heads, named } = fact(term)
            return named === 0 ? 0 : Math.round((100 * heads) / named) / 100
          },
          hasWord: (word) => fact(word).written > 0,
          near: (word) => {
            if (allowedEdits(word) === 0) return []
            const proposed = session.near.get(word)
            if (!proposed) missing.near.add(word)
            return likeliest(word, proposed ?? [], (term) => fact(term).frequency, settings.words.stem)
          },
          spelledOut: (word) => {
            if (fact(word).spelledOut < SPELLED_OUT_BY) return undefined
            if (!session.ways.has(word)) missing.ways.add(word)
            return session.ways.get(word)
          },
        }
      }

      async function askFacts(words: ReadonlySet<string>): Promise<void> {
        const text = [...words].join(' ')
        const asked = Object.fromEntries(FIELDS.map((field) => [field, text]))
        const termsOf = async (routings: readonly string[]): Promise<readonly ShardTerms[]> => {
          const { body } = await remote.ask('POST', '/_mtermvectors', {
            body: {
              docs: routings.map((routing) => ({
                _index: index,
                routing,
                doc: asked,
                fields: FIELDS,
                term_statistics: true,
                positions: false,
                offsets: false,
                payloads: false,
              })),
            },
          })
          const { docs } = body as { docs: ShardTerms[] }
          remote.whole(index, docs)
          return docs
        }
        const ways = await routings()
        let shards = await termsOf(ways.values)
        const answered = shards[0]!._index
        // Another process has put a new index in its place, of other shards perhaps.
        if (answered !== ways.index) shards = await termsOf((await routings(answered)).values)
        let count = 0
        for (const { term_vectors: vectors = {} } of shards)
          count += vectors.terms?.field_statistics?.doc_count ?? 0
        const until = performance.now() + BELIEVED_MS
        documents = { count: Math.max(0, count), until }
        for (const word of words) {
          const of = (field: (typeof FIELDS)[number]) =>
            shards.reduce(
              (sum, { term_vectors: vectors = {} }) => sum + (vectors[field]?.terms?.[word]?.doc_freq ?? 0),
              0,
            )
          const fact = {
            frequency: of('terms'),
            heads: of('heads'),
            named: of('named'),
            written: of('surfaces'),
            spelledOut: of('shorts'),
          }
          session.facts.set(word, fact)
          if (fact.frequency === 0) continue
          facts.delete(word)
          facts.set(word, { ...fact, until })
          if (facts.size > FACTS) facts.delete(facts.keys().next().value!)
        }
      }

      async function askNear({ near, ways }: Missing): Promise<void> {
        const misspelt = [...near]
        const short = [...ways]
        const body = await remote.search(index, {
          size: 0,
          query: { match_none: {} },
          ...(misspelt.length > 0 && {
            suggest: Object.fromEntries(
              misspelt.map((word, at) => [
                `near${at}`,
                {
                  text: word,
                  term: {
                    field: 'surfaces',
                    analyzer: 'words',
                    suggest_mode: 'always',
                    max_edits: allowedEdits(word),
                    prefix_length: 0,
                    min_word_length: 3,
                    size: PROPOSED,
                    shard_size: PROPOSED,
                    string_distance: 'damerau_levenshtein',
                  },
                },
              ]),
            ),
          }),
          ...(short.length > 0 && {
            aggs: {
              all: {
                global: {},
                aggs: Object.fromEntries(
                  short.map((word, at) => [
                    `ways${at}`,
                    {
                      filter: { prefix: { spelledOut: `${word}${SEPARATOR}` } },
                      aggs: {
                        ways: {
                          terms: {
                            field: 'spelledOut',
                            include: beginning([word]),
                            size: WAYS,
                          },
                        },
                      },
                    },
                  ]),
                ),
              },
            },
          }),
        })
        const { suggest = {}, aggregations } = body as NearAnswer
        misspelt.forEach((word, at) => {
          const options = suggest[`near${at}`]?.[0]?.options ?? []
          session.near.set(
            word,
            options.map(({ text }) => text),
          )
        })
        short.forEach((word, at) => {
          const buckets = aggregations?.all[`ways${at}`]?.ways.buckets ?? []
          session.ways.set(word, usualWay(buckets.map(({ key, doc_count }) => [split(key)[1], doc_count])))
        })
      }
    },
  }
}

type ShardTerms = {
  /** The index itself, whatever its name was asked for. */
  readonly _index: string
  readonly error?: PartError
  readonly term_vectors?: Readonly<
    Record<
      string,
      {
        readonly field_statistics?: { readonly doc_count: number }
        readonly terms?: Readonly<Record<string, { readonly doc_freq?: number }>>
      }
    >
  >
}

type NearAnswer = {
  readonly suggest?: Readonly<Record<string, readonly { readonly options: readonly { text: string }[] }[]>>
  readonly aggregations?: {
    readonly all: Readonly<
      Record<string, { readonly ways: { readonly buckets: readonly { key: string; doc_count: number }[] } }>
    >
  }
}

const NOTHING: Fact = { frequency: 0, heads: 0, named: 0, written: 0, spelledOut: 0 }

/** As the embedded vocabulary chooses: fewest edits first, then the most frequent; one word of each term. */
function likeliest(
  word: string,
  proposed: readonly string[],
  frequency: (term: string) => number,
  stem: (word: string) => string,
): NearWord[] {
  const found = proposed
    .filter((candidate) => !/\d/.test(candidate))
    .map((candidate) => {
      const term = stem(candidate)
      return { word: candidate, term, edits: editsBetween(word, candidate), frequency: frequency(term) }
    })
    .filter((near) => near.frequency > 0 && near.edits > 0 && near.edits <= allowedEdits(word))
    .sort((a, b) => a.edits - b.edits || b.frequency - a.frequency || (a.word < b.word ? -1 : 1))
  const terms = new Set<string>()
  return found
    .filter(({ term, edits }) => edits === found[0]!.edits && !terms.has(term) && terms.add(term))
    .slice(0, NEAR_WORDS)
}
