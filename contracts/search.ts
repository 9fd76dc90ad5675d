import { contract, event, operation } from '@stoa/contract'
import { z } from 'zod'
import { Media } from './media.ts'
import { AmountMinor, Currency, Money } from './money.ts'
import { Page, pageInput } from './page.ts'
import { Stale } from './stale.ts'
import { Id, Line, Slug, Timestamp } from './text.ts'

/** Characters of a query: nobody types more, and who pastes a page is told. */
export const MAX_QUERY = 500
/** Merchandising rules, synonyms and products of one rule. */
export const MAX_RULES = 1_000
export const MAX_SYNONYMS = 2_000
const MAX_RULE_PRODUCTS = 100

const Query = z.string().trim().max(MAX_QUERY)
const Language = z.enum([
  'da',
  'de',
  'en',
  'es',
  'fi',
  'fr',
  'hu',
  'it',
  'nl',
  'no',
  'pt',
  'ro',
  'ru',
  'sv',
  'tr',
])

/**
 * One choice of a facet as the answer gives it in `filter`: `attribute:colour:black`, `option:Size:XL`, and for numbers
 * `attribute:display-diagonal:30..43.2`, where an end may be left out. A code or name is percent-encoded.
 */
const Filter = z
  .string()
  .max(400)
  .regex(
    /^(?:attribute|option):[^:]{1,200}:.{1,300}$/,
    'must be attribute:<code>:<value> or option:<name>:<value>',
  )

/** What a search asks for, flat, as it stands in an address. Values of one field are alternatives; all fields must hold. */
const SearchInput = {
  /** Empty: everything that the other fields let through. */
  q: Query.default(''),
  /** Slugs; the categories below them are in it. */
  category: z.array(Slug).max(20).default([]),
  collection: z.array(Slug).max(20).default([]),
  /** Slugs. */
  brand: z.array(Slug).max(50).default([]),
  filter: z.array(Filter).max(50).default([]),
  /** In the currency's minor units. */
  priceFrom: AmountMinor.optional(),
  priceTo: AmountMinor.optional(),
  /** At least so many stars. */
  rating: z.number().min(1).max(5).optional(),
  /** True: only what can be bought now. */
  available: z.boolean().optional(),
  sort: z
    .enum(['relevance', 'price-up', 'price-down', 'newest', 'rating', 'name', 'bestselling'])
    .default('relevance'),
  /** The shop's own when absent. Products without a price in it come last by price. */
  currency: Currency.optional(),
  /** The shop's own when absent, which is also what is answered for one in which the shop's texts are not. */
  language: z
    .string()
    .max(12)
    .regex(/^[a-z]{2}(?:-[A-Za-z0-9]{2,8})?$/, 'must be a language like en or de-AT')
    .optional(),
}

/**
 * A random word that the shopper's device made and keeps: it decides which ranking of a test it sees, and is stored nowhere.
 * Sent as the header `search-visitor`; without it a shopper sees the ranking of everyone.
 */
const Visitor = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/, 'must be 8 to 64 letters, digits, - or _')

/** A product as a list shows it: the fields of a `ProductSummary`, and what search knows besides. */
export const SearchHit = z.object({
  productId: Id,
  slug: z.string(),
  name: z.string(),
  brand: z.string().nullable(),
  image: Media.nullable(),
  rating: z.object({ average: z.number().nullable(), count: z.int() }),
  /** The cheapest and the dearest variant; null when it has no price in the currency. */
  priceFrom: Money.nullable(),
  priceTo: Money.nullable(),
  /** Of the cheapest variant. */
  compareAtMinor: AmountMinor.nullable(),
  variantCount: z.int(),
  /** Whether some variant can be bought now. */
  available: z.boolean(),
})
export type SearchHit = z.output<typeof SearchHit>

