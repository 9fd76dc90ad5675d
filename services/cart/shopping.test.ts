import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { cart } from '@stoa/contracts/cart'
import { OrderConfirmed } from '@stoa/contracts/order'
import { statements } from '@stoa/testing'
import { v7 } from 'uuid'
import { forgetExpired } from './carts.ts'
import { aCustomer, aKey, startCartHost } from './testing.ts'

const NOT_FOUND = { code: 'CART_NOT_FOUND' }

describe('the cart service', () => {
  let shop: Awaited<ReturnType<typeof startCartHost>>
  before(async () => {
    shop = await startCartHost()
  })
  after(() => shop?.[Symbol.asyncDispose]())
  beforeEach(() => {
    shop.goods.clear()
    shop.goods.set('MUG', { priceMinor: 1000, available: 50, name: 'Mug' })
    shop.goods.set('DESK', { priceMinor: 14_900, available: 5, name: 'Desk' })
    shop.goods.set('YEN', { priceMinor: 1500, available: 5, currency: 'JPY' })
  })

  const guestCart = async () => {
    const { cartToken, cartId } = await shop.guest.create({ idempotencyKey: aKey() })
    return { cartId, cartToken: cartToken! }
  }
  const filled = async (sku = 'MUG', quantity = 1) => {
    const owner = await guestCart()
    const cart = await shop.guest.addLine({ ...owner, sku, quantity, idempotencyKey: aKey() })
    return { owner, cart, lineId: cart.lines[0]!.lineId }
  }
  const ordered = (cartId: string) => ({
    orderId: v7(),
    cartId,
    customerId: null,
    currency: 'EUR',
    totalMinor: 1000,
    lines: [{ sku: 'MUG', quantity: 1, unitPriceMinor: 1000 }],
    paymentId: v7(),
  })
  const inDatabase = async (text: string, values: unknown[]) => (await shop.pool.query(text, values)).rows

  describe('creating', () => {
    it('gives a guest a token, and a repetition the same cart and token, even at the same time', async () => {
      const idempotencyKey = aKey()
      const answers = await Promise.all([1, 2, 3].map(() => shop.guest.create({ idempotencyKey })))
      assert.deepEqual(answers[1], answers[0])
      assert.deepEqual(answers[2], answers[0])
      assert.match(answers[0]!.cartToken!, /^[\w-]{43}$/)
      assert.deepEqual(await shop.guest.create({ idempotencyKey }), answers[0])
    })

    it('stores no token, only its hash', async () => {
      const { cartId, cartToken } = await guestCart()
      const [row] = await inDatabase('select carts::text as text from cart.carts where cart_id = $1', [
        cartId,
      ])
      assert(!row.text.includes(cartToken))
      assert(!row.text.includes(Buffer.from(cartToken).toString('hex')))
      assert(!row.text.includes(Buffer.from(cartToken, 'base64url').toString('hex')))
    })

    it('asks a guest for a key that cannot be guessed, and gives another address another cart', async () => {
      await assert.rejects(shop.guest.create({ idempotencyKey: 'cart-1' }), (error: never) => {
        const { code, data } = error as { code: string; data: { fields: { field: string }[] } }
        return code === 'INVALID_INPUT' && data.fields[0]!.field === 'idempotency-key'
      })
      const idempotencyKey = aKey()
      const [here, there] = await Promise.all(
        ['198.51.100.1', '198.51.100.2'].map((address) =>
          shop.client(cart, { address }).create({ idempotencyKey }),
        ),
      )
      assert.notEqual(here!.cartId, there!.cartId)
      assert.notEqual(here!.cartToken, there!.cartToken)
    })

    it('gives a customer the one cart they have, however often and whenever they ask', async () => {
      const customer = shop.customer()
      const carts = await Promise.all([1, 2, 3].map(() => customer.create({ idempotencyKey: aKey() })))
      assert.equal(new Set(carts.map(({ cartId }) => cartId)).size, 1)
      assert.equal(carts[0]!.cartToken, null)
      const { cartId } = carts[0]!
      await customer.addLine({ cartId, sku: 'MUG', idempotencyKey: aKey() })
      const again = await customer.create({ idempotencyKey: 'x' })
      assert.equal(again.cartId, cartId)
      assert.equal(again.lines.length, 1)
      assert.equal((await customer.current({})).cartId, cartId)
    })

    it("uses the shop's currency unless another is named, and knows only ISO 4217", async () => {
      assert.equal((await shop.guest.create({ idempotencyKey: aKey() })).currency, 'EUR')
      const yen = await shop.guest.create({ idempotencyKey: aKey(), currency: 'JPY' })
      assert.equal(yen.currency, 'JPY')
      await assert.rejects(shop.guest.create({ idempotencyKey: aKey(), currency: 'QQQ' }), {
        code: 'CURRENCY_NOT_SOLD',
      })
      const owner = { cartId: yen.cartId, cartToken: yen.cartToken! }
      const cart = await shop.guest.addLine({ ...owner, sku: 'YEN', quantity: 2, idempotencyKey: aKey() })
      assert.deepEqual(cart.subtotal, { amountMinor: 3000, currency: 'JPY' })
      await assert.rejects(shop.guest.addLine({ ...owner, sku: 'MUG', idempotencyKey: aKey() }), {
        code: 'SKU_NOT_SOLD',
      })
    })
  })

  describe('adding', () => {
    it('shows the line with price, total and availability', async () => {
      const { cart } = await filled('MUG', 3)
      const { lineId, productId, ...line } = cart.lines[0]!
      assert.deepEqual(line, {
        sku: 'MUG',
        productSlug: 'mug',
        name: 'Mug',
        options: {},
        quantity: 3,
        unitPriceMinor: 1000,
        totalMinor: 3000,
        available: true,
      })
      assert.equal(cart.itemCount, 3)
      assert.deepEqual(cart.subtotal, { amountMinor: 3000, currency: 'EUR' })
    })

    it('under one key adds once, even at the same time', async () => {
      const owner = await guestCart()
      const idempotencyKey = aKey()
      const add = () => shop.guest.addLine({ ...owner, sku: 'MUG', quantity: 2, idempotencyKey })
      const carts = await Promise.all([add(), add(), add()])
      assert.deepEqual(
        carts.map(({ itemCount }) => itemCount),
        [2, 2, 2],
      )
      await shop.guest.addLine({ ...owner, sku: 'DESK', idempotencyKey: aKey() })
      assert.equal((await add()).itemCount, 3, 'a repetition answers the cart as it is')
    })

    it('refuses another body under the same key', async () => {
      const owner = await guestCart()
      const idempotencyKey = aKey()
      await shop.guest.addLine({ ...owner, sku: 'MUG', idempotencyKey })
      await assert.rejects(shop.guest.addLine({ ...owner, sku: 'MUG', quantity: 2, idempotencyKey }), {
        code: 'IDEMPOTENCY_KEY_REUSED',
      })
    })

    it('by several hands at once loses nothing', async () => {
      const owner = await guestCart()
      await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          shop.guest.addLine({ ...owner, sku: index % 2 ? 'MUG' : 'DESK', idempotencyKey: aKey() }),
        ),
      )
      const { lines } = await shop.guest.get(owner)
      assert.deepEqual(lines.map(({ sku, quantity }) => [sku, quantity]).sort(), [
        ['DESK', 3],
        ['MUG', 3],
      ])
    })

    it('refuses what is not sold, not in stock, too many', async () => {
      const owner = await guestCart()
      const add = (sku: string, quantity = 1) =>
        shop.guest.addLine({ ...owner, sku, quantity, idempotencyKey: aKey() })
      await assert.rejects(add('NOTHING'), { code: 'SKU_NOT_SOLD' })
      await assert.rejects(add('DESK', 6), {
        code: 'OUT_OF_STOCK',
        data: { skus: [{ sku: 'DESK', available: 5 }] },
      })
      shop.goods.set('MUG', { priceMinor: 1000, available: 500 })
      await add('MUG', 99)
      await assert.rejects(add('MUG'), { code: 'QUANTITY_LIMIT' })
    })
  })

  describe('changing and removing', () => {
    it('sets the quantity; again changes nothing more', async () => {
      const { owner, lineId } = await filled()
      const change = () => shop.guest.changeLine({ ...owner, lineId, quantity: 4 })
      const [first, second] = [await change(), await change()]
      assert.equal(first.itemCount, 4)
      assert.equal(second.version, first.version)
      await assert.rejects(shop.guest.changeLine({ ...owner, lineId, quantity: 51 }), {
        code: 'OUT_OF_STOCK',
      })
      await assert.rejects(shop.guest.changeLine({ ...owner, lineId: v7(), quantity: 1 }), {
        code: 'LINE_NOT_FOUND',
      })
    })

    it('removes; again changes nothing more', async () => {
      const { owner, lineId } = await filled()
      const remove = () => shop.guest.removeLine({ ...owner, lineId })
      assert.deepEqual((await remove()).lines, [])
      assert.deepEqual((await remove()).lines, [])
    })
  })

  describe('looking', () => {
    it('says once that a price changed, and remembers it as seen', async () => {
      const { owner } = await filled()
      shop.goods.set('MUG', { priceMinor: 1250, available: 50, name: 'Mug' })
      const first = await shop.guest.get(owner)
      assert.deepEqual(first.notices, [
        { sku: 'MUG', code: 'price-raised', message: '"Mug" now costs 12.50 EUR (was 10.00 EUR).' },
      ])
      assert.equal(first.subtotal.amountMinor, 1250)
      assert.deepEqual((await shop.guest.get(owner)).notices, [])
      const { lines } = await shop.inside().contents(owner)
      assert.deepEqual(lines, [{ sku: 'MUG', quantity: 1, unitPriceMinor: 1250 }])
    })

    it('says what is no longer sold or not in stock as long as it is so', async () => {
      const { owner } = await filled('MUG', 3)
      shop.goods.set('MUG', { priceMinor: 1000, available: 2, name: 'Mug' })
      for (let look = 0; look < 2; look += 1) {
        const cart = await shop.guest.get(owner)
        assert.deepEqual(
          cart.notices.map(({ message }) => message),
          ['Only 2 of "Mug" are left.'],
        )
        assert.equal(cart.lines[0]!.available, false)
        assert.equal(cart.lines[0]!.quantity, 3)
      }
      shop.goods.delete('MUG')
      const cart = await shop.guest.get(owner)
      assert.deepEqual(
        cart.notices.map(({ code }) => code),
        ['not-sold'],
      )
    })

    it('does not fail however dear things became', async () => {
      const { owner } = await filled('MUG', 50)
      shop.goods.set('MUG', { priceMinor: 99_999_999_999, available: 50 })
      assert.equal((await shop.guest.get(owner)).subtotal.amountMinor, 50 * 99_999_999_999)
    })

    it('keeps a cart for 30 more days; one that nobody touched that long is gone, and deleted', async () => {
      const { owner } = await filled()
      await inDatabase(`update cart.carts set expires_at = now() + interval '2 days' where cart_id = $1`, [
        owner.cartId,
      ])
      const { expiresAt } = await shop.guest.get(owner)
      assert(new Date(expiresAt).getTime() > Date.now() + 29.9 * 24 * 3600_000)
      await inDatabase(`update cart.carts set expires_at = now() - interval '1 second' where cart_id = $1`, [
        owner.cartId,
      ])
      await assert.rejects(shop.guest.get(owner), NOT_FOUND)
      await assert.rejects(shop.guest.addLine({ ...owner, sku: 'MUG', idempotencyKey: aKey() }), NOT_FOUND)
      await assert.rejects(shop.inside().contents(owner), NOT_FOUND)
      const query = async (text: string, values: readonly unknown[] = []) =>
        (await shop.pool.query(text, values as unknown[])).rows as never
      assert(Number(await forgetExpired(query, 100)) >= 1)
      assert.deepEqual(await inDatabase('select from cart.carts where cart_id = $1', [owner.cartId]), [])
    })

    it("starts a customer's expired cart afresh", async () => {
      const actor = aCustomer()
      const customer = shop.customer(actor)
      const { cartId } = await customer.create({ idempotencyKey: aKey() })
      await customer.addLine({ cartId, sku: 'MUG', idempotencyKey: aKey() })
      await inDatabase(`update cart.carts set expires_at = now() where cart_id = $1`, [cartId])
      await assert.rejects(customer.current({}), NOT_FOUND)
      const afresh = await customer.create({ idempotencyKey: aKey(), currency: 'JPY' })
      assert.deepEqual([afresh.lines, afresh.currency], [[], 'JPY'])
    })
  })

  describe('merging', () => {
    it("moves a guest's lines into the customer's cart, once", async () => {
      const customer = shop.customer()
      const { cartId } = await customer.create({ idempotencyKey: aKey() })
      await customer.addLine({ cartId, sku: 'DESK', idempotencyKey: aKey() })
      const { owner } = await filled('MUG', 2)
      const merges = await Promise.all([customer.merge(owner), customer.merge(owner)])
      for (const merged of [...merges, await customer.merge(owner)]) {
        assert.equal(merged.cartId, cartId)
        assert.deepEqual(merged.lines.map(({ sku, quantity }) => [sku, quantity]).sort(), [
          ['DESK', 1],
          ['MUG', 2],
        ])
      }
      await assert.rejects(shop.guest.get(owner), NOT_FOUND)
    })

    it('makes the cart the customer’s when they have none', async () => {
      const customer = shop.customer()
      const { owner } = await filled()
      const [first, second] = [await customer.merge(owner), await customer.merge(owner)]
      assert.equal(first.cartId, owner.cartId)
      assert.deepEqual(second.lines, first.lines)
      await assert.rejects(shop.guest.get(owner), NOT_FOUND)
      assert.equal((await customer.current({})).cartId, owner.cartId)
    })

    it('loses nothing when the guest goes on adding', async () => {
      const customer = shop.customer()
      await customer.create({ idempotencyKey: aKey() })
      const { owner } = await filled()
      const [merged, added] = await Promise.allSettled([
        customer.merge(owner),
        shop.guest.addLine({ ...owner, sku: 'DESK', idempotencyKey: aKey() }),
      ])
      assert.equal(merged.status, 'fulfilled')
      const { itemCount } = await customer.current({})
      assert.equal(itemCount, added.status === 'fulfilled' ? 2 : 1)
    })

    it('says what it had to cut', async () => {
      shop.goods.set('MUG', { priceMinor: 1000, available: 500, name: 'Mug' })
      const customer = shop.customer()
      const { cartId } = await customer.create({ idempotencyKey: aKey() })
      await customer.addLine({ cartId, sku: 'MUG', quantity: 60, idempotencyKey: aKey() })
      const { owner } = await filled('MUG', 60)
      const { lines, notices } = await customer.merge(owner)
      assert.equal(lines[0]!.quantity, 99)
      assert.deepEqual(
        notices.map(({ code }) => code),
        ['quantity-cut'],
      )
    })
  })

  describe("somebody else's cart", () => {
    it('is a 404 to everybody without its token, signed in or not, whatever they try', async () => {
      const { owner, lineId } = await filled()
      const { cartId } = owner
      const wrong = owner.cartToken.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
      for (const thief of [shop.guest, shop.customer()]) {
        for (const cartToken of [undefined, wrong, 'x'.repeat(43), 'x'.repeat(2000)]) {
          const claim = { cartId, ...(cartToken ? { cartToken } : {}) }
          await assert.rejects(thief.get(claim), NOT_FOUND)
          await assert.rejects(thief.addLine({ ...claim, sku: 'MUG', idempotencyKey: aKey() }), NOT_FOUND)
          await assert.rejects(thief.changeLine({ ...claim, lineId, quantity: 2 }), NOT_FOUND)
          await assert.rejects(thief.removeLine({ ...claim, lineId }), NOT_FOUND)
          await assert.rejects(shop.inside(aCustomer()).contents(claim), NOT_FOUND)
        }
      }
      await assert.rejects(shop.customer().merge({ cartId, cartToken: wrong }), NOT_FOUND)
      assert.equal((await shop.guest.get(owner)).itemCount, 1)
      assert.equal((await shop.customer().get(owner)).itemCount, 1, 'who holds the token may')
    })

    it("is a 404 to guests and other customers when it is a customer's", async () => {
      const actor = aCustomer()
      const { cartId } = await shop.customer(actor).create({ idempotencyKey: aKey() })
      await assert.rejects(shop.customer().get({ cartId }), NOT_FOUND)
      await assert.rejects(shop.guest.get({ cartId, cartToken: 'x'.repeat(43) }), NOT_FOUND)
      await assert.rejects(shop.customer().merge({ cartId, cartToken: 'x'.repeat(43) }), NOT_FOUND)
      await assert.rejects(shop.inside().contents({ cartId }), NOT_FOUND)
      assert.equal((await shop.inside(actor).contents({ cartId })).cartId, cartId)
    })
  })

  describe('an order that is paid', () => {
    it('closes the cart, once and for all; the customer starts another', async () => {
      const actor = aCustomer()
      const customer = shop.customer(actor)
      const { cartId } = await customer.create({ idempotencyKey: aKey() })
      await customer.addLine({ cartId, sku: 'MUG', idempotencyKey: aKey() })
      const id = await shop.publish(OrderConfirmed, ordered(cartId))
      await shop.settled()
      await assert.rejects(customer.get({ cartId }), NOT_FOUND)
      await assert.rejects(customer.current({}), NOT_FOUND)
      await assert.rejects(shop.inside(actor).contents({ cartId }), NOT_FOUND)
      const next = await customer.create({ idempotencyKey: aKey() })
      assert.notEqual(next.cartId, cartId)
      await customer.addLine({ cartId: next.cartId, sku: 'DESK', idempotencyKey: aKey() })
      await shop.publish(OrderConfirmed, ordered(cartId), { id })
      await shop.publish(OrderConfirmed, ordered(cartId))
      await shop.publish(OrderConfirmed, ordered(v7()))
      await shop.settled()
      assert.equal((await customer.current({})).itemCount, 1)
    })

    it('frees the key that created a guest’s cart', async () => {
      const idempotencyKey = aKey()
      const { cartId } = await shop.guest.create({ idempotencyKey })
      await shop.publish(OrderConfirmed, ordered(cartId))
      await shop.settled()
      assert.notEqual((await shop.guest.create({ idempotencyKey })).cartId, cartId)
    })
  })

  it('asks PostgreSQL as little as it can', async () => {
    const count = statements(shop.database.url)
    const { owner, lineId } = await filled()
    const measured = async (work: () => Promise<unknown>) => {
      await shop.settled()
      await count.reset()
      const before = shop.asked()
      await work()
      await shop.settled()
      const { total } = await count.ofServices()
      return { statements: total, asked: shop.asked() - before }
    }
    assert.deepEqual(await measured(guestCart), { statements: 1, asked: 0 })
    const key = aKey()
    const add = () => shop.guest.addLine({ ...owner, sku: 'DESK', idempotencyKey: key })
    assert.deepEqual(await measured(add), { statements: 2, asked: 2 }, 'add')
    assert.deepEqual(await measured(add), { statements: 1, asked: 2 }, 'add again')
    const change = () => shop.guest.changeLine({ ...owner, lineId, quantity: 2 })
    assert.deepEqual(await measured(change), { statements: 2, asked: 2 }, 'change')
    const get = () => shop.guest.get(owner)
    assert.deepEqual(await measured(get), { statements: 1, asked: 2 }, 'get')
    shop.goods.set('MUG', { priceMinor: 900, available: 50 })
    assert.deepEqual(await measured(get), { statements: 2, asked: 2 }, 'get with a new price')
    const remove = () => shop.guest.removeLine({ ...owner, lineId })
    assert.deepEqual(await measured(remove), { statements: 2, asked: 2 }, 'remove')
    const contents = () => shop.inside().contents(owner)
    assert.deepEqual(await measured(contents), { statements: 1, asked: 0 }, 'contents')
    const customer = shop.customer()
    const merge = () => customer.merge(owner)
    assert.deepEqual(await measured(merge), { statements: 2, asked: 2 }, 'merge')
    const close = () => shop.publish(OrderConfirmed, ordered(owner.cartId))
    assert.deepEqual(await measured(close), { statements: 2, asked: 0 }, 'order confirmed')
  })

  it('makes one secret, however many replicas start', async () => {
    await using replica = await startCartHost({ databaseOf: shop })
    replica.goods.set('MUG', { priceMinor: 1000, available: 50 })
    const idempotencyKey = aKey()
    const [here, there] = await Promise.all([
      shop.guest.create({ idempotencyKey }),
      replica.guest.create({ idempotencyKey }),
    ])
    assert.equal(here.cartToken, there.cartToken)
    assert.equal(here.cartId, there.cartId)
  })
})
