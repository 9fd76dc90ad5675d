import { type Candidates, isListEntry, type ListEntry, priceOf, type Tier, tiersOf } from './price.ts'

/** What readers see of a variant in one currency: a row of `effective_prices`. */
export type EffectivePrice = {
  readonly currency: string
  /** '' is everyone. */
  readonly customerGroup: string
  readonly amountMinor: number
  readonly compareAtMinor: number | null
  readonly priceListId: string | null
  readonly tiers: readonly Tier[]
}

/**
 * What a variant costs at a time, for everyone and for each group that sees something else: who is in a group without a row
 * takes that of everyone.
 */
export function effectivePrices(candidates: Candidates, at: number): EffectivePrice[] {
  return candidates.own.flatMap((own) => {
    const { currency } = own
    const forEveryone: ListEntry[] = []
    const byGroup = new Map<string, ListEntry[]>()
    for (const entry of candidates.entries) {
      if (entry.currency !== currency) continue
      if (entry.customerGroup === null) forEveryone.push(entry)
      else byGroup.set(entry.customerGroup, [...(byGroup.get(entry.customerGroup) ?? []), entry])
    }
    const everyone = effectivePrice({ own: [own], entries: forEveryone }, { currency, customerGroup: '', at })
    const others = [...byGroup]
      .map(([customerGroup, entries]) =>
        effectivePrice(
          { own: [own], entries: [...entries, ...forEveryone] },
          { currency, customerGroup, at },
        ),
      )
      .filter((price) => !looksLike(price, everyone))
    return [everyone, ...others]
  })
}

function effectivePrice(
  candidates: Candidates,
  { currency, customerGroup, at }: { currency: string; customerGroup: string; at: number },
): EffectivePrice {
  const who = { currency, customerGroup: customerGroup || null, at }
  const { amountMinor, compareAtMinor, rule } = priceOf(candidates, { ...who, quantity: 1 })
  return {
    currency,
    customerGroup,
    amountMinor: amountMinor!,
    compareAtMinor,
    priceListId: rule && isListEntry(rule) ? rule.priceListId : null,
    tiers: tiersOf(candidates, who),
  }
}

const looksLike = (a: EffectivePrice, b: EffectivePrice): boolean =>
  a.amountMinor === b.amountMinor &&
  a.compareAtMinor === b.compareAtMinor &&
  a.tiers.length === b.tiers.length &&
  a.tiers.every(
    ({ minQuantity, amountMinor }, index) =>
      b.tiers[index]!.minQuantity === minQuantity && b.tiers[index]!.amountMinor === amountMinor,
  )
