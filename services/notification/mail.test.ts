import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { Rejection } from '@stoa/contract'
import {
  ApiKeyRotationDue,
  EmailConfirmationRequested,
  PasswordResetRequested,
  UserRegistered,
} from '@stoa/contracts/auth'
import { notification } from '@stoa/contracts/notification'
import { OrderConfirmed, OrderPaymentFailed } from '@stoa/contracts/order'
import { PaymentRefunded } from '@stoa/contracts/payment'
import { eventually, startTcpProxy, statements } from '@stoa/testing'
import { v7 } from 'uuid'
import { ADDRESS, anOrder, type MailHost, startMailHost } from './testing.ts'

const confirmed = (orderId = v7()) => ({
  orderId,
  cartId: v7(),
  customerId: null,
  currency: 'EUR',
  totalMinor: 25_900,
  lines: [],
  paymentId: v7(),
})

/** Publishes a confirmed order and returns the id of its event, which is the mail's. */
const confirmOrder = (host: MailHost, orderId = v7(), id = v7()) =>
  host.publish(OrderConfirmed, confirmed(orderId), { id })

const rowOf = async (host: MailHost, id: string) =>
  (await host.pool.query('select * from notification.notifications where notification_id = $1', [id])).rows[0]

const becomes = (host: MailHost, id: string, status: string, timeoutMs = 15_000) =>
  eventually(async () => assert.equal((await rowOf(host, id))?.status, status), { timeoutMs })

test('a confirmed order brings one mail, for one statement to schedule it and two of our own to send it', async () => {
  await using host = await startMailHost()
  const counter = await statements(host.database.url)
  await counter.reset()
  const id = await confirmOrder(host)
  await host.settled()
  const { total, statements: ran } = await counter.ofServices()
  assert.equal(total, 3, JSON.stringify(ran, null, 1))
  const [mail, ...more] = await host.mails()
  assert.deepEqual(more, [])
  assert.deepEqual(mail?.to, [ADDRESS])
  assert.equal(mail?.from, 'orders@shop.example')
  assert.equal(mail?.subject, 'Your order S-7K3M-92QX is confirmed')
  assert.equal(mail?.messageId, `${id}@shop.example`)
  assert.match(mail?.text ?? '', /€259\.00/)
  assert.match(mail?.html ?? '', /€259\.00/)
  const header = (name: string) => mail?.headers.find((candidate) => candidate.name === name)?.value
  assert.equal(header('auto-submitted'), 'auto-generated')
  assert.match(header('from') ?? '', /Stoa/)
})

test('each fact about an account or an order brings its mail', async () => {
  await using host = await startMailHost()
  const [userId, requestId, orderId] = [v7(), v7(), v7()]
  const token = 'a-token-of-at-least-twenty-characters'
  await host.publish(UserRegistered, { userId }, { id: v7() })
  await host.publish(EmailConfirmationRequested, { userId, requestId }, { id: v7() })
  await host.publish(PasswordResetRequested, { userId, requestId }, { id: v7() })
  const refund = {
    paymentId: v7(),
    orderId,
    refundId: v7(),
    amountMinor: 1_000,
    currency: 'EUR',
    reason: 'expired',
  }
  await host.publish(PaymentRefunded, refund, { id: v7() })
  await host.settled()
  host.world.order = anOrder({ status: 'payment_failed', paymentProblem: 'Your card was declined.' })
  await host.publish(OrderPaymentFailed, { orderId, attempt: 1 }, { id: v7() })
  await host.settled()
  const mails = await host.mails()
  const bySubject = new Map(mails.map((mail) => [mail.subject, mail.text]))
  assert.equal(mails.length, 5)
  assert.match(bySubject.get('Welcome to Stoa') ?? '', new RegExp(`/en/confirm-email\\?token=${token}`))
  assert.match(
    bySubject.get('Confirm your address for Stoa') ?? '',
    new RegExp(`/confirm-email\\?token=${token}`),
  )
  assert.match(
    bySubject.get('Set a new password for Stoa') ?? '',
    new RegExp(`/reset-password\\?token=${token}`),
  )
  assert.match(bySubject.get('We refunded €10.00 of your order S-7K3M-92QX') ?? '', /time to pay was over/)
  assert.match(
    bySubject.get('The payment of your order S-7K3M-92QX did not work') ?? '',
    /Your card was declined\.[\s\S]*your cart is as it was[\s\S]*\/orders\//,
  )
  assert.equal(host.world.calls.length, 3)
  for (const call of [
    { userId, purpose: 'welcome' },
    { userId, purpose: 'confirm-email', requestId },
    { userId, purpose: 'password-reset', requestId },
  ])
    assert.ok(host.world.calls.some((made) => isDeepStrictEqual(made, call)))
})

