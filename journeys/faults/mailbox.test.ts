import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventually } from '@stoa/testing'
import { Buyer, CARDS, sandboxControl } from '../buyer.ts'
import { startShop, topology } from '../shop.ts'
import { Mailbox } from './mailbox.ts'

const skip = topology !== 'inside' && 'the mailbox is the same in every topology'

describe('what the mail server took', { skip }, () => {
  it('shows a confirmation whose 250 was lost: twice, under one Message-ID', async () => {
    await using shop = await startShop()
    const sku = await shop.sell({ quantity: 10 })
    const mailbox = new Mailbox(shop.sandbox)
    const confirm = async () => {
      const buyer = new Buyer(shop)
      await buyer.fill(sku)
      const placed = await buyer.order()
      await buyer.pay(placed)
      await buyer.mailAbout(new RegExp(placed.order.number))
      return placed.order.number
    }
    const times = (wanted: string) =>
      [...mailbox.taken.values()].filter(({ number }) => number === wanted).map((mail) => mail.times)

    const first = await confirm()
    await mailbox.look()
    assert.deepEqual(times(first), [1])
    await sandboxControl(shop, 'mail/faults', { dropBeforeAnswer: 1 })
    const second = await confirm()
    await eventually(
      async () => {
        await mailbox.look()
        assert.deepEqual(times(second), [2])
      },
      { timeoutMs: 30_000 },
    )
    assert.deepEqual(times(first), [1], 'what was counted is not counted again')
    assert.equal(mailbox.repeated, 1)
  })

  it('tells mails about a decline and a refund from a confirmation', async () => {
    await using shop = await startShop()
    const mailbox = new Mailbox(shop.sandbox)
    const buyer = new Buyer(shop)
    await buyer.fill(await shop.sell({ quantity: 10 }))
    const placed = await buyer.order()
    const { number, orderId } = placed.order
    await buyer.pay(placed, CARDS.declined)
    await buyer.mailAbout(/did not work/)
    await buyer.pay(placed)
    await buyer.mailAbout(/is confirmed/)
    const { status } = await shop.http.post(
      `/v1/orders/${orderId}/cancel`,
      {},
      { orderToken: placed.orderToken },
    )
    assert.equal(status, 200)
    await buyer.mailAbout(/refunded/)
    await mailbox.look()
    assert.deepEqual(
      [...mailbox.taken.values()].toSorted((a, b) => a.kind.localeCompare(b.kind)),
      [
        { kind: 'order-confirmation', number, times: 1 },
        { kind: 'order-refunded', number, times: 1 },
        { kind: 'payment-failed', number, times: 1 },
      ],
    )
  })
})
