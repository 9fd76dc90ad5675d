import { DatabaseSync } from 'node:sqlite'
import { create, insertMultiple, search as oramaSearch, update } from '@orama/orama'
import type { AttributeDefinition } from '@stoa/contracts/search-document'
import { fold, wordsOf } from '@stoa/search/analysis/language'
import { tokensOf } from '@stoa/search/analysis/tokens'
import { openEmbeddedEngine } from '@stoa/search/engines/embedded/embedded-engine'
import type { EngineDocument } from '@stoa/search/engines/engine'
import { defaultRanking } from '@stoa/search/ranking/default-settings'
import MiniSearch from 'minisearch'
import pg from 'pg'

/** What all candidates are asked: the best 24 of a query, and how often each value occurs in the whole result. */
export type Candidate = {
  readonly build: (documents: readonly EngineDocument[]) => Promise<void>
  readonly search: (query: string) => Promise<{ readonly ids: readonly string[]; readonly facets: number }>
  readonly change: (document: EngineDocument) => Promise<void>
  readonly close: () => Promise<void>
}

const LIMIT = 24
const boosts = { name: 3, brand: 2, category: 2.5, attributes: 0.4, description: 1 }
const words = wordsOf('en')
const stems = (text: string) =>
  tokensOf(fold(text))
    .words.filter(({ text }) => !words.isStopword(text))
    .map(({ text }) => words.stem(text))

const fieldsOf = (document: EngineDocument) => ({
  id: document.productId,
  name: document.name,
  brand: document.brand?.name ?? '',
  category: document.categories[0]?.path.at(-1)?.name ?? '',
  attributes: Object.values(document.attributes)
    .filter((value) => typeof value === 'string' || Array.isArray(value))
    .flat()
    .join(', '),
  description: document.description,
})
type Fields = ReturnType<typeof fieldsOf>

/** Values to count, by document: what a library without facets is given beside it. */
function openValues() {
  const numbers = new Map<string, number>()
  const ofDocument = new Map<string, Uint32Array>()
  return {
    put: (document: EngineDocument) => {
      const values = Object.entries(document.attributes).flatMap(([code, value]) =>
        (Array.isArray(value) ? value : [value]).map((one) => `${code}=${one}`),
      )
      if (document.brand) values.push(`brand=${document.brand.slug}`)
      const list = values.map((value) => {
        const number = numbers.get(value) ?? numbers.size
        numbers.set(value, number)
        return number
      })
      ofDocument.set(document.productId, Uint32Array.from(list))
      return list
    },
    count: (ids: Iterable<string>) => {
      const counts = new Uint32Array(numbers.size)
      let found = 0
      for (const id of ids)
        for (const value of ofDocument.get(id) ?? []) {
          if (counts[value] === 0) found += 1
          counts[value]! += 1
        }
      return found
    },
  }
}

const ours = (attributes: readonly AttributeDefinition[]): Candidate => {
  const engine = openEmbeddedEngine()
  return {
    build: async (documents) => {
      await engine.configure({
        version: 1,
        language: 'en',
        attributes,
        synonyms: [],
        rankings: { default: defaultRanking },
        rules: [],
        popularQueries: [],
      })
      await engine.put(documents)
    },
    search: async (query) => {
      const { hits, facets } = await engine.search({
        query,
        filters: {},
        sort: 'relevance',
        currency: 'EUR',
        limit: LIMIT,
        facets: 'all',
      })
      return { ids: hits.map(({ productId }) => productId), facets: facets.length }
    },
    change: (document) => engine.put([document]),
    close: () => engine.close(),
  }
}

const miniSearch = (): Candidate => {
  const index = new MiniSearch<Fields>({
    fields: ['name', 'brand', 'category', 'attributes', 'description'],
    tokenize: stems,
    processTerm: (term) => term,
    searchOptions: { boost: boosts },
  })
  const values = openValues()
  return {
    build: async (documents) => {
      for (const document of documents) values.put(document)
      index.addAll(documents.map(fieldsOf))
    },
    search: async (query) => {
      let found = index.search(query, { combineWith: 'AND' })
      if (found.length === 0) found = index.search(query)
      const ids = found.map(({ id }) => id as string)
      return { ids: ids.slice(0, LIMIT), facets: values.count(ids) }
    },
    change: async (document) => {
      values.put(document)
      index.replace(fieldsOf(document))
    },
    close: async () => {},
  }
}

