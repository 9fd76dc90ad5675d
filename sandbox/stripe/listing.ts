import type Stripe from 'stripe'
import type { FormTree } from './form.ts'
import { balanceTransactionOf } from './objects.ts'
import { readParameters } from './parameters.ts'
import { LIST_RULES } from './payment-rules.ts'
import type { EventRecord, Store } from './store.ts'
import { invalidRequest, noSuch } from './stripe-error.ts'

export type ListKind = keyof typeof LIST_RULES

type Listed = { id: string; created: number }
type Item = Listed & Record<string, unknown>

/** https://docs.stripe.com/api/pagination: newest first, ten unless `limit` (up to 100) says otherwise. */
export function list({ kind, store, form }: { kind: ListKind; store: Store; form: FormTree }): unknown {
  const {
    starting_after: after,
    ending_before: before,
    limit = 10,
    created,
    ...asked
  } = readParameters(form, { ...LIST_RULES.charges, ...LIST_RULES.refunds, ...LIST_RULES.events }, [])
  for (const name of Object.keys(form)) {
    if (!Object.hasOwn(LIST_RULES[kind], name)) {
      throw invalidRequest({
        code: 'parameter_unknown',
        message: `Received unknown parameter: ${name}`,
        param: name,
      })
    }
  }
  const matches = (item: Item): boolean =>
    within(item.created, created) &&
    (asked.payment_intent === undefined || item.payment_intent === asked.payment_intent) &&
    (asked.charge === undefined || item.charge === asked.charge) &&
    (asked.customer === undefined || item.customer === asked.customer) &&
    (asked.transfer_group === undefined || item.transfer_group === asked.transfer_group) &&
    (asked.type === undefined || item.type === asked.type) &&
    (asked.types === undefined || asked.types.includes(String(item.type)))
  const found = newestFirst({ kind, store }).filter(matches)
  const start = after === undefined ? 0 : positionOf(found, after, 'starting_after') + 1
  const end = before === undefined ? found.length : positionOf(found, before, 'ending_before')
  const from = before === undefined ? start : Math.max(start, end - limit)
  const page = found.slice(from, Math.min(end, from + limit))
  const hasMore = before === undefined ? start + limit < end : from > start
  return {
    object: 'list',
    data: page.map((item) => whole({ kind, item })),
    has_more: hasMore,
    url: `/v1/${kind}`,
  }
}

function newestFirst({ kind, store }: { kind: ListKind; store: Store }): Item[] {
  const items: readonly unknown[] =
    kind === 'payment_intents'
      ? [...store.all('intent')].map(({ intent }) => intent)
      : kind === 'charges'
        ? [...store.all('charge')]
        : kind === 'refunds'
          ? [...store.all('refund')]
          : [...store.all('event')]
  return (items as Item[]).toReversed()
}

function whole({ kind, item }: { kind: ListKind; item: Listed }): unknown {
  return kind === 'events' ? JSON.parse((item as unknown as EventRecord).text) : item
}

function within(
  value: number,
  range: { gt?: number | null; gte?: number | null; lt?: number | null; lte?: number | null } | undefined,
): boolean {
  if (range === undefined) return true
  return (
    (range.gt == null || value > range.gt) &&
    (range.gte == null || value >= range.gte) &&
    (range.lt == null || value < range.lt) &&
    (range.lte == null || value <= range.lte)
  )
}

function positionOf(items: Listed[], id: string, param: string): number {
  const position = items.findIndex((item) => item.id === id)
  if (position < 0)
    throw invalidRequest({ message: `No such object: '${id}'`, param, code: 'resource_missing' })
  return position
}

/** https://docs.stripe.com/api/expanding_objects: at most four levels deep. */
const MAX_DEPTH = 4

/** Replaces the ids at the named paths by what they name. */
export function expand({
  object,
  paths,
  store,
}: {
  object: unknown
  paths: readonly string[]
  store: Store
}): unknown {
  return paths.reduce((expanded, path) => {
    const steps = path.split('.')
    if (steps.length > MAX_DEPTH) {
      throw invalidRequest({
        message: `You cannot expand more than ${MAX_DEPTH} levels of a property`,
        param: 'expand',
      })
    }
    return expandAt({ value: expanded, steps, path, store })
  }, object)
}

function expandAt({
  value,
  steps,
  path,
  store,
}: {
  value: unknown
  steps: string[]
  path: string
  store: Store
}): unknown {
  const [step, ...rest] = steps
  if (step === undefined) return value
  if (Array.isArray(value)) return value.map((item) => expandAt({ value: item, steps, path, store }))
  if (typeof value !== 'object' || value === null) return value
  const inner = (value as Record<string, unknown>)[step]
  if (inner === null) return value
  const found = typeof inner === 'string' ? lookUp({ id: inner, store }) : inner
  if (found === undefined || typeof found !== 'object') {
    throw invalidRequest({ message: `This property cannot be expanded (${path}).`, param: 'expand' })
  }
  return { ...value, [step]: expandAt({ value: found, steps: rest, path, store }) }
}

function lookUp({ id, store }: { id: string; store: Store }): unknown {
  switch (id.slice(0, id.indexOf('_'))) {
    case 'pi':
      return store.get('intent', id)?.intent
    case 'ch':
      return store.get('charge', id)
    case 're':
      return store.get('refund', id)
    case 'pm':
      return store.get('method', id)?.method
    case 'txn':
      return balanceTransaction({ id, store })
    default:
      return undefined
  }
}

export function balanceTransaction({ id, store }: { id: string; store: Store }): Stripe.BalanceTransaction {
  const suffix = id.slice('txn_'.length)
  const source = store.get('charge', `ch_${suffix}`) ?? store.get('refund', `re_${suffix}`)
  if (source?.balance_transaction == null) throw noSuch({ kind: 'balance_transaction', id, param: 'id' })
  return balanceTransactionOf(source)
}
