import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkDigit, isGtin } from './gtin.ts'

test('the examples of the GS1 General Specifications and numbers from real shelves are valid', () => {
  for (const gtin of ['6291041500213', '4006381333931', '73513537', '012345678905', '10614141000415'])
    assert.ok(isGtin(gtin), gtin)
})

test('every single wrong digit is found', () => {
  const gtin = '6291041500213'
  for (let place = 0; place < gtin.length; place += 1)
    for (let digit = 0; digit <= 9; digit += 1) {
      if (String(digit) === gtin[place]) continue
      const wrong = gtin.slice(0, place) + digit + gtin.slice(place + 1)
      assert.ok(!isGtin(wrong), wrong)
    }
})

test('only 8, 12, 13 or 14 digits make a GTIN', () => {
  for (const text of ['', '0', '1234567', '123456789', '62910415002130', '629104150021a', ' 6291041500213'])
    assert.ok(!isGtin(text), text)
})

test('the check digit is the same in the forms of 8, 12, 13 and 14 digits', () => {
  for (const width of [7, 11, 12, 13]) assert.equal(checkDigit('1234567'.padStart(width, '0')), 0)
})
