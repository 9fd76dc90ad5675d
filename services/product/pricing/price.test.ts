import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withinOnce } from '@stoa/testing'
import fc from 'fast-check'
import { effectivePrices } from './effective-prices.ts'
import { type Candidates, isListEntry, type ListEntry, type Purchase, priceOf, tiersOf } from './price.ts'
import { VERDICT_WORDS } from './verdict-words.ts'

const NOON = Date.UTC(2026, 5, 1, 12)
const HOUR = 3_600_000

const anEntry = (values: Partial<ListEntry> = {}): ListEntry => ({
  priceListId: '019a0000-0000-7000-8000-00000000000a',
  name: 'List',
  currency: 'EUR',
  customerGroup: null,
  priority: 0,
  startsAtMs: null,
  endsAtMs: null,
  minQuantity: 1,
  amountMinor: 900,
  ...values,
})
const OWN = { currency: 'EUR', amountMinor: 1000, compareAtMinor: null }
const oneForMe: Purchase = { currency: 'EUR', customerGroup: 'club', quantity: 1, at: NOON }
const price = (entries: readonly ListEntry[], purchase: Partial<Purchase> = {}, own = [OWN]) =>
  priceOf({ own, entries }, { ...oneForMe, ...purchase })
const id = (digit: string) => `019a0000-0000-7000-8000-00000000000${digit}`

describe('what fits', () => {
  const FITS: [string, Partial<ListEntry>, Partial<Purchase>, string][] = [
    ['a list in the currency', {}, {}, 'won'],
    ['not a list in another currency', { currency: 'USD' }, {}, 'other-currency'],
    ["a list for the customer's group", { customerGroup: 'club' }, {}, 'won'],
    ['not a list for another group', { customerGroup: 'staff' }, {}, 'other-group'],
    [
      'for a guest, not a list for a group',
      { customerGroup: 'club' },
      { customerGroup: null },
      'other-group',
    ],
    ['for a guest, a list for everyone', {}, { customerGroup: null }, 'won'],
    ['a list from the moment of its start on', { startsAtMs: NOON }, {}, 'won'],
    ['not a list a millisecond before', { startsAtMs: NOON + 1 }, {}, 'not-started'],
    ['a list until a millisecond before its end', { endsAtMs: NOON + 1 }, {}, 'won'],
    ['not a list at its end', { endsAtMs: NOON }, {}, 'ended'],
    ['a step that the quantity reaches', { minQuantity: 10 }, { quantity: 10 }, 'won'],
    ['not a step that it does not', { minQuantity: 10 }, { quantity: 9 }, 'quantity-too-low'],
  ]
  for (const [sentence, entry, purchase, verdict] of FITS)
    test(sentence, () => {
      const { amountMinor, considered } = price([anEntry(entry)], purchase)
      assert.equal(considered.find(({ rule }) => isListEntry(rule))?.verdict, verdict)
      assert.equal(amountMinor, verdict === 'won' ? 900 : 1000)
    })
})

describe('of two lists that fit', () => {
  // The winner is dearer wherever the amount is not what decides, and the newer list wherever the age is not.
  const older = { priceListId: id('a'), amountMinor: 900 }
  const newer = { priceListId: id('b'), amountMinor: 950 }
  const WINS: [string, Partial<ListEntry>, Partial<ListEntry>, string][] = [
    [
      "the customer's group goes before everyone, whatever the priority",
      { ...newer, customerGroup: 'club' },
      { ...older, priority: 9 },
      'for-everyone',
    ],
    [
      'the higher priority goes first, whenever they began',
      { ...newer, priority: 2 },
      { ...older, priority: 1, startsAtMs: NOON - 1 },
      'lower-priority',
    ],
    [
      'the later start goes first, whatever the step',
      { ...newer, startsAtMs: NOON - HOUR },
      { ...older, startsAtMs: NOON - 2 * HOUR, minQuantity: 5 },
      'earlier-start',
    ],
    [
      'any start is later than none',
      { ...newer, startsAtMs: 0 },
      { ...older, startsAtMs: null },
      'earlier-start',
    ],
    [
      'the higher step goes first, even when it is dearer',
      { ...newer, minQuantity: 5 },
      { ...older, minQuantity: 2 },
      'lower-tier',
    ],
    ['the lower amount goes first', { ...newer, amountMinor: 800 }, { ...older }, 'higher-amount'],
    ['the older list goes first', { ...older }, { ...newer, amountMinor: 900 }, 'newer-list'],
  ]
  for (const [sentence, winner, loser, verdict] of WINS)
    test(sentence, () => {
      const entries = [anEntry(winner), anEntry(loser)]
      for (const order of [entries, entries.toReversed()]) {
        const { rule, amountMinor, considered } = price(order, { quantity: 5 })
        assert.deepEqual(rule, entries[0])
        assert.equal(amountMinor, winner.amountMinor)
        assert.deepEqual(
          considered.map((one) => one.verdict),
          ['won', verdict, 'list-goes-first'],
        )
      }
    })
})

