import { invalidInput, type OutputOf, Rejection } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { Handles } from '../../context.ts'
import { findCandidates } from '../candidates.ts'
import { isListEntry, priceOf, type Rule } from '../price.ts'
import { currencyFaults } from '../price-list-faults.ts'
import { VERDICT_WORDS } from '../verdict-words.ts'

export const explainPrice: Handles<typeof product.operations.explainPrice> = async (input, ctx) => {
  const { quantity, currency = ctx.config.shopCurrency, customerGroup = null } = input
  const faults = currencyFaults(currency)
  if (faults.length > 0) throw invalidInput(...faults)
  const found = await findCandidates(ctx.query, input.sku)
  if (!found) throw new Rejection('SKU_NOT_FOUND')
  const at = input.at === undefined ? found.now : Date.parse(input.at)
  const priced = priceOf(found.candidates, { currency, customerGroup, quantity, at })
  return {
    sku: found.sku,
    variantId: found.variantId,
    currency,
    customerGroup,
    quantity,
    at: new Date(at).toISOString(),
    amountMinor: priced.amountMinor,
    compareAtMinor: priced.compareAtMinor,
    considered: priced.considered.map(({ rule, amountMinor, verdict }) => ({
      rule: toRule(rule),
      amountMinor,
      verdict,
      message: VERDICT_WORDS[verdict],
    })),
  }
}

type RuleOutput = OutputOf<typeof product.operations.explainPrice>['considered'][number]['rule']

function toRule(rule: Rule): RuleOutput {
  if (!isListEntry(rule)) return { kind: 'own-price', currency: rule.currency }
  const { priceListId, name, currency, customerGroup, priority, minQuantity } = rule
  return {
    kind: 'price-list',
    priceListId,
    name,
    currency,
    customerGroup,
    priority,
    startsAt: iso(rule.startsAtMs),
    endsAt: iso(rule.endsAtMs),
    minQuantity,
  }
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