export const FacetValue = z.object({
  /** For the field of its kind (`category`, `brand`, `rating`, `available`); for a range empty. */
  value: z.string(),
  label: z.string(),
  /** Ready to be sent as one `filter`; null for the kinds that have a field of their own. */
  filter: z.string().nullable(),
  /** Slugs from the root; of a category. */
  path: z.array(z.string()).nullable(),
  /** Both ends belong to it, null is open; of a price (minor units) or a number. */
  from: z.number().nullable(),
  to: z.number().nullable(),
  /** How many results it would leave, all other fields as they are. */
  count: z.int(),
  selected: z.boolean(),
})

export const Facet = z.object({
  /** `category`, `brand`, `price`, `rating`, `availability`, `attribute:<code>` or `option:<name>`. */
  key: z.string(),
  kind: z.enum(['category', 'brand', 'price', 'rating', 'availability', 'attribute', 'option']),
  name: z.string(),
  unit: z.string().nullable(),
  /** At most 50. */
  values: z.array(FacetValue),
  /** Of prices and numbers: the smallest and the largest. */
  range: z.object({ min: z.number(), max: z.number() }).nullable(),
})

/** How results are ordered; what each number means stands in services/search/ranking. */
const Weight = z.number().min(0).max(1_000)
const FieldWeight = z.strictObject({
  weight: Weight,
  /** How much a long field counts against it. */
  length: z.number().min(0).max(1),
})
export const SearchRanking = z.strictObject({
  fields: z.strictObject({
    name: FieldWeight,
    brand: FieldWeight,
    category: FieldWeight,
    attributes: FieldWeight,
    compatibility: FieldWeight,
    description: FieldWeight,
    code: FieldWeight,
  }),
  saturation: z.number().min(0).max(100),
  /** The largest share that each adds to a score: 0.1 is at most a tenth. */
  signals: z.strictObject({
    sales: z.number().min(0).max(10),
    rating: z.number().min(0).max(10),
    availability: z.number().min(0).max(10),
    newness: z.number().min(0).max(10),
  }),
  /** The other steps by name; 0 is off. */
  steps: z
    .record(
      z
        .string()
        .max(40)
        .regex(/^[A-Za-z][A-Za-z0-9-]*$/),
      z.number().min(-1_000).max(1_000),
    )
    .refine((steps) => Object.keys(steps).length <= 50, 'must have at most 50 entries')
    .meta({ maxProperties: 50 }),
})
export type SearchRanking = z.output<typeof SearchRanking>

const Term = Line(60)
export const Synonyms = z.discriminatedUnion('kind', [
  /** Each stands for each other. */
  z.strictObject({ kind: z.literal('equal'), terms: z.array(Term).min(2).max(20) }),
  /** Who asks for `from` also finds `to`, not the other way. */
  z.strictObject({ kind: z.literal('one-way'), from: Term, to: z.array(Term).min(1).max(20) }),
])
export type Synonyms = z.output<typeof Synonyms>

export const SearchSettings = z.strictObject({
  language: Language,
  synonyms: z.array(Synonyms).max(MAX_SYNONYMS),
  ranking: SearchRanking,
})
export type SearchSettings = z.output<typeof SearchSettings>

const RuleShape = {
  name: Line(120),
  /** Compared without regard to case, accents and spaces. With a category, too, both must hold; with neither it holds always. */
  query: Line(200).nullable().default(null),
  /** A category's slug; holds when results are filtered by exactly it. */
  category: Slug.nullable().default(null),
  action: z.enum(['pin', 'boost', 'bury', 'hide']),
  /** For `pin` in the order in which they shall stand first. */
  productIds: z.array(Id).max(MAX_RULE_PRODUCTS).default([]),
  /** Instead of single products: all of these brands, of these categories. */
  brands: z.array(Slug).max(50).default([]),
  categories: z.array(Slug).max(50).default([]),
  /** Of `boost` and `bury`: by how much the score is multiplied or divided. */
  factor: z.number().min(1).max(10).default(2),
  startsAt: Timestamp.nullable().default(null),
  /** The first moment at which it no longer holds. */
  endsAt: Timestamp.nullable().default(null),
}
const RuleInput = z.strictObject(RuleShape)
export const Rule = z.object(RuleShape).extend({ ruleId: Id, version: z.int(), updatedAt: Timestamp })
export type Rule = z.output<typeof Rule>

