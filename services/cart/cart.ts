import { Rejection } from '@stoa/contract'
import { MAX_LINES, MAX_QUANTITY } from '@stoa/contracts/cart'
import { AmountMinor, moneyInWords } from '@stoa/contracts/money'

/** A line as the shopper saw it last. */
export type Line = {
  readonly lineId: string
  readonly sku: string
  readonly productId: string
  readonly productSlug: string
  readonly name: string
  readonly options: Readonly<Record<string, string>>
  readonly quantity: number
  readonly unitPriceMinor: number
}

/** What the shop sells right now, of the SKUs that were asked about. */
export type Shop = {
  readonly currency: string
  /** By SKU. One that is not here is not sold, or not in this currency. */
  readonly offers: ReadonlyMap<string, Offer>
  readonly available: ReadonlyMap<string, number>
}
/** The price is that of one piece; `tiers` say what a piece costs from other quantities on, ascending. */
export type Offer = Omit<Line, 'lineId' | 'quantity'> & {
  readonly tiers: readonly { readonly minQuantity: number; readonly amountMinor: number }[]
}

export type Notice = { readonly sku: string; readonly code: NoticeCode; readonly message: string }
export type NoticeCode =
  | 'price-raised'
  | 'price-lowered'
  | 'not-sold'
  | 'sold-out'
  | 'few-left'
  | 'quantity-cut'
  | 'not-moved'

export type Told = { readonly lines: readonly Line[]; readonly notices: readonly Notice[] }

/**
 * Brings lines to today's prices and descriptions, and says what the shopper should know. What is not sold any more stays, not
 * available, until the shopper takes it out. A price is told once, for then it is the price that was seen; scarcity as long as it lasts.
 */
export function recheck(lines: readonly Line[], shop: Shop): Told {
  const notices: Notice[] = []
  const rechecked = lines.map((line) => {
    const offer = shop.offers.get(line.sku)
    if (!offer) {
      notices.push({ sku: line.sku, code: 'not-sold', message: `"${line.name}" is no longer sold.` })
      return line
    }
    const { currency } = shop
    const unitPriceMinor = unitPriceAt(offer, line.quantity)
    if (unitPriceMinor !== line.unitPriceMinor) {
      const now = moneyInWords({ amountMinor: unitPriceMinor, currency })
      const was = moneyInWords({ amountMinor: line.unitPriceMinor, currency })
      notices.push({
        sku: line.sku,
        code: unitPriceMinor > line.unitPriceMinor ? 'price-raised' : 'price-lowered',
        message: `"${offer.name}" now costs ${now} (was ${was}).`,
      })
    }
    const left = availableOf(shop, line.sku)
    if (left === 0) notices.push({ sku: line.sku, code: 'sold-out', message: `"${offer.name}" is sold out.` })
    else if (left < line.quantity)
      notices.push({
        sku: line.sku,
        code: 'few-left',
        message: `Only ${left} of "${offer.name}" ${left === 1 ? 'is' : 'are'} left.`,
      })
    return sold(offer, line)
  })
  return { lines: rechecked, notices }
}

/** Whether the shop can sell all that a line asks for. */
export const isAvailable = ({ sku, quantity }: Line, shop: Shop): boolean =>
  shop.offers.has(sku) && availableOf(shop, sku) >= quantity

/** More of an item that is there adds up. Throws SKU_NOT_SOLD, OUT_OF_STOCK, QUANTITY_LIMIT. */
export function addLine(
  lines: readonly Line[],
  { sku, quantity, lineId }: { sku: string; quantity: number; lineId: string },
  shop: Shop,
): readonly Line[] {
  const offer = shop.offers.get(sku)
  if (!offer) throw new Rejection('SKU_NOT_SOLD')
  const line = lines.find((one) => one.sku === sku)
  const more = sold(offer, {
    lineId: line?.lineId ?? lineId,
    quantity: (line?.quantity ?? 0) + quantity,
  })
  assertInStock(more, shop)
  const next = line ? lines.map((one) => (one === line ? more : one)) : [...lines, more]
  assertFits(next)
  return next
}

