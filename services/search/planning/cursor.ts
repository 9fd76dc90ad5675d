import { CURSOR_CHARACTERS, CursorRefused, type SearchRequest } from '../engines/engine.ts'
import { hashOf } from './compiled-settings.ts'
import type { Alternative, Group, Plan } from './plan.ts'

/** Where a page ended: what was shown last, and the plan to go on with. */
export type Place = {
  /** 0: none; else the place among the pinned, from 1. */
  readonly pin: number
  readonly key: number | string
  readonly productId: string
}

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

/** Not a secret: whoever writes one gets only what a search may show. It is checked because it may have been cut off on the way. */
export function writeCursor(request: SearchRequest, plan: Plan, place: Place): string {
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
  return Buffer.from(JSON.stringify(written)).toString('base64url')
}

export function readCursor(request: SearchRequest): { plan: Plan; place: Place } {
  const { after = '' } = request
  if (after.length > CURSOR_CHARACTERS) throw new CursorRefused('too long')
  let written: Written
  try {
    written = JSON.parse(Buffer.from(after, 'base64url').toString('utf8'))
    if (!isWritten(written)) throw new CursorRefused('not one of ours')
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

function isWritten(written: unknown): written is Written {
  if (!Array.isArray(written) || written.length !== 6) return false
  const [checked, pin, key, productId, groups, rest] = written
  const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
  return (
    isNumber(checked) &&
    isNumber(pin) &&
    (isNumber(key) || typeof key === 'string') &&
    typeof productId === 'string' &&
    Array.isArray(groups) &&
    groups.length <= 16 &&
    groups.every(
      (group) =>
        Array.isArray(group) &&
        typeof group[0] === 'string' &&
        isNumber(group[1]) &&
        isNumber(group[2]) &&
        Array.isArray(group[3]) &&
        group[3].length <= 16 &&
        group[3].every(
          (one: unknown) =>
            Array.isArray(one) && typeof one[0] === 'string' && isNumber(one[1]) && isNumber(one[2]),
        ),
    ) &&
    Array.isArray(rest) &&
    rest.length === 7 &&
    (rest[0] === null || typeof rest[0] === 'string') &&
    isNumber(rest[1]) &&
    isNumber(rest[2]) &&
    isNumber(rest[3]) &&
    isNumber(rest[4]) &&
    typeof rest[5] === 'string' &&
    Array.isArray(rest[6]) &&
    rest[6].length <= 40 &&
    rest[6].every((one: unknown) => typeof one === 'string')
  )
}

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
