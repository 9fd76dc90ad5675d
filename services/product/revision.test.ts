import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client } from '@stoa/contract'
import { product } from '@stoa/contracts/product'
import { startTestHost, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import service from './service.ts'
import { aMerchant, aProduct } from './testing.ts'

describe('what others see change of a product without staff having edited it', () => {
  let host: TestHost
  let staff: Client<typeof product>
  let inside: Client<typeof product>
  before(async () => {
    host = await startTestHost({ services: [service], environment: { SHOP_CURRENCY: 'EUR' } })
    staff = host.client(product, { actor: aMerchant() })
    inside = host.client(product, { via: 'search' })
  })
  after(() => host[Symbol.asyncDispose]())

  const key = () => ({ idempotencyKey: v7() })
  const published = async () => {
    const created = await staff.create(aProduct({ brand: `Brand ${v7()}` }), key())
    const { productId } = created
    const { version } = await staff.change({ productId, version: created.version, status: 'published' })
    return { productId, version, sku: created.variants[0]!.sku, brandSlug: created.brandSlug! }
  }
  type Published = Awaited<ReturnType<typeof published>>
  const announced = async ({ productId }: Published) =>
    (await host.loggedEvents())
      .filter(
        ({ name, payload }) =>
          name === 'product.changed' && (payload as { productId: string }).productId === productId,
      )
      .map(({ version }) => version)

  const happenings: Record<string, (subject: Published) => Promise<void>> = {
    'a price of a price list': async ({ sku }) => {
      const { priceListId } = await staff.createPriceList({ name: 'Sale', currency: 'EUR' }, key())
      await staff.putPriceListEntries({ priceListId, entries: [{ sku, tiers: [{ amountMinor: 700 }] }] })
    },
    'a rating': async ({ productId }) => {
      const author = {
        kind: 'customer',
        id: v7(),
        sessionId: v7(),
        email: 'a@b.example',
        emailVerified: true,
      } as const
      const { reviewId } = await host
        .client(product, { actor: author })
        .putReview({ productId, stars: 4, title: 'Good', text: 'Does it.', author: 'Ada' })
      await staff.moderateReview({ reviewId, version: 1, decision: 'published' })
    },
    'the name of its brand': async ({ brandSlug }) => {
      const { brandId } = await staff.brand({ slug: brandSlug })
      await staff.changeBrand({ brandId, version: 1, name: `Renamed ${v7()}` })
    },
    'a collection that it came into': async ({ productId }) => {
      const { collectionId, version } = await staff.createCollection({ name: `Picks ${v7()}` }, key())
      await staff.putCollectionProducts({ collectionId, version, productIds: [productId] })
    },
  }

  for (const [name, happen] of Object.entries(happenings))
    test(`${name} is announced under a higher number, and leaves the version that staff read`, async () => {
      const subject = await published()
      const { productId, version } = subject
      await host.settled()
      const [last] = (await announced(subject)).slice(-1)
      await happen(subject)
      await host.settled()
      const numbers = await announced(subject)
      assert.ok(numbers.at(-1)! > last!, `${numbers} after ${last}`)
      const [document] = (await inside.documents({ productIds: [productId] })).items
      assert.equal(document!.version, numbers.at(-1))
      const changed = await staff.change({ productId, version, name: 'As staff want it' })
      assert.equal(changed.version, version + 1)
      await host.settled()
      const after = await announced(subject)
      assert.deepEqual(
        after,
        [...new Set(after)].sort((a, b) => a - b),
      )
    })

  test('links, which staff edit with the product, are of a new version', async () => {
    const [one, other] = [await published(), await published()]
    const { productId, version } = one
    await staff.putLinks({ productId, version, kind: 'related', productIds: [other.productId] })
    await assert.rejects(staff.change({ productId, version, name: 'Too late' }), { code: 'STALE' })
    await staff.change({ productId, version: version + 1, name: 'In time' })
  })
})