const orama = (): Candidate => {
  const index = create({
    schema: {
      name: 'string',
      brand: 'string',
      category: 'string',
      attributes: 'string',
      description: 'string',
    } as const,
    components: { tokenizer: { language: 'english', normalizationCache: new Map(), tokenize: stems } },
  })
  return {
    build: async (documents) => {
      await insertMultiple(index, documents.map(fieldsOf), 1_000)
    },
    search: async (query) => {
      const found = await oramaSearch(index, {
        term: query,
        limit: LIMIT,
        boost: boosts,
        threshold: 0,
        facets: { brand: { limit: 50 }, category: { limit: 50 } },
      })
      return { ids: found.hits.map(({ id }) => id), facets: Object.keys(found.facets ?? {}).length }
    },
    change: async (document) => {
      await update(index, document.productId, fieldsOf(document))
    },
    close: async () => {},
  }
}

const fts5 = (): Candidate => {
  const database = new DatabaseSync(':memory:')
  database.exec(
    "create virtual table goods using fts5(id unindexed, name, brand, category, attributes, description, tokenize = 'porter unicode61')",
  )
  const insert = database.prepare('insert into goods values (?, ?, ?, ?, ?, ?)')
  const values = openValues()
  const put = (document: EngineDocument) => {
    values.put(document)
    const { id, name, brand, category, attributes, description } = fieldsOf(document)
    insert.run(id, name, brand, category, attributes, description)
  }
  const best = database.prepare(
    `select id from goods where goods match ? order by bm25(goods, 0, 3, 2, 2.5, 0.4, 1) limit ${LIMIT}`,
  )
  const all = database.prepare('select id from goods where goods match ?')
  return {
    build: async (documents) => {
      database.exec('begin')
      for (const document of documents) put(document)
      database.exec('commit')
    },
    search: async (query) => {
      const quoted = tokensOf(fold(query)).words.map(({ text }) => `"${text}"`)
      if (quoted.length === 0) return { ids: [], facets: 0 }
      for (const match of [quoted.join(' '), quoted.join(' or ')]) {
        const ids = best.all(match).map(({ id }) => id as string)
        if (ids.length > 0) return { ids, facets: values.count(all.all(match).map(({ id }) => id as string)) }
      }
      return { ids: [], facets: 0 }
    },
    change: async (document) => {
      database.prepare('delete from goods where id = ?').run(document.productId)
      put(document)
    },
    close: async () => database.close(),
  }
}

const postgres = (url: string): Candidate => {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  const values = openValues()
  const upsert = `insert into goods (id, words, name, values)
    select g.id, setweight(to_tsvector('english', g.name), 'A') || setweight(to_tsvector('english', g.brand || ' ' || g.category), 'B')
      || setweight(to_tsvector('english', g.description), 'C') || setweight(to_tsvector('english', g.attributes), 'D'), g.name, g.values
    from json_to_recordset($1) g(id text, name text, brand text, category text, description text, attributes text, values int[])
    on conflict (id) do update set words = excluded.words, name = excluded.name, values = excluded.values`
  const row = (document: EngineDocument) => ({ ...fieldsOf(document), values: values.put(document) })
  return {
    build: async (documents) => {
      await pool.query('create extension if not exists pg_trgm')
      await pool.query('create table goods (id text primary key, words tsvector, name text, values int[])')
      for (let at = 0; at < documents.length; at += 1_000)
        await pool.query(upsert, [JSON.stringify(documents.slice(at, at + 1_000).map(row))])
      await pool.query('create index on goods using gin (words)')
      await pool.query('create index on goods using gin (name gin_trgm_ops)')
      await pool.query('analyze goods')
    },
    search: async (query) => {
      const terms = tokensOf(fold(query)).words.map(({ text }) => text)
      for (const operator of [' & ', ' | ']) {
        const { rows } = await pool.query({
          name: 'search',
          text: `with found as materialized (select id, words, values from goods where words @@ to_tsquery('english', $1))
            select array(select id from found order by ts_rank('{0.13,0.33,0.7,1}', words, to_tsquery('english', $1), 1) desc limit ${LIMIT}) ids,
              (select count(*)::int from (select value, count(*) from found, unnest(values) value group by value) counted) facets`,
          values: [terms.map((term) => `'${term.replaceAll("'", '')}'`).join(operator)],
        })
        if (rows[0].ids.length > 0) return rows[0]
      }
      return { ids: [], facets: 0 }
    },
    change: async (document) => {
      await pool.query(upsert, [JSON.stringify([row(document)])])
    },
    close: () => pool.end(),
  }
}

export const candidates = { ours, minisearch: miniSearch, orama, fts5, postgres } as const
export type CandidateName = keyof typeof candidates
