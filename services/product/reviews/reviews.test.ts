import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Client, Rejection } from '@stoa/contract'
import { OrderCancelled, OrderConfirmed } from '@stoa/contracts/order'
import { product } from '@stoa/contracts/product'
import type { Actor } from '@stoa/runtime'
import { eventually, startTestHost, statements, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import service from '../service.ts'
import { aMerchant } from '../testing.ts'

const GOOD = { stars: 5, title: 'Solid', text: 'Stands like a rock.\nWould buy again.', author: 'Ida' }

describe('reviews', () => {
  let host: TestHost
  let staff: Client<typeof product>
  let shop: Client<typeof product>
  let seeder: Client<typeof product>
  before(async () => {
    host = await startTestHost({ services: [service] })
    staff = host.client(product, { actor: aMerchant() })
    shop = host.client(product)
    seeder = host.client(product, { via: 'test' })
  })
  after(() => host[Symbol.asyncDispose]())

  const aCustomer = () => {
    const actor: Actor = {
      kind: 'customer',
      id: v7(),
      sessionId: v7(),
      email: 'ida@example.com',
      emailVerified: true,
    }
    return { id: actor.id, ...host.client(product, { actor }) }
  }
  /** As it lies in the tables: how products are made is told elsewhere. */
  const aStoredProduct = async (status: 'draft' | 'published') => {
    const [productId, slug] = [v7(), `product-${v7()}`]
    const sku = `SKU-${productId}`
    await host.pool.query(
      `with added as (
         insert into product.products (product_id, slug, name, description, status, published_at)
         values ($1, $2, 'A product', '', $3, now()))
       , sold as (
         insert into product.variants (variant_id, product_id, sku, position) values ($4, $1, $5, 1))
       insert into product.effective_prices (variant_id, currency, amount_minor) values ($4, 'EUR', 1000)`,
      [productId, slug, status, v7(), sku],
    )
    return { productId, slug, sku }
  }
  const aPublishedProduct = () => aStoredProduct('published')
  const revisionOf = async (productId: string): Promise<number> => {
    const { rows } = await host.pool.query('select revision from product.products where product_id = $1', [
      productId,
    ])
    return rows[0].revision
  }
  const publish = async ({ reviewId }: { reviewId: string }) => {
    const { version } = await staff.getReviewForStaff({ reviewId })
    return staff.moderateReview({ reviewId, version, decision: 'published' })
  }
  const aPublishedReview = async (productId: string, content: Partial<typeof GOOD> = {}) => {
    const customer = aCustomer()
    const review = await customer.putReview({ productId, ...GOOD, ...content })
    await publish(review)
    return { customer, reviewId: review.reviewId }
  }
  const ratingOf = async (productId: string) => (await shop.reviews({ productId })).rating

  describe('a customer', () => {
    test('writes one, which waits for the moderators and is seen by its author alone', async () => {
      const { productId } = await aPublishedProduct()
      const customer = aCustomer()
      const written = await customer.putReview({ productId, ...GOOD })
      assert.deepEqual(
        { ...written, reviewId: '', writtenAt: '' },
        {
          ...GOOD,
          productId,
          reviewId: '',
          writtenAt: '',
          verified: false,
          helpful: 0,
          status: 'pending',
          reason: null,
        },
      )
      assert.deepEqual(await customer.ownReview({ productId }), written)
      assert.deepEqual((await customer.ownReviews({})).items, [written])
      assert.deepEqual((await shop.reviews({ productId })).items, [])
      const other = aCustomer()
      assert.deepEqual((await other.reviews({ productId })).items, [])
      await assert.rejects(other.ownReview({ productId }), { code: 'REVIEW_NOT_FOUND' })
      await assert.rejects(other.voteHelpful({ reviewId: written.reviewId }), { code: 'REVIEW_NOT_FOUND' })
      assert.deepEqual((await other.ownReviews({})).items, [])
    })

    test('who writes twice at once has one review', async () => {
      const { productId } = await aPublishedProduct()
      const customer = aCustomer()
      const [one, two] = await Promise.all([
        customer.putReview({ productId, ...GOOD }),
        customer.putReview({ productId, ...GOOD, stars: 3 }),
      ])
      assert.equal(one.reviewId, two.reviewId)
      assert.equal((await customer.ownReviews({})).items.length, 1)
    })

    test('who says the same again changes nothing', async () => {
      const { productId } = await aPublishedProduct()
      const customer = aCustomer()
      const { reviewId } = await customer.putReview({ productId, ...GOOD })
      await publish({ reviewId })
      assert.equal((await customer.putReview({ productId, ...GOOD })).status, 'published')
      assert.equal((await staff.getReviewForStaff({ reviewId })).version, 2)
    })

    test('what is changed goes back to the moderators and out of the rating', async () => {
      const { productId } = await aPublishedProduct()
      const { customer, reviewId } = await aPublishedReview(productId)
      const changed = await customer.putReview({ productId, ...GOOD, stars: 1 })
      assert.deepEqual([changed.reviewId, changed.status], [reviewId, 'pending'])
      assert.deepEqual(await shop.reviews({ productId }), {
        items: [],
        next: null,
        rating: { count: 0, average: null, histogram: [0, 0, 0, 0, 0] },
      })
    })

    test('what is deleted is gone, from the rating too; deleting again is no error', async () => {
      const { productId } = await aPublishedProduct()
      const { customer, reviewId } = await aPublishedReview(productId)
      await aPublishedReview(productId, { stars: 2 })
      await aCustomer().voteHelpful({ reviewId })
      await customer.deleteReview({ productId })
      await customer.deleteReview({ productId })
      assert.deepEqual(await ratingOf(productId), { count: 1, average: 2, histogram: [0, 1, 0, 0, 0] })
      await assert.rejects(staff.getReviewForStaff({ reviewId }), { code: 'REVIEW_NOT_FOUND' })
    })

    test('plain text is kept as it was typed; what looks like HTML is refused by its field', async () => {
      const { productId } = await aPublishedProduct()
      const customer = aCustomer()
      const text = 'I <3 it & "so" does my cat; 1 < 2.\n=1+1'
      assert.equal((await customer.putReview({ productId, ...GOOD, text })).text, text)
      for (const field of ['title', 'text', 'author'])
        for (const html of ['<script>alert(1)</script>', 'a <b>b', '<!-- x -->'])
          await refusesField(customer.putReview({ productId, ...GOOD, [field]: html }), field)
      for (const stars of [0, 6, 4.5])
        await refusesField(customer.putReview({ productId, ...GOOD, stars }), 'stars')
    })

    test('a product that nobody can see cannot be reviewed', async () => {
      const { productId } = await aStoredProduct('draft')
      await assert.rejects(aCustomer().putReview({ productId, ...GOOD }), { code: 'PRODUCT_NOT_FOUND' })
      await assert.rejects(shop.reviews({ productId }), { code: 'PRODUCT_NOT_FOUND' })
      await assert.rejects(shop.putReview({ productId, ...GOOD }), { code: 'UNAUTHENTICATED' })
      await assert.rejects(staff.putReview({ productId, ...GOOD }), { code: 'FORBIDDEN' })
    })

    test('writing costs five statements: lock, look, write, settle, read', async () => {
      const { productId } = await aPublishedProduct()
      const customer = aCustomer()
      await host.settled()
      const counter = statements(host.database.url)
      await counter.reset()
      await customer.putReview({ productId, ...GOOD })
      assert.equal(await own(counter), 5)
    })
  })

  describe('a moderator', () => {
    test('finds those that wait, the oldest first, page by page', async () => {
      const { productId } = await aPublishedProduct()
      const written: string[] = []
      for (let n = 0; n < 5; n += 1)
        written.push((await aCustomer().putReview({ productId, ...GOOD })).reviewId)
      const seen: string[] = []
      let after: string | undefined
      do {
        const page = await staff.listReviewsForStaff({ productId, limit: 2, after })
        seen.push(...page.items.map(({ reviewId }) => reviewId))
        after = page.next ?? undefined
      } while (after)
      assert.deepEqual(seen, written)
      await publish({ reviewId: written[0]! })
      assert.equal((await staff.listReviewsForStaff({ productId })).items.length, 4)
      assert.equal((await staff.listReviewsForStaff({ productId, status: 'published' })).items.length, 1)
    })

    test('publishes: it is public, counted, and the product has a new revision', async () => {
      const { productId } = await aPublishedProduct()
      const before = await revisionOf(productId)
      const { reviewId } = await aPublishedReview(productId)
      await aPublishedReview(productId, { stars: 2 })
      await aPublishedReview(productId, { stars: 2 })
      const { items, rating } = await shop.reviews({ productId })
      assert.equal(items.length, 3)
      assert.ok(!('status' in items[0]!))
      assert.deepEqual(rating, { count: 3, average: 3, histogram: [0, 2, 0, 0, 1] })
      assert.equal(await revisionOf(productId), before + 3)
      const events = await host.loggedEvents()
      const changed = events.filter(
        ({ name, payload }) =>
          name === 'product.changed' && (payload as { productId: string }).productId === productId,
      )
      assert.equal(changed.at(-1)!.version, before + 3)
      assert.deepEqual(
        events
          .filter(({ payload }) => (payload as { reviewId?: string }).reviewId === reviewId)
          .map(({ name, version, payload }) => [name, version, (payload as { status: string }).status]),
        [
          ['product.review-changed', 1, 'pending'],
          ['product.review-changed', 2, 'published'],
        ],
      )
    })

    test('the lists show the new rating, too', async () => {
      const { productId } = await aPublishedProduct()
      await aPublishedReview(productId, { stars: 4 })
      const { items } = await shop.list({ limit: 100 })
      assert.deepEqual(items.find((item) => item.productId === productId)?.rating, { average: 4, count: 1 })
    })

    test('rejects with a reason, which the author reads; also what was published before', async () => {
      const { productId } = await aPublishedProduct()
      const { customer, reviewId } = await aPublishedReview(productId)
      const version = 2
      await refusesField(staff.moderateReview({ reviewId, version, decision: 'rejected' }), 'reason')
      await staff.moderateReview({ reviewId, version, decision: 'rejected', reason: 'Names a person.' })
      const own = await customer.ownReview({ productId })
      assert.deepEqual([own.status, own.reason], ['rejected', 'Names a person.'])
      assert.deepEqual((await ratingOf(productId)).count, 0)
      const { rows } = await host.pool.query(
        'select actor, operation from product.audit where subject = $1 order by version',
        [`review:${reviewId}`],
      )
      assert.deepEqual(
        rows.map(({ operation }) => operation),
        ['product.moderateReview', 'product.moderateReview'],
      )
    })

    test('does not publish a text that changed under the hand, and is told what changed', async () => {
      const { productId } = await aPublishedProduct()
      const customer = aCustomer()
      const { reviewId } = await customer.putReview({ productId, ...GOOD })
      await customer.putReview({ productId, ...GOOD, title: 'Buy at elsewhere.example' })
      await assert.rejects(staff.moderateReview({ reviewId, version: 1, decision: 'published' }), {
        code: 'STALE',
        data: { version: 2, changed: [{ field: 'title', from: 'Solid', to: 'Buy at elsewhere.example' }] },
      })
    })

    test('two who publish it at once have published it once', async () => {
      const { productId } = await aPublishedProduct()
      const { reviewId } = await aCustomer().putReview({ productId, ...GOOD })
      const answers = await Promise.all(
        [1, 2, 3].map(() => staff.moderateReview({ reviewId, version: 1, decision: 'published' })),
      )
      for (const { version, status } of answers) assert.deepEqual([version, status], [2, 'published'])
      assert.equal((await ratingOf(productId)).count, 1)
    })

    test('many who publish different reviews of one product at once lose none', async () => {
      const { productId } = await aPublishedProduct()
      const ids = await Promise.all(
        [1, 2, 3, 4, 5, 5].map(
          async (stars) => (await aCustomer().putReview({ productId, ...GOOD, stars })).reviewId,
        ),
      )
      await Promise.all(
        ids.map((reviewId) => staff.moderateReview({ reviewId, version: 1, decision: 'published' })),
      )
      assert.deepEqual(await ratingOf(productId), { count: 6, average: 3.33, histogram: [1, 1, 1, 1, 2] })
    })

    test('one who publishes while the author changes it: never is what nobody read public', async () => {
      const { productId } = await aPublishedProduct()
      for (let round = 0; round < 5; round += 1) {
        const customer = aCustomer()
        const { reviewId } = await customer.putReview({ productId, ...GOOD })
        await Promise.allSettled([
          staff.moderateReview({ reviewId, version: 1, decision: 'published' }),
          customer.putReview({ productId, ...GOOD, title: 'Other' }),
        ])
        assert.equal((await customer.ownReview({ productId })).status, 'pending')
      }
      assert.equal((await ratingOf(productId)).count, 0)
    })

    test('needs the permission', async () => {
      const { productId } = await aPublishedProduct()
      const customer = aCustomer()
      const { reviewId } = await customer.putReview({ productId, ...GOOD })
      const reader = host.client(product, { actor: aMerchant(['product:read']) })
      await assert.rejects(reader.moderateReview({ reviewId, version: 1, decision: 'published' }), {
        code: 'FORBIDDEN',
      })
      await assert.rejects(customer.listReviewsForStaff({}), { code: 'FORBIDDEN' })
    })
  })

  describe('the public list', () => {
    test('goes by date or by votes, or shows one number of stars, each review once', async () => {
      const { productId } = await aPublishedProduct()
      const written: string[] = []
      for (const stars of [5, 4, 5, 1, 5])
        written.push((await aPublishedReview(productId, { stars })).reviewId)
      for (const reviewId of [written[1]!, written[1]!, written[3]!])
        await aCustomer().voteHelpful({ reviewId })
      const read = async (input: { sort?: 'newest' | 'helpful'; stars?: number }) => {
        const seen: string[] = []
        let after: string | undefined
        do {
          const page = await shop.reviews({ productId, ...input, limit: 2, after })
          seen.push(...page.items.map(({ reviewId }) => reviewId))
          after = page.next ?? undefined
        } while (after)
        return seen.map((id) => written.indexOf(id))
      }
      assert.deepEqual(await read({}), [4, 3, 2, 1, 0])
      assert.deepEqual(await read({ sort: 'helpful' }), [1, 3, 4, 2, 0])
      assert.deepEqual(await read({ stars: 5 }), [4, 2, 0])
      assert.deepEqual(await read({ stars: 5, sort: 'helpful' }), [4, 2, 0])
      const { next } = await shop.reviews({ productId, limit: 1 })
      await refusesField(shop.reviews({ productId, sort: 'helpful', after: next! }), 'after')
      await refusesField(shop.reviews({ productId, after: 'nonsense' }), 'after')
    })

    test('is one statement', async () => {
      const { productId } = await aPublishedProduct()
      await aPublishedReview(productId)
      await host.settled()
      const counter = statements(host.database.url)
      await counter.reset()
      await shop.reviews({ productId, sort: 'helpful', stars: 5 })
      assert.equal(await own(counter), 1)
    })
  })

  describe('a helpful vote', () => {
    test('counts once per customer, however often and however many at once, and can be taken back', async () => {
      const { productId } = await aPublishedProduct()
      const { reviewId, customer: author } = await aPublishedReview(productId)
      const [one, two] = [aCustomer(), aCustomer()]
      await Promise.all([one, one, one, two].map((voter) => voter.voteHelpful({ reviewId })))
      assert.deepEqual(await one.voteHelpful({ reviewId }), { helpful: 2 })
      await Promise.all([two.unvoteHelpful({ reviewId }), two.unvoteHelpful({ reviewId })])
      assert.equal((await shop.reviews({ productId })).items[0]!.helpful, 1)
      await assert.rejects(author.voteHelpful({ reviewId }), { code: 'OWN_REVIEW' })
      await assert.rejects(one.voteHelpful({ reviewId: v7() }), { code: 'REVIEW_NOT_FOUND' })
    })

    const announced = async (reviewId: string) =>
      (await host.loggedEvents())
        .filter(({ payload }) => (payload as { reviewId?: string }).reviewId === reviewId)
        .map(({ version, payload }) => [version, (payload as { status: string }).status])
    /** Has something happen behind the row of a review that somebody else writes first. */
    const behind = async <T>(reviewId: string, set: string, work: () => Promise<T>): Promise<T> => {
      const other = await host.pool.connect()
      try {
        await other.query('begin')
        await other.query(`update product.reviews set ${set} where review_id = $1`, [reviewId])
        const done = work()
        done.catch(() => {})
        await eventually(async () => {
          const { rows } = await host.pool.query('select from pg_locks where not granted')
          assert.ok(rows.length > 0)
        })
        await other.query('commit')
        return await done
      } finally {
        other.release()
      }
    }

    test('and a decision at the same moment are announced under numbers of their own', async () => {
      const { reviewId } = await aPublishedReview((await aPublishedProduct()).productId)
      await behind(reviewId, 'revision = revision + 1', () =>
        staff.moderateReview({ reviewId, version: 2, decision: 'rejected', reason: 'Names a person.' }),
      )
      assert.deepEqual((await announced(reviewId)).at(-1), [4, 'rejected'])
    })

    test('comes too late for a review that is rejected meanwhile', async () => {
      const { reviewId } = await aPublishedReview((await aPublishedProduct()).productId)
      const before = await announced(reviewId)
      await assert.rejects(
        behind(reviewId, `status = 'rejected', reason = 'No.'`, () => aCustomer().voteHelpful({ reviewId })),
        { code: 'REVIEW_NOT_FOUND' },
      )
      assert.deepEqual(await announced(reviewId), before)
    })

    test('that is taken back from a review that waits again does not say that it is published', async () => {
      const { productId } = await aPublishedProduct()
      const { reviewId, customer } = await aPublishedReview(productId)
      const voter = aCustomer()
      await voter.voteHelpful({ reviewId })
      await customer.putReview({ productId, ...GOOD, title: 'Second thoughts' })
      await voter.unvoteHelpful({ reviewId })
      assert.deepEqual((await announced(reviewId)).slice(-2), [
        [4, 'pending'],
        [5, 'pending'],
      ])
    })
  })

  describe('a buyer', () => {
    const confirmed = (orderId: string, customerId: string | null, sku: string) => ({
      orderId,
      cartId: v7(),
      customerId,
      currency: 'EUR',
      totalMinor: 1000,
      lines: [{ sku, quantity: 1, unitPriceMinor: 1000 }],
      paymentId: v7(),
    })
    const cancelled = (orderId: string) => ({ orderId, reason: 'requested' as const, wasConfirmed: true })

    test('is marked once the order is paid, before or after the review, and no longer when it is cancelled', async () => {
      const { productId, sku } = await aPublishedProduct()
      const { customer } = await aPublishedReview(productId)
      const isVerified = async () => (await shop.reviews({ productId })).items[0]!.verified
      assert.equal(await isVerified(), false)
      const orderId = v7()
      await host.publish(OrderConfirmed, confirmed(orderId, customer.id, sku))
      await host.settled()
      assert.equal(await isVerified(), true)
      await host.publish(OrderCancelled, cancelled(orderId))
      await host.settled()
      assert.equal(await isVerified(), false)
    })

    test('is not marked by what others bought, nor by other goods', async () => {
      const { productId, sku } = await aPublishedProduct()
      const other = await aPublishedProduct()
      const { customer } = await aPublishedReview(productId)
      await host.publish(OrderConfirmed, confirmed(v7(), customer.id, other.sku))
      await host.publish(OrderConfirmed, confirmed(v7(), v7(), sku))
      await host.publish(OrderConfirmed, confirmed(v7(), null, sku))
      await host.settled()
      assert.equal((await shop.reviews({ productId })).items[0]!.verified, false)
    })

    test('a cancellation that is heard first, and facts that come twice, change nothing in the end', async () => {
      const { productId, sku } = await aPublishedProduct()
      const { customer } = await aPublishedReview(productId)
      const [late, kept] = [v7(), v7()]
      await host.publish(OrderCancelled, cancelled(late))
      await host.settled()
      await host.publish(OrderConfirmed, confirmed(late, customer.id, sku))
      await host.settled()
      assert.equal((await customer.ownReview({ productId })).verified, false)
      const id = v7()
      await host.publish(OrderConfirmed, confirmed(kept, customer.id, sku), { id })
      await host.settled()
      await host.publish(OrderConfirmed, confirmed(kept, customer.id, sku), { id })
      await host.settled()
      assert.equal((await customer.ownReview({ productId })).verified, true)
    })

    test('an order costs the catalogue two statements, a guest order none', async () => {
      const { sku } = await aPublishedProduct()
      await host.settled()
      const counter = statements(host.database.url)
      await counter.reset()
      await host.publish(OrderConfirmed, confirmed(v7(), null, sku))
      await host.settled()
      assert.equal(await own(counter), 0)
      await host.publish(OrderConfirmed, confirmed(v7(), v7(), sku))
      await host.settled()
      assert.equal(await own(counter), 2)
    })
  })

  describe('reviews from elsewhere', () => {
    test('come once, published and counted, by slug or SKU; unknown products are named', async () => {
      const [one, two] = [await aPublishedProduct(), await aPublishedProduct()]
      const items = [
        { productSlug: one.slug, ...GOOD, createdAt: '2020-05-01T10:00:00.000Z', verified: true },
        { sku: one.sku, ...GOOD, author: 'Ole', stars: 2 },
        { sku: two.sku, ...GOOD },
        { productSlug: 'no-such-thing', ...GOOD },
      ]
      assert.deepEqual(await seeder.seedReviews({ items }), { inserted: 3, unknown: [3] })
      const { items: shown, rating } = await shop.reviews({ productId: one.productId })
      assert.deepEqual(rating, { count: 2, average: 3.5, histogram: [0, 1, 0, 0, 1] })
      assert.deepEqual(
        shown.map(({ author, verified }) => [author, verified]),
        [
          ['Ole', false],
          ['Ida', true],
        ],
      )
      assert.equal(shown[1]!.writtenAt, '2020-05-01T10:00:00.000Z')
      const revision = await revisionOf(one.productId)
      assert.deepEqual(await seeder.seedReviews({ items }), { inserted: 0, unknown: [3] })
      assert.equal(await revisionOf(one.productId), revision)
    })

    test('of a day that cannot be are of the nearest that can, and are listed to the last', async () => {
      const { productId, slug } = await aPublishedProduct()
      const at = (createdAt: string) => ({
        productSlug: slug,
        author: 'Ole',
        stars: 4,
        title: createdAt,
        text: 'Good.',
        createdAt,
      })
      await seeder.seedReviews({ items: [at('1822-01-01T00:00:00Z'), at('9822-01-01T00:00:00Z')] })
      const first = await shop.reviews({ productId, limit: 1 })
      const second = await shop.reviews({ productId, limit: 1, after: first.next! })
      const [late, early] = [...first.items, ...second.items]
      assert.ok(Date.parse(late!.writtenAt) <= Date.now())
      assert.equal(early!.writtenAt, '1970-01-01T00:00:00.000Z')
    })

    test('two who bring the same at once bring it once', async () => {
      const { sku, productId } = await aPublishedProduct()
      const items = ['Ida', 'Ole', 'Eva'].map((author) => ({ sku, ...GOOD, author }))
      const answers = await Promise.all([
        seeder.seedReviews({ items }),
        seeder.seedReviews({ items: items.toReversed() }),
      ])
      assert.deepEqual(answers.map(({ inserted }) => inserted).sort(), [0, 3])
      assert.equal((await ratingOf(productId)).count, 3)
    })

    test('cost five statements however many', async () => {
      const products = [await aPublishedProduct(), await aPublishedProduct()]
      const items = Array.from({ length: 500 }, (_, n) => ({
        sku: products[n % 2]!.sku,
        ...GOOD,
        author: `Author ${n}`,
      }))
      await host.settled()
      const counter = statements(host.database.url)
      await counter.reset()
      assert.equal((await seeder.seedReviews({ items })).inserted, 500)
      assert.equal(await own(counter), 5)
    })

    test('are not for the public', async () => {
      await assert.rejects(shop.seedReviews({ items: [] }), { code: 'NOT_FOUND' })
      await refusesField(seeder.seedReviews({ items: [GOOD] }), 'items.0.productSlug')
    })
  })
})

/** Statements of the catalogue itself; the platform's and foreign key checks are left out. */
async function own(counter: ReturnType<typeof statements>): Promise<number> {
  const counts = await counter.ofServices()
  return counts.statements
    .filter(({ query }) => /\bproduct"?\./.test(query) && !/FOR KEY SHARE OF x$/.test(query))
    .reduce((sum, { calls }) => sum + calls, 0)
}

async function refusesField(call: Promise<unknown>, field: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof Rejection)
    assert.equal(error.code, 'INVALID_INPUT')
    const { fields } = error.data as { fields: { field: string }[] }
    assert.ok(
      fields.some((fault) => fault.field === field),
      JSON.stringify(fields),
    )
    return true
  })
}