/** `default`: the ranking of the settings; `challenger`: the test's. */
export const Variant = z.enum(['default', 'challenger'])

const VariantResult = z.object({
  variant: Variant,
  searches: z.int(),
  zeroResults: z.int(),
  clicks: z.int(),
  conversions: z.int(),
})
export const RankingTest = z.object({
  testId: Id,
  name: z.string(),
  status: z.enum(['running', 'stopped']),
  /** How many of a hundred visitors see the challenger. */
  sharePercent: z.int(),
  ranking: SearchRanking,
  startedAt: Timestamp,
  stoppedAt: Timestamp.nullable(),
  version: z.int(),
  results: z.array(VariantResult),
})

const VersionInput = z.int().min(1).max(2_000_000_000)
const ifMatch = { version: 'if-match' } as const
const NotReady = {
  status: 503,
  title: 'The search index is being loaded. Browse the categories, or try again in a few seconds.',
} as const
const CategoryNotFound = { status: 404, title: 'There is no such category.' } as const
const RuleNotFound = { status: 404, title: 'There is no such rule.' } as const
const TestNotFound = { status: 404, title: 'There is no such ranking test.' } as const

/** What a page of results told: sent back with what was done with it. Opaque, good for a day. */
const SearchId = z
  .string()
  .min(1)
  .max(1_000)
  .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/, 'must be the `searchId` of an answer')

const Replica = z.object({
  replicaId: Id,
  startedAt: Timestamp,
  /** False: it did not answer within the second that it had; it may be busy, or gone without a farewell. */
  answered: z.boolean(),
  /** Whether its first load has ended. */
  ready: z.boolean(),
  documents: z.int(),
  bytes: z.int(),
  rebuilding: z.boolean(),
  /** Of the settings that it answers by. */
  settingsVersion: z.int(),
  /** How many of the products that were asked for are not there in that version or a newer one. */
  missing: z.int(),
})

const Count = z.object({ query: z.string(), searches: z.int() })

