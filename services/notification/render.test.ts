import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutAddresses } from './channels/smtp.ts'
import { formatMoney } from './format-money.ts'
import { html } from './html.ts'
import { shopLink } from './mail.ts'
import { renderMail } from './render.ts'
import { orderConfirmation } from './templates/order-confirmation.ts'
import { orderRefunded } from './templates/order-refunded.ts'
import { paymentFailed } from './templates/payment-failed.ts'
import { welcome } from './templates/welcome.ts'
import { anOrder } from './testing.ts'

const shop = { name: 'Möbel & Söhne', url: 'https://shop.example/en/' }
const orderToken = 'order-token-of-twenty-characters'

test('text put into markup is escaped, markup put into markup is not', () => {
  const inner = html`<b>${'<i>'}</b>`
  assert.equal(html`<p title="${'"x"'}">${inner}${[inner, inner]}</p>`.markup.match(/<i>/), null)
  assert.equal(html`${inner}`.markup, '<b>&#60;i&#62;</b>')
})

test('a confirmation says what was ordered, what it cost, where it goes and where to look, in both of its forms', () => {
  const order = anOrder()
  const mail = renderMail(orderConfirmation({ order, orderToken }, shop), shop)
  const link = `https://shop.example/en/orders/${order.orderId}?token=${orderToken}`
  assert.equal(mail.subject, 'Your order S-7K3M-92QX is confirmed')
  for (const words of [
    '23 November 2026',
    '€259.00',
    'Colour: Oak, Width: 140 cm',
    'SW1Y 4JH London',
    'S-7K3M-92QX',
    link,
  ])
    for (const form of [mail.text, mail.html]) assert.ok(form.includes(words), `${words} in ${form}`)
  assert.ok(mail.text.includes('2 x Desk <b>"Oak"</b> & Co (Colour: Oak, Width: 140 cm): €259.00'))
  assert.ok(!mail.html.includes('<b>'))
  assert.match(mail.html, /width=device-width/)
  assert.doesNotMatch(mail.html, /<(img|script|link|iframe)|url\(/)
  assert.doesNotMatch(mail.text, /<\/?(p|table|td|a)\b/)
})

test('a failed payment says why, that nothing is lost, and until when', () => {
  const order = anOrder({ status: 'payment_failed', paymentProblem: 'Your card has insufficient funds.' })
  const { text } = renderMail(paymentFailed({ order, orderToken }, shop), shop)
  for (const words of [
    'Your card has insufficient funds.',
    'your cart is as it was',
    '23 November 2026 at 13:35 UTC',
  ])
    assert.ok(text.includes(words), text)
})

test('a refund says how much and why, whatever the reason is called', () => {
  const amount = { amountMinor: 500, currency: 'JPY' }
  const mailFor = (reason: string) =>
    renderMail(orderRefunded({ order: anOrder(), orderToken, amount, reason }, shop), shop).text
  assert.match(mailFor('expired'), /after the time to pay was over[\s\S]*¥500/)
  assert.match(mailFor('something new'), /We paid money back to you/)
})

test('a welcome has a link to confirm the address, unless there is nothing to confirm', () => {
  const mailFor = (token: string | null) => renderMail(welcome({ name: null, token }, shop), shop).text
  assert.match(mailFor('t0ken+/='), /https:\/\/shop\.example\/en\/confirm-email\?token=t0ken%2B%2F%3D/)
  assert.doesNotMatch(mailFor(null), /confirm-email/)
})

test('links keep the path that the shop lives under', () => {
  assert.equal(
    shopLink({ name: '', url: 'http://localhost:8080' }, '/orders/1'),
    'http://localhost:8080/orders/1',
  )
  assert.equal(shopLink(shop, '/orders/1', { token: 'a b' }), 'https://shop.example/en/orders/1?token=a+b')
})

for (const [currency, amountMinor, shown] of [
  ['EUR', 123_450, '€1,234.50'],
  ['JPY', 500, '¥500'],
  ['KWD', 12_345, 'KWD 12.345'],
  ['IQD', 12_345, 'IQD 12.345'],
  ['EUR', 99_999_999_999, '€999,999,999.99'],
] as const)
  test(`${amountMinor} minor units of ${currency} read ${shown}`, () => {
    assert.equal(formatMoney({ amountMinor, currency }).replace(/\u00a0/g, ' '), shown)
  })

test('no address stays in what a mail server said', () => {
  const words = "550 5.1.1 <ada.l+shop@mail.example.com>: 'bob@example.com' unknown; see ada@x"
  assert.equal(
    withoutAddresses(new Error(words)),
    "550 5.1.1 <(address)>: '(address)' unknown; see (address)",
  )
  assert.equal(withoutAddresses(new Error('x'.repeat(1000))).length, 300)
})