test('the same event again, and its job again, and again at once, bring no second mail', async () => {
  await using host = await startMailHost()
  const orderId = v7()
  const id = await confirmOrder(host, orderId)
  await host.settled()
  await confirmOrder(host, orderId, id)
  await host.settled()
  const request = { eventId: id, template: 'order-confirmation', subjectId: orderId }
  await host.runJob('send-mail', request)
  const another = { ...request, eventId: v7(), subjectId: v7() }
  await host.faults({ delayMs: 100 })
  const tries = await Promise.allSettled(Array.from({ length: 5 }, () => host.runJob('send-mail', another)))
  assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal((await host.counters()).received, 2)
})

test('orders that are announced again bring no second confirmation, however long ago they were confirmed', async () => {
  await using host = await startMailHost()
  const orderId = v7()
  await confirmOrder(host, orderId)
  await host.settled()
  await confirmOrder(host, orderId)
  await host.settled()
  host.world.order = anOrder({ confirmedAt: new Date(Date.now() - 89.5 * 24 * 3600_000).toISOString() })
  const old = await confirmOrder(host)
  await becomes(host, old, 'skipped')
  assert.equal((await host.mails()).length, 1)
  host.world.order = anOrder({ status: 'payment_failed' })
  await host.publish(OrderPaymentFailed, { orderId, attempt: 1 }, { id: v7() })
  await host.publish(OrderPaymentFailed, { orderId, attempt: 1 }, { id: v7() })
  await host.settled()
  assert.equal((await host.mails()).length, 2)
})

test('a server that is busy for now is asked again, and gets the mail once', async () => {
  await using host = await startMailHost()
  await host.faults({ reject: { code: 451, count: 1, message: `Greylisted: ${ADDRESS}, come back` } })
  const id = await confirmOrder(host)
  await becomes(host, id, 'waiting')
  await eventually(async () =>
    assert.equal((await rowOf(host, id)).last_error, 'Message failed: 451 Greylisted: (address), come back'),
  )
  await becomes(host, id, 'sent')
  const row = await rowOf(host, id)
  assert.deepEqual([row.attempts, row.last_error], [2, null])
  assert.equal((await host.counters()).received, 1)
})

test('a server that is away is waited for', async () => {
  await using host = await startMailHost({ environment: { SMTP_URL: 'smtp://127.0.0.1:1' } })
  const id = await confirmOrder(host)
  await eventually(async () => assert.match((await rowOf(host, id))?.last_error ?? '', /ECONNREFUSED/))
  assert.equal((await rowOf(host, id)).status, 'waiting')
})

test('a server that takes connections and says nothing is left after seconds, and gets the mail once it speaks', async () => {
  await using way = await startTcpProxy('smtp://127.0.0.1:9')
  await using host = await startMailHost({ environment: { SMTP_URL: way.through('smtp://127.0.0.1:9') } })
  way.lead(host.sandbox.smtpUrl)
  way.freeze()
  const id = await confirmOrder(host)
  await eventually(async () => assert.notEqual((await rowOf(host, id))?.last_error ?? null, null), {
    timeoutMs: 10_000,
  })
  way.thaw()
  await becomes(host, id, 'sent')
  assert.equal((await host.mails()).length, 1)
})

