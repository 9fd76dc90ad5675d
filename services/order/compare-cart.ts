import { moneyInWords } from '@stoa/contracts/money'

type Seen = { readonly sku: string; readonly quantity: number; readonly unitPriceMinor: number }
type Offer = {
  readonly sku: string
  readonly productId: string
  readonly name: string
  readonly options: Readonly<Record<string, string>>
  readonly unitPriceMinor: number
}
export type Change = { readonly sku: string; readonly message: string }

/** A line as it is ordered. */
export type Line = Offer & { readonly lineId: string; readonly quantity: number; readonly totalMinor: number }

/**
 * Holds what the shopper saw against what the shop sells now. One currency for both. `changes` says in words what differs; an order is
 * placed only when nothing does.
 */
export function compareCart(
  seen: readonly Seen[],
  { offers, currency, newId }: { offers: readonly Offer[]; currency: string; newId: () => string },
): { readonly lines: readonly Line[]; readonly changes: readonly Change[] } {
  const bySku = new Map(offers.map((offer) => [offer.sku, offer]))
  const lines: Line[] = []
  const changes: Change[] = []
  for (const { sku, quantity, unitPriceMinor } of seen) {
    const offer = bySku.get(sku)
    if (!offer) {
      changes.push({ sku, message: `${sku} is no longer sold.` })
      continue
    }
    if (offer.unitPriceMinor !== unitPriceMinor) {
      const now = moneyInWords({ amountMinor: offer.unitPriceMinor, currency })
      const was = moneyInWords({ amountMinor: unitPriceMinor, currency })
      changes.push({ sku, message: `"${offer.name}" now costs ${now} (was ${was}).` })
    }
    const { productId, name, options } = offer
    lines.push({
      lineId: newId(),
      sku,
      productId,
      name,
      options,
      quantity,
      unitPriceMinor: offer.unitPriceMinor,
      totalMinor: offer.unitPriceMinor * quantity,
    })
  }
  return { lines, changes }
}

export const totalMinor = (lines: readonly Line[]): number =>
  lines.reduce((sum, line) => sum + line.totalMinor, 0)
