import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addLine, changeLine, isAvailable, mergeLines, recheck, removeLine, subtotalMinor } from './cart.ts'
import { aLine, aShop } from './testing.ts'

const lineId = '019a0000-0000-7000-8000-00000000000f'
const mug = aLine({ sku: 'MUG', name: 'Mug', quantity: 2 })

describe('adding', () => {
  it('puts an item at the end, at the price of now', () => {
    const shop = aShop([{ sku: 'MUG' }, { sku: 'DESK', unitPriceMinor: 14_900 }])
    const lines = addLine([mug], { sku: 'DESK', quantity: 1, lineId }, shop)
    assert.deepEqual(
      lines.map(({ sku, quantity, unitPriceMinor }) => [sku, quantity, unitPriceMinor]),
      [
        ['MUG', 2, 1000],
        ['DESK', 1, 14_900],
      ],
    )
    assert.equal(subtotalMinor(lines), 16_900)
  })

  it('more of what is there adds up in its own line', () => {
    const lines = addLine([mug], { sku: 'MUG', quantity: 3, lineId }, aShop([{ sku: 'MUG' }]))
    assert.deepEqual(
      lines.map((line) => [line.lineId, line.quantity]),
      [[mug.lineId, 5]],
    )
  })

  it('is refused for what is not sold, whatever is in stock', () => {
    const shop = { ...aShop([]), available: new Map([['MUG', 9]]) }
    assert.throws(() => addLine([], { sku: 'MUG', quantity: 1, lineId }, shop), { code: 'SKU_NOT_SOLD' })
  })

  it('is refused beyond what is in stock, with how many there are', () => {
    const shop = aShop([{ sku: 'MUG', available: 4 }])
    assert.throws(() => addLine([mug], { sku: 'MUG', quantity: 3, lineId }, shop), {
      code: 'OUT_OF_STOCK',
      data: { skus: [{ sku: 'MUG', available: 4 }] },
    })
  })

  it('is refused beyond 99 of an item, 100 lines, or what one amount can hold', () => {
    const limit = { code: 'QUANTITY_LIMIT', data: { maxQuantity: 99, maxLines: 100 } }
    const plenty = aShop([{ sku: 'MUG', available: 1_000 }])
    assert.throws(() => addLine([mug], { sku: 'MUG', quantity: 98, lineId }, plenty), limit)
    const full = Array.from({ length: 100 }, (_, index) => aLine({ sku: `A${index}` }))
    assert.throws(() => addLine(full, { sku: 'MUG', quantity: 1, lineId }, plenty), limit)
    const dear = aShop([{ sku: 'MUG', unitPriceMinor: 99_999_999_999 }])
    assert.equal(addLine([], { sku: 'MUG', quantity: 1, lineId }, dear).length, 1)
    assert.throws(() => addLine([], { sku: 'MUG', quantity: 2, lineId }, dear), limit)
  })
})

describe('changing', () => {
  const shop = aShop([{ sku: 'MUG', available: 3 }])

  it('sets the quantity', () => {
    assert.equal(changeLine([mug], { lineId: mug.lineId, quantity: 3 }, shop)[0]!.quantity, 3)
  })

  it('to more than there is is refused, to fewer never', () => {
    assert.throws(() => changeLine([mug], { lineId: mug.lineId, quantity: 4 }, shop), {
      code: 'OUT_OF_STOCK',
    })
    const many = aLine({ sku: 'MUG', quantity: 9 })
    assert.equal(changeLine([many], { lineId: many.lineId, quantity: 5 }, shop)[0]!.quantity, 5)
  })

  it('more of what is no longer sold is refused as none available', () => {
    assert.throws(() => changeLine([mug], { lineId: mug.lineId, quantity: 3 }, aShop([])), {
      code: 'OUT_OF_STOCK',
      data: { skus: [{ sku: 'MUG', available: 0 }] },
    })
  })

  it('a line that is not there is refused; removing it is not', () => {
    assert.throws(() => changeLine([mug], { lineId, quantity: 1 }, shop), { code: 'LINE_NOT_FOUND' })
    assert.deepEqual(removeLine([mug], lineId), [mug])
    assert.deepEqual(removeLine([mug], mug.lineId), [])
  })
})