test('without a list that fits, the price is the own one, with what it is compared with', () => {
  const own = { ...OWN, compareAtMinor: 1200 }
  const { amountMinor, compareAtMinor, rule } = price([anEntry({ currency: 'USD' })], {}, [own as never])
  assert.deepEqual([amountMinor, compareAtMinor, rule], [1000, 1200, own])
})

test('a list gives a price only where the variant has one of its own', () => {
  const { amountMinor, rule, considered } = price([anEntry({ currency: 'USD' })], { currency: 'USD' })
  assert.deepEqual([amountMinor, rule], [null, null])
  assert.deepEqual(
    considered.map(({ verdict }) => verdict),
    ['not-sold-in-currency', 'other-currency'],
  )
})

describe('struck through is', () => {
  const compareAt = (amountMinor: number, ownCompareAtMinor: number | null) =>
    price([anEntry({ amountMinor })], {}, [{ ...OWN, compareAtMinor: ownCompareAtMinor } as never])
      .compareAtMinor
  test('the own price when a list gives less', () => {
    assert.equal(compareAt(999, null), 1000)
    assert.equal(compareAt(999, 1500), 1000)
  })
  test('what the own price is compared with when a list gives no less, if that is still higher', () => {
    assert.equal(compareAt(1000, 1500), 1500)
    assert.equal(compareAt(1200, 1500), 1500)
    assert.equal(compareAt(1500, 1500), null)
    assert.equal(compareAt(1600, 1500), null)
    assert.equal(compareAt(1200, null), null)
  })
})

describe('the steps of a price', () => {
  const steps = (entries: readonly ListEntry[]) => tiersOf({ own: [OWN], entries }, oneForMe)
  test('are where one more piece changes what each of them costs', () => {
    const entries = [
      anEntry({ minQuantity: 1, amountMinor: 950 }),
      anEntry({ minQuantity: 5, amountMinor: 950 }),
      anEntry({ minQuantity: 10, amountMinor: 900 }),
      anEntry({ minQuantity: 50, amountMinor: 800, customerGroup: 'staff' }),
    ]
    assert.deepEqual(steps(entries), [{ minQuantity: 10, amountMinor: 900 }])
  })
  test('are none when the quantity does not matter, or when it is not sold', () => {
    assert.deepEqual(steps([anEntry()]), [])
    assert.deepEqual(tiersOf({ own: [], entries: [anEntry({ minQuantity: 5 })] }, oneForMe), [])
  })
})

