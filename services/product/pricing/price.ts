import type { PriceVerdict } from '@stoa/contracts/product-pricing'
import type { z } from 'zod'

/** All that may give a variant its price: its own prices, one per currency at most, and what lists say of it. */
export type Candidates = {
  readonly own: readonly OwnPrice[]
  readonly entries: readonly ListEntry[]
}
export type OwnPrice = {
  readonly currency: string
  readonly amountMinor: number
  readonly compareAtMinor: number | null
}
/** One step of the variant in a list, with what the list says of itself. Times are epoch milliseconds. */
export type ListEntry = {
  readonly priceListId: string
  readonly name: string
  readonly currency: string
  readonly customerGroup: string | null
  readonly priority: number
  readonly startsAtMs: number | null
  readonly endsAtMs: number | null
  readonly minQuantity: number
  readonly amountMinor: number
}

/** Who buys how many of it when. */
export type Purchase = {
  readonly currency: string
  readonly customerGroup: string | null
  readonly quantity: number
  /** Epoch milliseconds. */
  readonly at: number
}

export type Verdict = z.output<typeof PriceVerdict>
export type Rule = OwnPrice | ListEntry
export type Considered = { readonly rule: Rule; readonly amountMinor: number; readonly verdict: Verdict }

export type Priced = {
  /** Of one piece. Null: it is not sold in this currency. */
  readonly amountMinor: number | null
  readonly compareAtMinor: number | null
  /** What gave the price. */
  readonly rule: Rule | null
  /** Every candidate once: what gave the price first, then the others in the order in which they lost. */
  readonly considered: readonly Considered[]
}

/**
 * What one piece costs. The order of precedence:
 *
 * 1. A variant is sold in the currencies in which it has a price of its own, and in no other: lists change what it costs, not
 *    where it is sold.
 * 2. An entry of a list fits when the list has the currency, is for everyone or for the customer's group, has begun and is not
 *    over (`startsAt <= at < endsAt`), and the quantity reaches the entry's step.
 * 3. Of the entries that fit: one for the customer's group before one for everyone; then the higher priority; then the later
 *    start (no start is the earliest); then the higher step; then the lower amount; then the older list (by id).
 * 4. Without one that fits: the variant's own price.
 *
 * A list wins even when it is dearer than the own price: a group may have to pay more. The price that is struck through: the
 * own one when a list gives less than it, because that is what everybody else would pay; otherwise the own `compareAtMinor` where it is
 * still higher than the amount.
 *
 * Pure. The order of the candidates does not matter.
 */
export function priceOf(candidates: Candidates, purchase: Purchase): Priced {
  const own = candidates.own.find(({ currency }) => currency === purchase.currency)
  const fitting: ListEntry[] = []
  const unfit: Considered[] = []
  for (const entry of [...candidates.entries].sort(byPrecedence)) {
    const verdict = own ? misfit(entry, purchase) : 'not-sold-in-currency'
    if (verdict) unfit.push({ rule: entry, amountMinor: entry.amountMinor, verdict })
    else fitting.push(entry)
  }
  const foreign = candidates.own
    .filter((price) => price !== own)
    .map((rule): Considered => ({ rule, amountMinor: rule.amountMinor, verdict: 'other-currency' }))
  if (!own) return { amountMinor: null, compareAtMinor: null, rule: null, considered: [...unfit, ...foreign] }

  const winner = fitting[0]
  const rule = winner ?? own
  const { amountMinor } = rule
  return {
    amountMinor,
    compareAtMinor: compareAt(own, amountMinor),
    rule,
    considered: [
      ...fitting.map(
        (entry): Considered => ({
          rule: entry,
          amountMinor: entry.amountMinor,
          verdict: entry === winner ? 'won' : lostBecause(winner!, entry),
        }),
      ),
      { rule: own, amountMinor: own.amountMinor, verdict: winner ? 'list-goes-first' : 'won' },
      ...unfit,
      ...foreign,
    ],
  }
}

