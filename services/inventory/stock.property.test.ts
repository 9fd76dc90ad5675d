import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { isRejection } from '@stoa/contract'
import { inventory } from '@stoa/contracts/inventory'
import { OrderCancelled, OrderConfirmed, OrderPaymentFailed } from '@stoa/contracts/order'
import { startTestHost, type TestHost } from '@stoa/testing'
import fc from 'fast-check'
import { v7 } from 'uuid'
import service from './service.ts'
import { aConfirmation, assertBooksAgree } from './testing.ts'

/** Two replicas on one database: what one knows of the stock is often wrong. */
let replicas: TestHost[]

before(async () => {
  const first = await startTestHost({ services: [service] })
  replicas = [first, await startTestHost({ services: [service], database: first.database })]
})
after(async () => {
  for (const replica of replicas.toReversed()) await replica[Symbol.asyncDispose]()
})

/** What becomes of a shopper who got the goods. */
const fates = [
  'pays', // confirmed
  'leaves', // expires
  'is declined', // the stock goes back
  'is declined, pays', // by another card
  'cancels', // before paying
  'pays, cancels', // afterwards
] as const

const shopper = fc.record({
  wants: fc.array(fc.record({ item: fc.nat(3), quantity: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 4,
  }),
  fate: fc.constantFrom(...fates),
  /** Asks this many times at once, as one whose connection is bad does. */
  tries: fc.integer({ min: 1, max: 2 }),
  hearsTwice: fc.boolean(),
})
type Shopper = typeof shopper extends fc.Arbitrary<infer S> ? S : never

const shop = fc.record({
  /** Units of each item in each of two warehouses. */
  units: fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { minLength: 4, maxLength: 4 }),
  shoppers: fc.array(shopper, { minLength: 1, maxLength: 25 }),
})

it('what was there is what was sold and what is left, whatever shoppers do at once', async () => {
  await fc.assert(
    fc.asyncProperty(shop, async ({ units, shoppers }) => {
      const skus = await stock(units)
      const sold = (await Promise.all(shoppers.map((each, n) => visit(each, skus, replicas[n % 2]!)))).flat()
      // The first one follows the orders; asked of the other, the answer comes a second later.
      await replicas[0]!.settled()

      const { items } = await clientOf(replicas[0]!).availability({ skus })
      for (const [item, sku] of skus.entries()) {
        const there = units[item]![0] + units[item]![1]
        const gone = sold.filter((line) => line.sku === sku).reduce((sum, { quantity }) => sum + quantity, 0)
        assert.equal(items[item]!.available, there - gone, `${sku}: ${there} were there, ${gone} were sold`)
      }
      await assertBooksAgree(replicas[0]!.pool)
    }),
    { numRuns: 60 },
  )
})

const clientOf = (host: TestHost) => host.client(inventory, { via: 'order' })

async function stock(units: [number, number][]): Promise<string[]> {
  const skus = units.map((_, item) => `I${item}-${v7()}`)
  for (const [priority, warehouse] of ['main', 'north'].entries())
    await clientOf(replicas[0]!).seed({
      warehouse: { warehouse, name: warehouse, priority },
      lines: skus.map((sku, item) => ({ sku, quantity: units[item]![priority]!, reorderPoint: 2 })),
    })
  return skus
}

/** One shopper from the first wish to the end. Answers what was sold and stayed sold. */
async function visit(
  { wants, fate, tries, hearsTwice }: Shopper,
  skus: string[],
  host: TestHost,
): Promise<{ sku: string; quantity: number }[]> {
  const orderId = v7()
  const lines = wants.map(({ item, quantity }) => ({ sku: skus[item]!, quantity }))
  const reserve = async (attempt: number): Promise<boolean> => {
    // Who leaves is gone at once: the reservation lapses before any job comes.
    const expiresAt = new Date(Date.now() + (fate === 'leaves' ? -1_000 : 600_000)).toISOString()
    const answers = await Promise.allSettled(
      Array.from({ length: tries }, () => clientOf(host).reserve({ orderId, lines, expiresAt, attempt })),
    )
    for (const answer of answers)
      if (answer.status === 'rejected')
        assert.ok(isRejection(answer.reason, inventory.operations.reserve, 'OUT_OF_STOCK'), answer.reason)
    return answers.some(({ status }) => status === 'fulfilled')
  }
  let version = 1
  const told = async (tell: (version: number) => Promise<unknown>) => {
    version += 1
    for (let times = hearsTwice ? 2 : 1; times > 0; times -= 1) await tell(version)
  }
  const pays = () =>
    told((version) =>
      host.publish(
        OrderConfirmed,
        aConfirmation({ orderId, lines: lines.map((line) => ({ ...line, unitPriceMinor: 1 })) }),
        { version },
      ),
    )
  const isDeclined = () =>
    told((version) => host.publish(OrderPaymentFailed, { orderId, attempt: 1 }, { version }))
  const cancels = (wasConfirmed: boolean) =>
    told((version) =>
      host.publish(OrderCancelled, { orderId, reason: 'requested', wasConfirmed }, { version }),
    )

  if (!(await reserve(1))) return []
  switch (fate) {
    case 'leaves':
      return []
    case 'pays':
      await pays()
      return lines
    case 'is declined':
      await isDeclined()
      return []
    case 'is declined, pays':
      await isDeclined()
      if (!(await reserve(2))) return []
      await pays()
      return lines
    case 'cancels':
      await cancels(false)
      return []
    case 'pays, cancels':
      await pays()
      await cancels(true)
      return []
  }
}