describe('for all prices and lists', () => {
  const entry: fc.Arbitrary<ListEntry> = fc.record({
    priceListId: fc.constantFrom(...'abcd').map(id),
    name: fc.constant('List'),
    currency: fc.constantFrom('EUR', 'EUR', 'USD'),
    customerGroup: fc.constantFrom(null, null, 'club', 'staff'),
    priority: fc.integer({ min: 0, max: 2 }),
    startsAtMs: fc.constantFrom(null, NOON - 2, NOON - 1, NOON, NOON + 1),
    endsAtMs: fc.constantFrom(null, null, NOON, NOON + 1, NOON + 2),
    minQuantity: fc.integer({ min: 1, max: 6 }),
    amountMinor: fc.integer({ min: 800, max: 1100 }),
  })
  const own = fc.subarray(['EUR', 'USD', 'CHF']).chain((currencies) =>
    fc.tuple(
      ...currencies.map((currency) =>
        fc
          .record({ amountMinor: fc.integer({ min: 900, max: 1000 }), more: fc.constantFrom(null, 1, 200) })
          .map(({ amountMinor, more }) => ({
            currency,
            amountMinor,
            compareAtMinor: more && amountMinor + more,
          })),
      ),
    ),
  )
  const candidates: fc.Arbitrary<Candidates> = fc.record({ own, entries: fc.array(entry, { maxLength: 8 }) })
  const purchase: fc.Arbitrary<Purchase> = fc.record({
    currency: fc.constantFrom('EUR', 'USD'),
    customerGroup: fc.constantFrom(null, 'club', 'staff', 'nobody'),
    quantity: fc.integer({ min: 1, max: 8 }),
    at: fc.integer({ min: NOON - 2, max: NOON + 2 }),
  })
  const forAll = (check: (candidates: Candidates, purchase: Purchase) => void) =>
    fc.assert(fc.property(candidates, purchase, check), { numRuns: 500 })

  test('every candidate is considered once, one wins, and each has its words', () => {
    forAll((candidates, purchase) => {
      const { amountMinor, rule, considered } = priceOf(candidates, purchase)
      const all = [...candidates.own, ...candidates.entries]
      assert.equal(considered.length, all.length)
      assert.deepEqual(new Set(considered.map((one) => one.rule)), new Set(all))
      const won = considered.filter(({ verdict }) => verdict === 'won')
      assert.equal(won.length, amountMinor === null ? 0 : 1)
      assert.equal(won[0]?.rule ?? null, rule)
      assert.equal(won[0]?.amountMinor ?? null, amountMinor)
      for (const { verdict } of considered) assert.ok(VERDICT_WORDS[verdict].length > 0)
    })
  })

  test('the order in which candidates come does not matter', () => {
    forAll((candidates, purchase) => {
      const { amountMinor, compareAtMinor } = priceOf(candidates, purchase)
      const turned = { own: candidates.own.toReversed(), entries: candidates.entries.toReversed() }
      const again = priceOf(turned, purchase)
      assert.deepEqual([again.amountMinor, again.compareAtMinor], [amountMinor, compareAtMinor])
    })
  })

  test('what does not fit changes nothing', () => {
    forAll((candidates, purchase) => {
      const { considered, ...priced } = priceOf(candidates, purchase)
      const misfits = ['other-currency', 'other-group', 'not-started', 'ended', 'quantity-too-low']
      const entries = considered.flatMap(({ rule, verdict }) =>
        isListEntry(rule) && !misfits.includes(verdict) ? [rule] : [],
      )
      const { considered: _, ...again } = priceOf({ ...candidates, entries }, purchase)
      assert.deepEqual(again, priced)
    })
  })

  test('without the winner, the next in the order gives the price', () => {
    forAll((candidates, purchase) => {
      const { rule, considered } = priceOf(candidates, purchase)
      if (!rule || !isListEntry(rule)) return
      const rest = { ...candidates, entries: candidates.entries.filter((entry) => entry !== rule) }
      assert.equal(priceOf(rest, purchase).rule, considered[1]!.rule)
    })
  })

  test('the price of one and the steps say what any quantity costs', () => {
    forAll((candidates, purchase) => {
      const one = priceOf(candidates, { ...purchase, quantity: 1 }).amountMinor
      if (one === null) return
      const tier = tiersOf(candidates, purchase).findLast(
        ({ minQuantity }) => minQuantity <= purchase.quantity,
      )
      assert.equal(tier?.amountMinor ?? one, priceOf(candidates, purchase).amountMinor)
    })
  })

  test('who takes the row of their group, or else that of everyone, has their price', () => {
    forAll((candidates, purchase) => {
      const rows = effectivePrices(candidates, purchase.at).filter(
        ({ currency }) => currency === purchase.currency,
      )
      const row =
        rows.find(({ customerGroup }) => customerGroup === purchase.customerGroup) ??
        rows.find(({ customerGroup }) => customerGroup === '')
      const priced = priceOf(candidates, { ...purchase, quantity: 1 })
      assert.equal(row?.amountMinor ?? null, priced.amountMinor)
      assert.equal(row?.compareAtMinor ?? null, priced.compareAtMinor)
      assert.deepEqual(row?.tiers ?? [], tiersOf(candidates, purchase))
    })
  })
})

test('50 variants are priced within a second, with as many lists of as many groups as there may be', async () => {
  const of = (lists: number, steps: number, group: (list: number) => string | null) => ({
    own: [OWN],
    entries: Array.from({ length: lists * steps }, (_, n) =>
      anEntry({
        priceListId: `019a0000-0000-7000-8000-${String(n % lists).padStart(12, '0')}`,
        customerGroup: group(n % lists),
        minQuantity: 1 + n * 3,
        amountMinor: 900 - n,
      }),
    ),
  })
  for (const candidates of [
    of(200, 1, (list) => `group-${list}`),
    of(10, 20, (list) => `group-${list}`),
    of(10, 20, () => null),
  ])
    await withinOnce(1_000, async () => {
      for (let variant = 0; variant < 50; variant += 1) effectivePrices(candidates, NOON)
    })
})
