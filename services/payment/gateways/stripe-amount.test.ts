import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromStripeAmount, toStripeAmount } from './stripe-amount.ts'

const cases = [
  { currency: 'EUR', amountMinor: 1999, stripe: 1999, why: 'cents are cents' },
  { currency: 'JPY', amountMinor: 500, stripe: 500, why: 'yen are whole on both sides' },
  { currency: 'ISK', amountMinor: 1200, stripe: 120_000, why: 'krónur have two decimals in the API' },
  { currency: 'UGX', amountMinor: 7000, stripe: 700_000, why: 'shillings have two decimals in the API' },
  { currency: 'MGA', amountMinor: 500_000, stripe: 5_000, why: 'ariary have none in the API' },
  { currency: 'KWD', amountMinor: 12_340, stripe: 12_340, why: 'three decimals that end in 0' },
]

for (const { currency, amountMinor, stripe, why } of cases)
  test(`${amountMinor} minor units of ${currency} are ${stripe} for Stripe, and back: ${why}`, () => {
    assert.equal(toStripeAmount({ currency, amountMinor }), stripe)
    assert.deepEqual(fromStripeAmount({ currency: currency.toLowerCase(), amount: stripe }), {
      currency,
      amountMinor,
    })
  })

test('what the other side cannot express is never rounded', () => {
  assert.equal(toStripeAmount({ currency: 'KWD', amountMinor: 12_345 }), undefined)
  assert.equal(toStripeAmount({ currency: 'MGA', amountMinor: 50 }), undefined)
  assert.equal(fromStripeAmount({ currency: 'isk', amount: 1250 }), undefined)
})