export const search = contract('search', {
  query: operation({
    summary: 'Find products: full text, filters, facets',
    method: 'GET',
    path: '/search',
    access: 'public',
    cache: { seconds: 60 },
    headers: { visitor: 'search-visitor' },
    input: z.strictObject({
      ...SearchInput,
      /** Whether to count facets. The first page's default is true, a later page's false. */
      facets: z.boolean().optional(),
      visitor: Visitor.optional(),
      limit: pageInput.limit,
      /** The `next` of the page before. Opaque; good for the same query, fields and sort. */
      after: z.string().min(1).max(4_000).optional(),
    }),
    output: z.object({
      items: z.array(SearchHit),
      total: z.int(),
      facets: z.array(Facet),
      /** `applied`: the results are those of `query`; else it is only proposed. */
      correction: z.object({ query: z.string(), applied: z.boolean() }).nullable(),
      /** Nothing had all that was asked for: what was given up so that something was found, in a sentence. */
      relaxation: z
        .object({ kind: z.enum(['words', 'filters']), dropped: z.array(z.string()), message: z.string() })
        .nullable(),
      next: z.string().nullable(),
      /** Tell it with a click: see `track`. */
      searchId: z.string(),
      /** The ranking test that runs, how many of a hundred visitors see its challenger, and which ranking this is. */
      ranking: z.object({
        testId: Id.nullable(),
        sharePercent: z.int().nullable(),
        variant: Variant,
        version: z.int(),
      }),
    }),
    errors: { SEARCH_NOT_READY: NotReady, CATEGORY_NOT_FOUND: CategoryNotFound },
  }),
  suggest: operation({
    summary: 'What a shopper who has typed this may mean',
    method: 'GET',
    path: '/search/suggestions',
    access: 'public',
    cache: { seconds: 60 },
    input: z.strictObject({
      q: z.string().trim().min(1).max(100),
      /** Of each kind. */
      limit: z.int().min(1).max(20).default(5),
    }),
    output: z.object({
      products: z.array(
        z.object({ productId: Id, slug: z.string(), name: z.string(), image: Media.nullable() }),
      ),
      categories: z.array(
        z.object({ slug: z.string(), name: z.string(), path: z.array(z.string()), products: z.int() }),
      ),
      brands: z.array(z.object({ slug: z.string(), name: z.string(), products: z.int() })),
      /** What others asked for and found. */
      queries: z.array(z.string()),
    }),
    errors: { SEARCH_NOT_READY: NotReady },
  }),
  track: operation({
    summary: 'Tell what was done with a result; nothing personal is stored',
    method: 'POST',
    path: '/search/clicks',
    access: 'public',
    status: 204,
    idempotency: 'none',
    bodyLimitBytes: 4 * 1024,
    input: z.strictObject({
      searchId: SearchId,
      /** `added`: it went into the cart. */
      kind: z.enum(['click', 'added']).default('click'),
      productId: Id,
      /** From 1, over all pages. */
      position: z.int().min(1).max(10_000),
      /** With `added`: the cart, so that its order counts for this search. Kept as a keyed hash, at most 7 days. */
      cartId: Id.optional(),
      /** The search just before this one, when the shopper left it without a click: this is how synonyms are learned. */
      instead: SearchId.optional(),
    }),
    output: z.null(),
  }),
  getSettings: operation({
    summary: 'How search ranks, and by which synonyms',
    method: 'GET',
    path: '/admin/search/settings',
    access: 'staff',
    permission: 'search:read',
    responseHeaders: ['etag'],
    input: z.strictObject({}),
    output: SearchSettings.extend({ version: z.int() }),
  }),
  changeSettings: operation({
    summary: 'Change how search ranks; what is not named stays',
    method: 'PATCH',
    path: '/admin/search/settings',
    access: 'staff',
    permission: 'search:write',
    idempotency: 'natural',
    headers: ifMatch,
    responseHeaders: ['etag'],
    /** 2,000 synonyms of 20 terms. */
    bodyLimitBytes: 4 * 1024 * 1024,
    input: SearchSettings.partial().extend({ version: VersionInput, note: Line(200).optional() }),
    output: SearchSettings.extend({ version: z.int() }),
    errors: { STALE: Stale },
  }),
  listSettings: operation({
    summary: 'The versions of the settings, newest first',
    method: 'GET',
    path: '/admin/search/settings/versions',
    access: 'staff',
    permission: 'search:read',
    input: z.strictObject({ ...pageInput }),
    output: Page(
      z.object({
        version: z.int(),
        note: z.string().nullable(),
        /** Who changed it: `staff:<id>`. */
        actor: z.string(),
        createdAt: Timestamp,
      }),
    ),
  }),
  rollBackSettings: operation({
    summary: 'Make an earlier version of the settings the newest',
    method: 'POST',
    path: '/admin/search/settings/rollback',
    access: 'staff',
    permission: 'search:write',
    idempotency: 'natural',
    headers: ifMatch,
    responseHeaders: ['etag'],
    input: z.strictObject({ version: VersionInput, to: VersionInput }),
    output: SearchSettings.extend({ version: z.int() }),
    errors: {
      STALE: Stale,
      VERSION_NOT_FOUND: { status: 404, title: 'There is no such version of the settings.' },
    },
  }),
  listRules: operation({
    summary: 'Merchandising rules, newest first',
    method: 'GET',
    path: '/admin/search/rules',
    access: 'staff',
    permission: 'search:read',
    input: z.strictObject({ ...pageInput }),
    output: Page(Rule),
  }),
  getRule: operation({
    summary: 'One merchandising rule',
    method: 'GET',
    path: '/admin/search/rules/{ruleId}',
    access: 'staff',
    permission: 'search:read',
    responseHeaders: ['etag'],
    input: z.strictObject({ ruleId: Id }),
    output: Rule,
    errors: { RULE_NOT_FOUND: RuleNotFound },
  }),
  createRule: operation({
    summary: 'Pin, boost, bury or hide products, for a query or category, between dates',
    method: 'POST',
    path: '/admin/search/rules',
    access: 'staff',
    permission: 'search:write',
    status: 201,
    idempotency: 'key',
    responseHeaders: ['etag'],
    input: RuleInput,
    output: Rule,
    errors: { TOO_MANY_RULES: { status: 409, title: 'There are at most 1,000 rules.' } },
  }),
  changeRule: operation({
    summary: 'Replace a merchandising rule',
    method: 'PUT',
    path: '/admin/search/rules/{ruleId}',
    access: 'staff',
    permission: 'search:write',
    idempotency: 'natural',
    headers: ifMatch,
    responseHeaders: ['etag'],
    input: RuleInput.extend({ ruleId: Id, version: VersionInput }),
    output: Rule,
    errors: { RULE_NOT_FOUND: RuleNotFound, STALE: Stale },
  }),
  deleteRule: operation({
    summary: 'Delete a merchandising rule',
    method: 'DELETE',
    path: '/admin/search/rules/{ruleId}',
    access: 'staff',
    permission: 'search:write',
    status: 204,
    idempotency: 'natural',
    input: z.strictObject({ ruleId: Id }),
    output: z.null(),
  }),
  explain: operation({
    summary: 'Why a product stands where it stands',
    method: 'GET',
    path: '/admin/search/explain',
    access: 'staff',
    permission: 'search:read',
    input: z.strictObject({ ...SearchInput, productId: Id, variant: Variant.default('default') }),
    output: z.object({
      /** Not indexed: not published, or not heard of. */
      indexed: z.boolean(),
      /** From 1; null when it is not among the first 1,000, or not found at all. */
      position: z.int().nullable(),
      total: z.int(),
      score: z.number().nullable(),
      text: z.number().nullable(),
      terms: z.array(
        z.object({ asked: z.string(), found: z.string(), field: z.string(), score: z.number() }),
      ),
      /** What each step and signal multiplied the score with. */
      factors: z.array(z.object({ name: z.string(), factor: z.number() })),
      rules: z.array(z.object({ ruleId: Id, action: z.string(), name: z.string().nullable() })),
      correction: z.object({ query: z.string(), applied: z.boolean() }).nullable(),
      settingsVersion: z.int(),
    }),
    errors: { SEARCH_NOT_READY: NotReady, CATEGORY_NOT_FOUND: CategoryNotFound },
  }),
  listTests: operation({
    summary: 'Ranking tests with their results, newest first',
    method: 'GET',
    path: '/admin/search/tests',
    access: 'staff',
    permission: 'search:read',
    input: z.strictObject({ ...pageInput }),
    output: Page(RankingTest),
  }),
  startTest: operation({
    summary: 'Show some visitors another ranking',
    method: 'POST',
    path: '/admin/search/tests',
    access: 'staff',
    permission: 'search:write',
    status: 201,
    idempotency: 'key',
    input: z.strictObject({
      name: Line(120),
      sharePercent: z.int().min(1).max(99).default(50),
      ranking: SearchRanking,
    }),
    output: RankingTest,
    errors: { TEST_RUNNING: { status: 409, title: 'A ranking test is running: stop it first.' } },
  }),
  stopTest: operation({
    summary: 'End a ranking test; everyone sees the ranking of the settings again',
    method: 'POST',
    path: '/admin/search/tests/{testId}/stop',
    access: 'staff',
    permission: 'search:write',
    idempotency: 'natural',
    input: z.strictObject({ testId: Id }),
    output: RankingTest,
    errors: { TEST_NOT_FOUND: TestNotFound },
  }),
  analytics: operation({
    summary: 'What shoppers searched for and what came of it',
    method: 'GET',
    path: '/admin/search/analytics',
    staleness: 'seconds',
    access: 'staff',
    permission: 'search:read',
    input: z.strictObject({
      /** Days (UTC), both included. By default the last 30. Queries are known for 30 days, totals for two years. */
      from: z.iso.date().max(10).optional(),
      to: z.iso.date().max(10).optional(),
      /** Of each list. */
      limit: z.int().min(1).max(100).default(20),
    }),
    output: z.object({
      from: z.string(),
      to: z.string(),
      days: z.array(
        z.object({
          day: z.string(),
          searches: z.int(),
          zeroResults: z.int(),
          clicks: z.int(),
          conversions: z.int(),
        }),
      ),
      clicksByPosition: z.array(z.object({ position: z.int(), clicks: z.int() })),
      topQueries: z.array(Count.extend({ clicks: z.int(), conversions: z.int() })),
      /** Found nothing. */
      zeroResultQueries: z.array(Count),
      /** Found something, and hardly anyone clicked: at least 5 searches, fewer than one click in 20. */
      failingQueries: z.array(Count.extend({ clicks: z.int() })),
      /** Who found nothing under `from` asked for `to` next and clicked. */
      suggestedSynonyms: z.array(z.object({ from: z.string(), to: z.string(), times: z.int() })),
    }),
  }),
  rebuild: operation({
    summary: 'Build every index anew; the present ones answer meanwhile',
    method: 'POST',
    path: '/admin/search/rebuild',
    access: 'staff',
    permission: 'search:write',
    status: 202,
    idempotency: 'natural',
    input: z.strictObject({}),
    output: z.null(),
  }),
  statusForStaff: operation({
    summary: 'The indexes of all processes',
    method: 'GET',
    path: '/admin/search/status',
    access: 'staff',
    permission: 'search:read',
    input: z.strictObject({}),
    output: z.object({ replicas: z.array(Replica.omit({ missing: true })) }),
  }),
  /**
   * What each process that answers searches knows now; takes at most a second. With products: whether it has them. Facts are applied
   * in the order of the log, so that whoever changed many in turn asks for the last ones.
   */
  status: operation({
    summary: 'What each search index knows',
    method: 'POST',
    path: '/search/status',
    access: 'service',
    idempotency: 'natural',
    input: z.strictObject({
      /** Published ones: of others search remembers nothing. */
      products: z
        .array(z.strictObject({ productId: Id, version: VersionInput }))
        .max(200)
        .default([]),
    }),
    output: z.object({ replicas: z.array(Replica) }),
  }),
  /** Answers that a cache gave again: they count as searches, too. */
  repeated: operation({
    summary: 'Count answers that a cache gave again',
    method: 'POST',
    path: '/search/repeated',
    access: 'service',
    status: 204,
    idempotency: 'none',
    bodyLimitBytes: 1024 * 1024,
    input: z.strictObject({
      items: z
        .array(z.strictObject({ searchId: SearchId, times: z.int().min(1).max(1_000_000) }))
        .min(1)
        .max(500),
    }),
    output: z.null(),
  }),
})

