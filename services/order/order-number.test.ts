import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newOrderNumber, readOrderNumber } from './order-number.ts'

describe("an order's number", () => {
  it('is S and eight digits that are not taken for one another', () => {
    for (let index = 0; index < 500; index += 1)
      assert.match(newOrderNumber(), /^S-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/)
  })

  it('is random', () => {
    assert.equal(new Set(Array.from({ length: 5_000 }, newOrderNumber)).size, 5_000)
  })

  it('is read however it was typed', () => {
    for (let index = 0; index < 500; index += 1) {
      const number = newOrderNumber()
      const spoken = number.replaceAll('0', 'o').replaceAll('1', index % 2 ? 'l' : 'I')
      for (const typed of [
        number,
        number.toLowerCase(),
        spoken,
        number.replaceAll('-', ''),
        number.slice(2),
        ` ${number} `,
        number.replaceAll('-', ' '),
      ])
        assert.equal(readOrderNumber(typed), number, typed)
    }
  })

  it('is not read when one digit is wrong', () => {
    const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
    for (let index = 0; index < 100; index += 1) {
      const number = newOrderNumber()
      for (const at of [2, 3, 4, 5, 7, 8, 9, 10])
        for (const digit of digits)
          if (digit !== number[at])
            assert.equal(readOrderNumber(number.slice(0, at) + digit + number.slice(at + 1)), undefined)
    }
  })

  it('is not read from anything else', () => {
    for (const typed of ['', 'S-', 'S-7K3M-92Q', 'S-7K3M-92QXX', 'U-7K3M-92QU', '\u{1f600}', "'; drop table"])
      assert.equal(readOrderNumber(typed), undefined, typed)
  })
})