test('a refusal for good is recorded without the address, and not asked again', async () => {
  await using host = await startMailHost()
  await host.faults({ reject: { code: 550, count: 1, message: `No such user: <${ADDRESS}>` } })
  const id = await confirmOrder(host)
  await becomes(host, id, 'failed')
  await host.settled()
  const row = await rowOf(host, id)
  assert.match(row.last_error, /550 No such user: <\(address\)>/)
  assert.equal(row.attempts, 1)
  assert.equal((await host.counters()).received, 0)
})

test('after a day of trying a mail is given up', async () => {
  await using host = await startMailHost({ environment: { SMTP_URL: 'smtp://127.0.0.1:1' } })
  const request = { eventId: v7(), template: 'order-confirmation', subjectId: v7() }
  await assert.rejects(host.runJob('send-mail', request), /did not take a mail/)
  await host.pool.query(`update notification.notifications set created_at = now() - interval '25 hours'`)
  await host.runJob('send-mail', request)
  assert.equal((await rowOf(host, request.eventId)).status, 'failed')
})

test('when the connection breaks before the 250 the mail may come again, under the same Message-ID', async () => {
  await using host = await startMailHost()
  await host.faults({ dropBeforeAnswer: 1 })
  const request = { eventId: v7(), template: 'order-confirmation', subjectId: v7() }
  await assert.rejects(host.runJob('send-mail', request), /did not take a mail/)
  await host.runJob('send-mail', request)
  const messageId = `${request.eventId}@shop.example`
  const mails = await host.mails()
  assert.deepEqual(
    mails.map((mail) => mail.messageId),
    [messageId, messageId],
  )
})

test('when it breaks after the 250 the mail does not come again', async () => {
  await using host = await startMailHost()
  await host.faults({ dropAfterAccept: 3 })
  const ids = [await confirmOrder(host), await confirmOrder(host), await confirmOrder(host)]
  for (const id of ids) await becomes(host, id, 'sent')
  assert.equal((await host.counters()).received, 3)
})

test('an attempt that died is taken over when its lease is over', async () => {
  await using host = await startMailHost()
  const request = { eventId: v7(), template: 'order-confirmation', subjectId: v7() }
  await host.pool.query(
    `insert into notification.notifications (notification_id, template, subject_id, message_id, attempts, claimed_until)
     values ($1, 'order-confirmation', $2, 'x@shop.example', 1, now() + interval '1 minute')`,
    [request.eventId, request.subjectId],
  )
  await assert.rejects(host.runJob('send-mail', request), /another attempt/)
  await host.pool.query('update notification.notifications set claimed_until = now()')
  await host.runJob('send-mail', request)
  assert.equal((await rowOf(host, request.eventId)).status, 'sent')
})

test('a failed payment is not told when the order was paid or cancelled meanwhile, nor a confirmation of what was cancelled', async () => {
  await using host = await startMailHost()
  for (const status of ['confirmed', 'cancelled'] as const) {
    host.world.order = anOrder({ status })
    const id = await host.publish(OrderPaymentFailed, { orderId: v7(), attempt: 1 }, { id: v7() })
    await becomes(host, id, 'skipped')
  }
  const id = await confirmOrder(host)
  await becomes(host, id, 'skipped')
  assert.match((await rowOf(host, id)).last_error, /cancelled meanwhile/)
  assert.deepEqual(await host.mails(), [])
})

test('a mail that waited and is no longer true is skipped', async () => {
  await using host = await startMailHost({ environment: { SMTP_URL: 'smtp://127.0.0.1:1' } })
  host.world.order = anOrder({ status: 'payment_failed' })
  const request = { eventId: v7(), template: 'payment-failed', subjectId: v7() }
  await assert.rejects(host.runJob('send-mail', request))
  host.world.order = anOrder({ status: 'confirmed' })
  await host.runJob('send-mail', request)
  assert.equal((await rowOf(host, request.eventId)).status, 'skipped')
})

