/**
 * Which warehouse serves an order. The rule, in order:
 *
 * 1. Lines of the same SKU are one line. When any line is more than all warehouses hold together, the order is refused.
 * 2. The first warehouse, by priority and then by code, that holds the whole order serves it alone: one parcel.
 * 3. Else each line for itself: from the first warehouse that holds the whole line;
 *    else from the fullest warehouses first (fewest parcels), equals by priority and then by code.
 *
 * Pure and deterministic: the same stock gives the same allocation in every process.
 */
export function allocate(lines: readonly Line[], stock: Stock): Allocation {
  const wanted = mergeLines(lines)
  const lacking = wanted.flatMap(({ sku, quantity }) => {
    const available = availableOf(stock, sku)
    return available < quantity ? [{ sku, available }] : []
  })
  if (lacking.length > 0) return { lines: undefined, lacking }
  return {
    lines: inOneParcel(wanted, stock) ?? wanted.flatMap((line) => split(line, shelvesOf(stock, line.sku))),
  }
}

/** The same rule where the goods are owed already: takes what is there, and tells what is not. */
export function allocateWhatIsThere(
  lines: readonly Line[],
  stock: Stock,
): { readonly lines: readonly AllocatedLine[]; readonly short: readonly Line[] } {
  const there: Line[] = []
  const short: Line[] = []
  for (const { sku, quantity } of mergeLines(lines)) {
    const found = Math.min(quantity, availableOf(stock, sku))
    if (found > 0) there.push({ sku, quantity: found })
    if (found < quantity) short.push({ sku, quantity: quantity - found })
  }
  return { lines: there.length > 0 ? allocate(there, stock).lines! : [], short }
}

export type Line = { readonly sku: string; readonly quantity: number }
export type AllocatedLine = { readonly warehouse: string; readonly sku: string; readonly quantity: number }
export type Lacking = { readonly sku: string; readonly available: number }

export type Allocation =
  | { readonly lines: readonly AllocatedLine[]; readonly lacking?: undefined }
  | { readonly lines: undefined; readonly lacking: readonly Lacking[] }

/** One SKU in one warehouse. */
export type Shelf = {
  readonly warehouse: string
  readonly priority: number
  readonly available: number
  readonly reorderPoint: number | null
}

/** The shelves of each SKU, each list in the order of `byPriority`. */
export type Stock = ReadonlyMap<string, readonly Shelf[]>

type Ranked = { readonly priority: number; readonly warehouse: string }

export const byPriority = (a: Ranked, b: Ranked): number =>
  a.priority - b.priority || (a.warehouse < b.warehouse ? -1 : a.warehouse > b.warehouse ? 1 : 0)

export const availableOf = (stock: Stock, sku: string): number =>
  shelvesOf(stock, sku).reduce((total, shelf) => total + shelf.available, 0)

const shelvesOf = (stock: Stock, sku: string): readonly Shelf[] => stock.get(sku) ?? []

/** One line per SKU, sorted by SKU. */
export function mergeLines(lines: readonly Line[]): readonly Line[] {
  if (lines.length === 1) return lines
  const quantities = new Map<string, number>()
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity)
  return [...quantities]
    .map(([sku, quantity]) => ({ sku, quantity }))
    .sort((a, b) => (a.sku < b.sku ? -1 : 1))
}

function inOneParcel(wanted: readonly Line[], stock: Stock): readonly AllocatedLine[] | undefined {
  const servable = new Map<string, number>()
  for (const { sku, quantity } of wanted)
    for (const { warehouse, available } of shelvesOf(stock, sku))
      if (available >= quantity) servable.set(warehouse, (servable.get(warehouse) ?? 0) + 1)
  // Whoever holds the whole order holds the first line, whose shelves are in order of priority.
  const whole = shelvesOf(stock, wanted[0]!.sku).find(
    ({ warehouse }) => servable.get(warehouse) === wanted.length,
  )
  return whole && wanted.map(({ sku, quantity }) => ({ warehouse: whole.warehouse, sku, quantity }))
}

function split({ sku, quantity }: Line, shelves: readonly Shelf[]): AllocatedLine[] {
  const whole = shelves.find(({ available }) => available >= quantity)
  if (whole) return [{ warehouse: whole.warehouse, sku, quantity }]
  const parts: AllocatedLine[] = []
  let missing = quantity
  for (const { warehouse, available } of shelves.toSorted(
    (a, b) => b.available - a.available || byPriority(a, b),
  )) {
    const part = Math.min(missing, available)
    if (part === 0) break
    parts.push({ warehouse, sku, quantity: part })
    missing -= part
  }
  return parts
}