/** Throws LINE_NOT_FOUND, OUT_OF_STOCK, QUANTITY_LIMIT. Fewer than before is always allowed. */
export function changeLine(
  lines: readonly Line[],
  { lineId, quantity }: { lineId: string; quantity: number },
  shop: Shop,
): readonly Line[] {
  const line = lines.find((one) => one.lineId === lineId)
  if (!line) throw new Rejection('LINE_NOT_FOUND')
  if (quantity === line.quantity) return lines
  const offer = shop.offers.get(line.sku)
  const changed = offer ? sold(offer, { lineId, quantity }) : { ...line, quantity }
  const next = lines.map((one) => (one === line ? changed : one))
  if (quantity > line.quantity) {
    assertInStock(changed, shop)
    assertFits(next)
  }
  return next
}

/** One that is not there is removed already. */
export const removeLine = (lines: readonly Line[], lineId: string): readonly Line[] =>
  lines.some((line) => line.lineId === lineId) ? lines.filter((line) => line.lineId !== lineId) : lines

/**
 * Adds a guest's lines to a customer's: quantities add up to the limit. What had to be cut, or has no price in the customer's currency,
 * is said. Nothing is refused: the shopper has just signed in and asked for nothing else.
 */
export function mergeLines(
  own: readonly Line[],
  guest: readonly Line[],
  { shop, sameCurrency }: { shop: Shop; sameCurrency: boolean },
): Told {
  const notices: Notice[] = []
  const lines = [...own]
  for (const moved of guest) {
    const offer = shop.offers.get(moved.sku)
    const name = offer?.name ?? moved.name
    const cut = (code: NoticeCode, message: string) => notices.push({ sku: moved.sku, code, message })
    const index = lines.findIndex((one) => one.sku === moved.sku)
    const there = lines[index]
    if (there) {
      const wanted = there.quantity + moved.quantity
      const merged = withQuantity(there, Math.min(wanted, MAX_QUANTITY), offer)
      if (!isPayable(lines.with(index, merged))) {
        cut('not-moved', `No more of "${name}" fit into the cart.`)
        continue
      }
      if (wanted > MAX_QUANTITY)
        cut('quantity-cut', `The cart holds ${MAX_QUANTITY} of "${name}", not ${wanted}: that is the most.`)
      lines[index] = merged
    } else if (!offer && !sameCurrency) {
      cut('not-moved', `"${name}" is not sold in ${shop.currency}.`)
    } else if (lines.length >= MAX_LINES || !isPayable([...lines, offer ? sold(offer, moved) : moved])) {
      cut('not-moved', `"${name}" does not fit into the cart: it is full.`)
    } else {
      // A price that changed is told by `recheck`, when both are in one currency.
      lines.push(sameCurrency || !offer ? moved : sold(offer, moved))
    }
  }
  return { lines, notices }
}

export const subtotalMinor = (lines: readonly Line[]): number =>
  lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0)

/** What one of so many costs. */
const unitPriceAt = ({ unitPriceMinor, tiers }: Offer, quantity: number): number =>
  tiers.findLast(({ minQuantity }) => minQuantity <= quantity)?.amountMinor ?? unitPriceMinor

/** A line of so many as the shop sells them now. */
function sold({ tiers, ...offer }: Offer, { lineId, quantity }: Pick<Line, 'lineId' | 'quantity'>): Line {
  return { ...offer, lineId, quantity, unitPriceMinor: unitPriceAt({ tiers, ...offer }, quantity) }
}

/** Another quantity at its own price; a price that was not seen yet is left to `recheck` to tell. */
function withQuantity(line: Line, quantity: number, offer: Offer | undefined): Line {
  const isSeen = offer && unitPriceAt(offer, line.quantity) === line.unitPriceMinor
  return { ...line, quantity, ...(isSeen && { unitPriceMinor: unitPriceAt(offer, quantity) }) }
}

const availableOf = (shop: Shop, sku: string): number => Math.max(0, shop.available.get(sku) ?? 0)

function assertInStock({ sku, quantity }: Line, shop: Shop): void {
  const available = shop.offers.has(sku) ? availableOf(shop, sku) : 0
  // A line that no cart may hold is told so, however much is in stock.
  if (quantity <= MAX_QUANTITY && quantity > available)
    throw new Rejection('OUT_OF_STOCK', { skus: [{ sku, available }] })
}

function assertFits(lines: readonly Line[]): void {
  if (lines.length > MAX_LINES || lines.some((line) => line.quantity > MAX_QUANTITY) || !isPayable(lines))
    throw new Rejection('QUANTITY_LIMIT', { maxQuantity: MAX_QUANTITY, maxLines: MAX_LINES })
}

/** An order's total is one amount. */
const isPayable = (lines: readonly Line[]): boolean => AmountMinor.safeParse(subtotalMinor(lines)).success