test('a link that was used already is not sent', async () => {
  await using host = await startMailHost({ token: null })
  const ids = v7()
  const id = await host.publish(PasswordResetRequested, { userId: ids, requestId: ids }, { id: v7() })
  await becomes(host, id, 'skipped')
  assert.deepEqual(await host.mails(), [])
})

test('nothing that is kept holds an address', async () => {
  await using host = await startMailHost()
  const id = await confirmOrder(host)
  await becomes(host, id, 'sent')
  const { rows } = await host.pool.query(
    'select to_jsonb(n)::text as kept from notification.notifications n union all select to_jsonb(o)::text from notification.outbox o',
  )
  for (const { kept } of rows) assert.ok(!kept.includes(ADDRESS))
})

test('staff page through the mails, newest first, of everything or of one order', async () => {
  await using host = await startMailHost()
  const orderIds = [v7(), v7(), v7()]
  for (const orderId of orderIds) await confirmOrder(host, orderId)
  await host.settled()
  const first = await host.staff.listForStaff({ limit: 2 })
  assert.deepEqual(
    first.items.map(({ subjectId, status, template }) => [subjectId, status, template]),
    [
      [orderIds[2], 'sent', 'order-confirmation'],
      [orderIds[1], 'sent', 'order-confirmation'],
    ],
  )
  const second = await host.staff.listForStaff({ limit: 2, after: first.next ?? '' })
  assert.deepEqual([second.items.map(({ subjectId }) => subjectId), second.next], [[orderIds[0]], null])
  const { items } = await host.staff.listForStaff({ subjectId: orderIds[1] ?? '' })
  assert.deepEqual(items, [first.items[1]])
  await assert.rejects(
    host.staff.listForStaff({ after: 'nonsense' }),
    (error) => error instanceof Rejection && error.code === 'INVALID_INPUT',
  )
  for (const actor of [undefined, { kind: 'staff' as const, id: v7(), sessionId: v7(), permissions: [] }])
    await assert.rejects(host.client(notification, actor ? { actor } : {}).listForStaff({}), Rejection)
})

test('after 90 days a mail is forgotten', async () => {
  await using host = await startMailHost()
  const [old, young] = [await confirmOrder(host), await confirmOrder(host)]
  await host.settled()
  await host.pool.query(
    `update notification.notifications set created_at = now() - interval '91 days' where notification_id = $1`,
    [old],
  )
  await host.runJob('sweep')
  assert.equal(await rowOf(host, old), undefined)
  assert.equal((await rowOf(host, young)).status, 'sent')
})

test('staff are reminded of their API keys, unless those were rotated meanwhile; the mail is in the list of all mails', async () => {
  await using host = await startMailHost()
  const [userId, other] = [v7(), v7()]
  await host.publish(ApiKeyRotationDue, { userId: other })
  await host.settled()
  assert.deepEqual(await host.mails(), [])
  host.world.apiKeys = [
    { name: 'Till <2>', rotatedAt: '2026-10-01T00:00:00.000Z', expiresAt: '2026-12-30T00:00:00.000Z' },
  ]
  const id = await host.publish(ApiKeyRotationDue, { userId }, { id: v7() })
  await host.settled()
  await becomes(host, id, 'sent')
  const [mail] = await host.mails()
  assert.equal(mail?.subject, 'API keys of Stoa to be rotated')
  assert.match(mail?.text ?? '', /Till <2>[\s\S]*1 October 2026[\s\S]*30 December 2026/)
  const { items } = await host.staff.listMails({ subjectId: userId })
  assert.deepEqual(
    items.map(({ template, status }) => [template, status]),
    [['api-key-rotation', 'sent']],
  )
  assert.deepEqual((await host.staff.listForStaff({ subjectId: userId })).items, [])
})