export const isListEntry = (rule: Rule): rule is ListEntry => 'priceListId' in rule

/** Where the price of a piece changes with the quantity: `amountMinor` each from `minQuantity` pieces on. */
export type Tier = { readonly minQuantity: number; readonly amountMinor: number }

/**
 * The prices of more than one piece, ascending by quantity: only where the price is another than that of one piece fewer. With the price
 * of one piece they say what any quantity costs. Empty when it is not sold in the currency.
 */
export function tiersOf({ own, entries }: Candidates, purchase: Omit<Purchase, 'quantity'>): Tier[] {
  const price = own.find(({ currency }) => currency === purchase.currency)
  if (!price) return []
  const fitting = entries
    .filter((entry) => !misfit(entry, { ...purchase, quantity: Number.POSITIVE_INFINITY }))
    .sort(byPrecedence)
  // As `priceOf` says, without the reasons: there may be 200 steps in 200 groups.
  const of = (quantity: number) =>
    (fitting.find(({ minQuantity }) => minQuantity <= quantity) ?? price).amountMinor
  let before = of(1)
  const tiers: Tier[] = []
  // The price is constant between steps, so the steps are all there is to look at.
  for (const minQuantity of steps(fitting)) {
    const amountMinor = of(minQuantity)
    if (amountMinor !== before) tiers.push({ minQuantity, amountMinor })
    before = amountMinor
  }
  return tiers
}

const steps = (entries: readonly ListEntry[]): number[] =>
  [...new Set(entries.map(({ minQuantity }) => minQuantity))].filter((step) => step > 1).sort((a, b) => a - b)

/** Why an entry does not fit, the first reason in the order of the rule. */
function misfit(entry: ListEntry, { currency, customerGroup, quantity, at }: Purchase): Verdict | undefined {
  if (entry.currency !== currency) return 'other-currency'
  if (entry.customerGroup !== null && entry.customerGroup !== customerGroup) return 'other-group'
  if (entry.startsAtMs !== null && entry.startsAtMs > at) return 'not-started'
  if (entry.endsAtMs !== null && entry.endsAtMs <= at) return 'ended'
  if (entry.minQuantity > quantity) return 'quantity-too-low'
  return undefined
}

/** Rule 3: each comparison is negative when `a` goes first; the verdict is what the other one hears. */
const PRECEDENCE: readonly {
  readonly verdict: Verdict
  readonly compare: (a: ListEntry, b: ListEntry) => number
}[] = [
  {
    verdict: 'for-everyone',
    compare: (a, b) => Number(a.customerGroup === null) - Number(b.customerGroup === null),
  },
  { verdict: 'lower-priority', compare: (a, b) => b.priority - a.priority },
  {
    verdict: 'earlier-start',
    compare: (a, b) => order(b.startsAtMs ?? -Infinity, a.startsAtMs ?? -Infinity),
  },
  { verdict: 'lower-tier', compare: (a, b) => b.minQuantity - a.minQuantity },
  { verdict: 'higher-amount', compare: (a, b) => a.amountMinor - b.amountMinor },
  { verdict: 'newer-list', compare: (a, b) => order(a.priceListId, b.priceListId) },
]

const byPrecedence = (a: ListEntry, b: ListEntry): number => {
  for (const { compare } of PRECEDENCE) {
    const difference = compare(a, b)
    if (difference !== 0) return difference
  }
  return 0
}

const lostBecause = (winner: ListEntry, loser: ListEntry): Verdict =>
  PRECEDENCE.find(({ compare }) => compare(winner, loser) !== 0)?.verdict ?? 'newer-list'

const compareAt = (own: OwnPrice, amountMinor: number): number | null => {
  if (amountMinor < own.amountMinor) return own.amountMinor
  return own.compareAtMinor !== null && own.compareAtMinor > amountMinor ? own.compareAtMinor : null
}

const order = <T extends number | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)