describe('a recheck', () => {
  it('says nothing when nothing changed', () => {
    const shop = aShop([{ sku: 'MUG', name: 'Mug' }])
    assert.deepEqual(recheck([mug], shop), { lines: [mug], notices: [] })
  })

  it('says in words that a price went up or down, once', () => {
    for (const [unitPriceMinor, code, now] of [
      [1250, 'price-raised', '12.50'],
      [999, 'price-lowered', '9.99'],
    ] as const) {
      const shop = aShop([{ sku: 'MUG', name: 'Mug', unitPriceMinor }])
      const first = recheck([mug], shop)
      assert.deepEqual(first.notices, [
        { sku: 'MUG', code, message: `"Mug" now costs ${now} EUR (was 10.00 EUR).` },
      ])
      assert.equal(first.lines[0]!.unitPriceMinor, unitPriceMinor)
      assert.deepEqual(recheck(first.lines, shop).notices, [])
    }
  })

  it('keeps what is no longer sold, as not available, and says so', () => {
    const shop = aShop([])
    const { lines, notices } = recheck([mug], shop)
    assert.deepEqual(lines, [mug])
    assert.equal(isAvailable(mug, shop), false)
    assert.deepEqual(notices, [{ sku: 'MUG', code: 'not-sold', message: '"Mug" is no longer sold.' }])
  })

  it('says how many are left when they are too few', () => {
    const notice = (available: number) =>
      recheck([mug], aShop([{ sku: 'MUG', name: 'Mug', available }])).notices.map(({ message }) => message)
    assert.deepEqual(notice(0), ['"Mug" is sold out.'])
    assert.deepEqual(notice(1), ['Only 1 of "Mug" is left.'])
    assert.deepEqual(notice(2), [])
  })
})

describe('the price of many', () => {
  const shop = aShop([
    { sku: 'MUG', name: 'Mug', available: 500, tiers: [{ minQuantity: 10, amountMinor: 800 }] },
  ])
  const line = (quantity: number) => aLine({ sku: 'MUG', name: 'Mug', quantity })
  const unitPriceMinor = ([first]: readonly { unitPriceMinor: number }[]) => first?.unitPriceMinor

  it('is had from its quantity on, by adding and by changing, and lost again below it', () => {
    assert.equal(unitPriceMinor(addLine([], { sku: 'MUG', quantity: 9, lineId }, shop)), 1000)
    assert.equal(unitPriceMinor(addLine([], { sku: 'MUG', quantity: 10, lineId }, shop)), 800)
    const ten = addLine([line(9)], { sku: 'MUG', quantity: 1, lineId }, shop)
    assert.equal(unitPriceMinor(ten), 800)
    assert.equal(subtotalMinor(ten), 8000)
    const at = { lineId: ten[0]!.lineId }
    assert.equal(unitPriceMinor(changeLine(ten, { ...at, quantity: 11 }, shop)), 800)
    assert.equal(unitPriceMinor(changeLine(ten, { ...at, quantity: 9 }, shop)), 1000)
  })

  it('is told when it changed for the quantity in the cart, and not when it is of another', () => {
    assert.deepEqual(recheck([line(9)], shop).notices, [])
    const [notice] = recheck([line(10)], shop).notices
    assert.equal(notice?.message, '"Mug" now costs 8.00 EUR (was 10.00 EUR).')
  })

  it('is had by two carts together without being told as a change', () => {
    const { lines } = mergeLines([line(5)], [line(6)], { shop, sameCurrency: true })
    assert.equal(unitPriceMinor(lines), 800)
    assert.deepEqual(recheck(lines, shop).notices, [])
  })
})

describe('merging', () => {
  const shop = aShop([
    { sku: 'MUG', name: 'Mug', available: 500 },
    { sku: 'DESK', name: 'Desk' },
  ])
  const merge = (own: Parameters<typeof mergeLines>[0], guest: typeof own, sameCurrency = true) =>
    mergeLines(own, guest, { shop, sameCurrency })

  it('adds quantities up and keeps what either side had', () => {
    const desk = aLine({ sku: 'DESK', name: 'Desk' })
    const { lines, notices } = merge([mug], [aLine({ sku: 'MUG', quantity: 3 }), desk])
    assert.deepEqual(
      lines.map(({ sku, quantity }) => [sku, quantity]),
      [
        ['MUG', 5],
        ['DESK', 1],
      ],
    )
    assert.deepEqual(notices, [])
  })

  it('cuts to the limit and says so', () => {
    const { lines, notices } = merge([mug], [aLine({ sku: 'MUG', quantity: 98 })])
    assert.equal(lines[0]!.quantity, 99)
    assert.deepEqual(notices, [
      {
        sku: 'MUG',
        code: 'quantity-cut',
        message: 'The cart holds 99 of "Mug", not 100: that is the most.',
      },
    ])
  })

  it('leaves out, and says, what does not fit or has no price in the currency of the cart', () => {
    const full = Array.from({ length: 100 }, (_, index) => aLine({ sku: `A${index}` }))
    const desk = aLine({ sku: 'DESK', name: 'Desk' })
    assert.deepEqual(
      merge(full, [desk]).notices.map(({ code }) => code),
      ['not-moved'],
    )
    const lamp = aLine({ sku: 'LAMP', name: 'Lamp' })
    const { lines, notices } = merge([], [lamp, desk], false)
    assert.deepEqual(
      lines.map(({ sku }) => sku),
      ['DESK'],
    )
    assert.deepEqual(notices, [{ sku: 'LAMP', code: 'not-moved', message: '"Lamp" is not sold in EUR.' }])
  })
})
