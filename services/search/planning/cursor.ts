import { CURSOR_CHARACTERS, CursorRefused, type SearchRequest } from '../engines/engine.ts'
import { hashOf } from './compiled-settings.ts'
import { ALTERNATIVES, type Alternative, GROUPS, type Group, MOST_IDF, type Plan, TERMS } from './plan.ts'

/** Where a page ended: what was shown last, and the plan to go on with. */
export type Place = {
  /** 0: none; else the place among the pinned, from 1. */
  readonly pin: number
  readonly key: number | string
  readonly productId: string
}

/** What a product without a price is sorted by, up and down: after all prices, in any engine, and a number that can be written in JSON. */
export const WITHOUT_PRICE = { up: Number.MAX_SAFE_INTEGER, down: -1 } as const
/** Between what any engine can go on by and what the engine that wrote it adds for itself; in neither of them. */
const OWN = '.'

/** Short names, because it travels in an address. */
type Written = readonly [
  check: number,
  pin: number,
  key: number | string,
  productId: string,
  groups: readonly (readonly [
    asked: string,
    idf: number,
    thing: number,
    alternatives: readonly (readonly [string, number, 0 | 1])[],
  ])[],
  rest: readonly [
    exact: string | null,
    required: number,
    kept: number,
    hour: number,
    settingsMark: number,
    ranking: string,
    dropped: readonly string[],
  ],
]

/**
 * Not a secret: whoever writes one gets only what a search may show. It is checked because it may have been cut off on the way, and because
 * an engine must not be asked what no query of ours would ask it.
 */
export function writeCursor(
  request: SearchRequest,
  plan: Plan,
  place: Place,
  /** Of use to the engine that writes it, and left out where it finds no room. */
  own?: string,
): string {
  const groups = plan.groups.map(
    ({ asked, idf, thing, alternatives }) =>
      [
        asked.slice(0, 16),
        idf,
        thing,
        alternatives.map(
          ({ terms, weight, adjacent }) => [terms.join(' '), weight, adjacent ? 1 : 0] as const,
        ),
      ] as const,
  )
  const written: Written = [
    check(request),
    place.pin,
    place.key,
    place.productId,
    groups,
    [plan.exact, plan.required, plan.kept, plan.hour, plan.settingsMark, plan.ranking, plan.dropped],
  ]
  const cursor = Buffer.from(JSON.stringify(written)).toString('base64url')
  if (own === undefined || cursor.length + OWN.length + own.length > CURSOR_CHARACTERS) return cursor
  return cursor + OWN + own
}

/** `own`: what the engine that wrote it has added; another one goes on without. */
export function readCursor(request: SearchRequest): { plan: Plan; place: Place; own: string | undefined } {
  const { after = '' } = request
  if (after.length > CURSOR_CHARACTERS) throw new CursorRefused('too long')
  const at = after.indexOf(OWN)
  const cursor = at < 0 ? after : after.slice(0, at)
  let written: Written
  try {
    written = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (!isWritten(written, request)) throw new CursorRefused('not one of ours')
  } catch (error) {
    throw error instanceof CursorRefused ? error : new CursorRefused('cannot be read')
  }
  const [
    checked,
    pin,
    key,
    productId,
    groups,
    [exact, required, kept, hour, settingsMark, ranking, dropped],
  ] = written
  if (checked !== check(request)) throw new CursorRefused('of another query')
  return {
    own: at < 0 ? undefined : after.slice(at + OWN.length),
    place: { pin, key, productId },
    plan: {
      groups: groups.map(
        ([asked, idf, thing, alternatives]): Group => ({
          asked,
          idf,
          thing,
          alternatives: alternatives.map(
            ([terms, weight, adjacent]): Alternative => ({
              terms: terms.split(' '),
              weight,
              adjacent: adjacent === 1,
            }),
          ),
        }),
      ),
      exact,
      required,
      kept,
      hour,
      settingsMark,
      ranking,
      correction: null,
      dropped,
    },
  }
}

function isWritten(written: unknown, { sort }: SearchRequest): written is Written {
  if (!Array.isArray(written) || written.length !== 6) return false
  const [checked, pin, key, productId, groups, rest] = written
  const isKey = sort === 'name' ? isText : isNumber
  return (
    isNumber(checked) &&
    isCount(pin) &&
    isKey(key) &&
    isText(productId) &&
    Array.isArray(groups) &&
    groups.length <= GROUPS &&
    groups.every(isGroup) &&
    groups.flatMap(([, , , alternatives]) => alternatives.flatMap(([terms]) => terms.split(' '))).length <=
      TERMS &&
    Array.isArray(rest) &&
    rest.length === 7 &&
    (rest[0] === null || isText(rest[0])) &&
    isShare(rest[1]) &&
    isCount(rest[2]) &&
    isNumber(rest[3]) &&
    isNumber(rest[4]) &&
    isText(rest[5]) &&
    Array.isArray(rest[6]) &&
    rest[6].length <= 40 &&
    rest[6].every(isText)
  )
}

function isGroup(group: unknown): group is Written[4][number] {
  if (!Array.isArray(group)) return false
  const [asked, idf, thing, alternatives] = group
  return (
    isText(asked) &&
    isNumber(idf) &&
    idf >= 0 &&
    idf <= MOST_IDF &&
    isShare(thing) &&
    Array.isArray(alternatives) &&
    alternatives.length <= ALTERNATIVES &&
    alternatives.every(
      (one: unknown) =>
        Array.isArray(one) && isText(one[0]) && isShare(one[1]) && (one[2] === 0 || one[2] === 1),
    )
  )
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isShare = (value: unknown): value is number => isNumber(value) && value >= 0 && value <= 1

/** Of what must not change from page to page. */
function check({ query, filters, sort, currency }: SearchRequest): number {
  return hashOf(JSON.stringify([query, sort, currency, sorted(filters)]))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, one]) => [key, sorted(one)])
}
