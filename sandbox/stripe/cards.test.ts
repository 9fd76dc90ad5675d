import assert from 'node:assert/strict'
import { test } from 'node:test'
import { behaviourOf, passesLuhn, TEST_CARDS, testCardNamed } from './cards.ts'

test('every test card has a right check digit, and its neighbour has not', () => {
  assert.ok(TEST_CARDS.size > 30)
  for (const [number] of TEST_CARDS) {
    assert.ok(passesLuhn(number), number)
    const neighbour = number.slice(0, -1) + ((Number(number.at(-1)) + 1) % 10)
    assert.ok(!passesLuhn(neighbour), neighbour)
  }
})

test('a ready-made payment method is the card that Stripe documents for it', () => {
  assert.equal(testCardNamed('pm_card_visa'), '4242424242424242')
  assert.equal(testCardNamed('pm_card_chargeDeclined'), '4000000000000002')
  assert.equal(testCardNamed('pm_card_none'), undefined)
})

test('a card that is not in the table is a live card, and declined as one', () => {
  assert.equal(behaviourOf('5454545454545454').decline, 'test_mode_live_card')
  assert.equal(behaviourOf('5454545454545454').brand, 'mastercard')
})