/** The ranking test that runs now, for whoever must tell answers of one ranking from those of another. */
const RunningTest = z.object({ testId: Id, sharePercent: z.int() })

/** Settings, rules or ranking tests are others now. */
export const SearchSettingsChanged = event({
  name: 'search.settings-changed',
  version: 1,
  payload: z.object({ test: RunningTest.nullable() }),
  key: () => 'settings',
})

/** Every process is to read something again: how much was sold, what is popular, or everything. */
export const SearchRefreshRequested = event({
  name: 'search.refresh-requested',
  version: 1,
  payload: z.object({
    what: z.enum(['signals', 'documents']),
    /** Only this one has lost its index; the others have nothing to read. */
    replicaId: Id.optional(),
  }),
  key: (e) => e.what,
})

/** Every process is asked what it knows; it answers in the service's table. */
export const SearchStatusRequested = event({
  name: 'search.status-requested',
  version: 1,
  payload: z.object({ askId: Id, products: z.array(z.object({ productId: Id, version: z.int() })) }),
  key: (e) => e.askId,
})

/**
 * Which ranking a visitor sees: the same one for the whole test in every process, and another draw in each test. Whoever caches
 * answers keeps them apart by this, not by the visitor.
 */
export function rankingVariant(
  test: z.output<typeof RunningTest> | null,
  visitor: string | undefined,
): z.output<typeof Variant> {
  if (!test || visitor === undefined) return 'default'
  return hash(`${test.testId}/${visitor}`) % 100 < test.sharePercent ? 'challenger' : 'default'
}

/** FNV-1a with MurmurHash3's finaliser, which spreads what FNV leaves alike: 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
