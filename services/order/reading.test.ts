import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { statements } from '@stoa/testing'
import { v7 } from 'uuid'
import { ADDRESS, aCustomer, aKey, aMemberOfStaff, startOrderHost } from './testing.ts'

const NOT_FOUND = { code: 'ORDER_NOT_FOUND' }

describe('reading orders', () => {
  let shop: Awaited<ReturnType<typeof startOrderHost>>
  before(async () => {
    shop = await startOrderHost()
    shop.world.goods.set('MUG', { priceMinor: 1000, available: 1000 })
  })
  after(() => shop?.[Symbol.asyncDispose]())

  const asCustomer = (actor: ReturnType<typeof aCustomer>, email?: string) =>
    shop
      .as(actor)
      .place(
        { cartId: shop.aCart(), shippingAddress: ADDRESS, ...(email ? { email } : {}) },
        { idempotencyKey: aKey() },
      )
  const idsOf = (page: { items: { orderId: string }[] }) => page.items.map(({ orderId }) => orderId)

  it("shows a guest's order to whoever holds its token, and to nobody else", async () => {
    const { order, orderToken } = await shop.place(shop.aCart())
    const { orderId } = order
    assert.deepEqual(await shop.guest.get({ orderId, orderToken }), order)
    const other = await shop.place(shop.aCart())
    for (const wrong of [
      undefined,
      other.orderToken,
      'x'.repeat(43),
      `${orderToken}x`,
      orderToken.slice(0, -1),
      // Base64url leaves bits of its last digit unused: another text for the same bytes is another text.
      ...[...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((last) => orderToken.slice(0, -1) + last),
    ])
      if (wrong !== orderToken)
        for (const thief of [shop.guest, shop.as(aCustomer())])
          await assert.rejects(
            thief.get({ orderId, ...(wrong === undefined ? {} : { orderToken: wrong }) }),
            NOT_FOUND,
          )
    await assert.rejects(shop.guest.get({ orderId: v7(), orderToken }), NOT_FOUND)
  })

  it("shows a customer's order to the customer, and by the link in the mail", async () => {
    const actor = aCustomer()
    const { order } = await asCustomer(actor)
    const { orderId } = order
    assert.deepEqual(await shop.as(actor).get({ orderId }), order)
    await assert.rejects(shop.guest.get({ orderId }), NOT_FOUND)
    await assert.rejects(shop.as(aCustomer()).get({ orderId }), NOT_FOUND)
    const { orderToken } = await shop.inside.mailDetails({ orderId })
    assert.deepEqual(await shop.guest.get({ orderId, orderToken }), order)
  })

  it('lists a customer’s orders newest first, page by page', async () => {
    const actor = aCustomer()
    const placed: string[] = []
    for (let index = 0; index < 5; index += 1) placed.unshift((await asCustomer(actor)).order.orderId)
    await asCustomer(aCustomer())
    const customer = shop.as(actor)
    const first = await customer.list({ limit: 2 })
    const second = await customer.list({ limit: 2, after: first.next! })
    const third = await customer.list({ limit: 2, after: second.next! })
    assert.deepEqual([first, second, third].flatMap(idsOf), placed)
    assert.equal(third.next, null)
    assert.equal((await customer.list({ limit: 5 })).next, null)
    for (const after of ['x', "' or 1=1", v7().toUpperCase()])
      await assert.rejects(customer.list({ after }), { code: 'INVALID_INPUT' })
    await assert.rejects(shop.guest.list({}), { code: 'UNAUTHENTICATED' })
  })

  it('shows guest orders to the customer who has confirmed their address, and not before', async () => {
    const email = `Both.${v7()}@Example.com`
    const guests = await shop.place(shop.aCart(), { email })
    const known = { email: email.toLowerCase(), id: v7() }
    const own = await asCustomer(aCustomer(known))
    const strangers = await asCustomer(aCustomer(), email)
    const before = shop.as(aCustomer(known))
    assert.deepEqual(idsOf(await before.list({})), [own.order.orderId])
    await assert.rejects(before.get({ orderId: guests.order.orderId }), NOT_FOUND)
    const later = shop.as(aCustomer({ ...known, emailVerified: true }))
    assert.deepEqual(idsOf(await later.list({})), [own.order.orderId, guests.order.orderId])
    assert.equal((await later.get({ orderId: guests.order.orderId })).orderId, guests.order.orderId)
    await assert.rejects(later.get({ orderId: strangers.order.orderId }), NOT_FOUND)
    const first = await later.list({ limit: 1 })
    const second = await later.list({ limit: 1, after: first.next! })
    assert.deepEqual([first, second].flatMap(idsOf), [own.order.orderId, guests.order.orderId])
  })

  it('finds a guest’s order by its number, as read out, and its address', async () => {
    const { order, orderToken } = await shop.place(shop.aCart(), { email: 'Look@Example.com' })
    const found = await shop.guest.lookUp({
      number: order.number.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o'),
      email: 'look@example.COM',
    })
    assert.deepEqual(found, { order, orderToken })
    await assert.rejects(shop.guest.lookUp({ number: order.number, email: 'else@example.com' }), NOT_FOUND)
    await assert.rejects(shop.guest.lookUp({ number: 'S-0000-0000', email: order.email }), NOT_FOUND)
    const customers = await asCustomer(aCustomer(), 'customer@example.com')
    await assert.rejects(
      shop.guest.lookUp({ number: customers.order.number, email: 'customer@example.com' }),
      NOT_FOUND,
    )
  })

  it('shows staff everything, by status', async () => {
    const staff = shop.as(aMemberOfStaff('order:read'))
    const actor = aCustomer()
    const { order } = await asCustomer(actor)
    await shop.paid(order.orderId)
    await shop.settled()
    const { customerId, version } = await staff.getForStaff({ orderId: order.orderId })
    assert.deepEqual([customerId, version], [(actor as { id: string }).id, 2])
    assert(idsOf(await staff.listForStaff({ limit: 100 })).includes(order.orderId))
    assert.deepEqual(idsOf(await staff.listForStaff({ status: 'confirmed' })), [order.orderId])
    const first = await staff.listForStaff({ status: 'pending', limit: 2 })
    const second = await staff.listForStaff({ status: 'pending', limit: 2, after: first.next! })
    assert.equal(new Set([first, second].flatMap(idsOf)).size, 4)
    await assert.rejects(shop.as(aMemberOfStaff()).listForStaff({}), { code: 'FORBIDDEN' })
    await assert.rejects(shop.as(actor).getForStaff({ orderId: order.orderId }), { code: 'FORBIDDEN' })
    await assert.rejects(shop.inside.mailDetails({ orderId: v7() }), NOT_FOUND)
    await assert.rejects(shop.guest.mailDetails({ orderId: order.orderId }), { code: 'NOT_FOUND' })
  })

  it('takes one statement each', async () => {
    const actor = aCustomer({ emailVerified: true })
    const { order, orderToken } = await asCustomer(actor)
    const { orderId } = order
    const staff = shop.as(aMemberOfStaff('order:read'))
    const count = statements(shop.database.url)
    for (const read of [
      () => shop.guest.get({ orderId, orderToken }),
      () => shop.as(actor).list({}),
      () => staff.listForStaff({}),
      () => staff.getForStaff({ orderId }),
      () => shop.inside.mailDetails({ orderId }),
    ]) {
      await shop.settled()
      await count.reset()
      await read()
      assert.equal((await count.ofServices()).total, 1)
    }
  })

  it('of another replica knows the same tokens', async () => {
    const { order, orderToken } = await shop.place(shop.aCart())
    await using replica = await startOrderHost({ databaseOf: shop })
    assert.deepEqual(await replica.guest.get({ orderId: order.orderId, orderToken }), order)
  })

  it('is republished as the state that each order is in', async () => {
    await using fresh = await startOrderHost()
    fresh.world.goods.set('MUG', { priceMinor: 1000, available: 10 })
    const [waiting, paid, failed, over] = [
      await fresh.place(fresh.aCart()),
      await fresh.place(fresh.aCart()),
      await fresh.place(fresh.aCart()),
      await fresh.place(fresh.aCart()),
    ]
    await fresh.paid(paid.order.orderId)
    await fresh.declined(failed.order.orderId)
    await fresh.guest.cancel({ orderId: over.order.orderId, orderToken: over.orderToken })
    const before = (await fresh.loggedEvents()).length
    await fresh.host.background!.republish('order')
    const said = (await fresh.loggedEvents()).slice(before)
    assert.deepEqual(
      said.map(({ name, payload }) => [(payload as { orderId: string }).orderId, name]),
      [
        [waiting.order.orderId, 'order.placed'],
        [paid.order.orderId, 'order.confirmed'],
        [failed.order.orderId, 'order.payment-failed'],
        [over.order.orderId, 'order.cancelled'],
      ],
    )
  })
})
