import { isDeepStrictEqual } from 'node:util'
import type { ProductState, VariantState } from './stored-product.ts'

/** Whether nothing of a product differs but what its variants cost, each in the same currencies as before. */
export function onlyPricesDiffer(before: ProductState, after: ProductState): boolean {
  const { variants: old, ...rest } = before
  const { variants: changed, ...others } = after
  return (
    old.length === changed.length &&
    isDeepStrictEqual(rest, { ...rest, ...others }) &&
    isDeepStrictEqual(old.map(withoutAmounts), changed.map(withoutAmounts)) &&
    !isDeepStrictEqual(old, changed)
  )
}

const withoutAmounts = ({ prices, ...variant }: VariantState) => ({
  ...variant,
  // Nobody but staff sees it.
  cost: null,
  currencies: prices.map(({ currency }) => currency).sort(),
})
