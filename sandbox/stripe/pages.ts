import type Stripe from 'stripe'
import type { Answer, Request, Route } from '../http-router.ts'
import { type Html, html, page } from '../page.ts'
import { TEST_CARDS } from './cards.ts'
import { formatAmount } from './currencies.ts'
import { readForm } from './form.ts'
import type { Payments } from './payments.ts'
import type { IntentRecord, Store } from './store.ts'
import { StripeError } from './stripe-error.ts'

/** Intents on one page; older ones are behind a link. */
const PAGE_SIZE = 50

/** What a person may look at: payments, the 3-D Secure challenge, the test cards. */
export function pageRoutes({ store, payments }: { store: Store; payments: Payments }): Route[] {
  return [
    { method: 'GET', pattern: '/payments', handler: (request) => paymentsPage(store, request) },
    { method: 'GET', pattern: '/payments/:id', handler: ({ params }) => paymentPage(store, params.id ?? '') },
    { method: 'GET', pattern: '/cards', handler: cardsPage },
    {
      method: 'GET',
      pattern: '/3d-secure/:id',
      handler: ({ params }) => challengePage({ payments, store, id: params.id ?? '' }),
    },
    {
      method: 'POST',
      pattern: '/3d-secure/:id',
      handler: ({ params, body }) => settle({ payments, id: params.id ?? '', body: body.toString('utf8') }),
    },
  ]
}

function challengePage({ payments, store, id }: { payments: Payments; store: Store; id: string }): Answer {
  const record = payments.findChallenge(id)
  if (record === null) return missing('This authentication is not known here.')
  if (!isOpen(record, id)) {
    return page({
      title: '3-D Secure',
      body: html`<p class="card">This authentication is over. You can close this page.</p>`,
    })
  }
  const { intent } = record
  const method = store.get('method', String(intent.payment_method))?.method
  return page({
    title: '3-D Secure',
    body: html`
<section class="card narrow">
<p class="soft">Your bank asks whether it is you who pays</p>
<p class="amount">${amountOf(intent)}</p>
<dl><dt>Card</dt><dd>${method?.card?.brand} •••• ${method?.card?.last4}</dd><dt>Payment</dt><dd><code>${intent.id}</code></dd></dl>
<p></p>
<form method="post" action="">
<button class="primary" name="outcome" value="complete">Complete</button>
<button name="outcome" value="fail">Fail</button>
</form>
</section>
<p class="soft narrow">This is a sandbox: no bank and no money are behind this page.</p>`,
  })
}

/** `outcome=complete|fail`. Said twice, the first answer stays and the shopper is sent the same way. */
function settle({ payments, id, body }: { payments: Payments; id: string; body: string }): Answer {
  const outcome = outcomeIn(body)
  if (outcome === null) {
    return page({
      status: 400,
      title: '3-D Secure',
      body: html`<p class="card">Say <code>outcome=complete</code> or <code>outcome=fail</code>.</p>`,
    })
  }
  const record = payments.answerChallenge({ challengeId: id, passed: outcome === 'complete' })
  if (record === null) return missing('This authentication is not known here.')
  const succeeded = record.challenge?.id === id && record.challenge.outcome === 'succeeded'
  if (record.returnUrl === null) {
    const words = succeeded ? 'Done: you are authenticated.' : 'The authentication failed.'
    return page({ title: '3-D Secure', body: html`<p class="card">${words} You can close this page.</p>` })
  }
  const target = new URL(record.returnUrl)
  target.searchParams.set('payment_intent', record.intent.id)
  target.searchParams.set('payment_intent_client_secret', record.intent.client_secret ?? '')
  target.searchParams.set('source_type', 'card')
  target.searchParams.set('redirect_status', succeeded ? 'succeeded' : 'failed')
  return { status: 303, headers: { location: target.href } }
}

function outcomeIn(body: string): 'complete' | 'fail' | null {
  try {
    const { outcome } = readForm(body)
    return outcome === 'complete' || outcome === 'fail' ? outcome : null
  } catch (error) {
    if (error instanceof StripeError) return null
    throw error
  }
}

function isOpen({ challenge, intent }: IntentRecord, id: string): boolean {
  return challenge?.id === id && challenge.outcome === null && intent.status === 'requires_action'
}

function paymentsPage(store: Store, request: Request): Answer {
  const newest = [...store.all('intent')].reverse().map(({ intent }) => intent)
  const after = new URLSearchParams(request.query).get('after')
  const from = newest.findIndex(({ id }) => id === after) + 1
  const shown = newest.slice(from, from + PAGE_SIZE)
  const older = from + PAGE_SIZE < newest.length ? shown.at(-1)?.id : undefined
  return page({
    title: 'Payments',
    body: html`
<p class="soft">${newest.length} in all, newest first.</p>
${shown.length === 0 ? html`<p class="card">No payment yet.</p>` : html`<ul class="rows">${shown.map(row)}</ul>`}
${older && html`<p><a href="/payments?after=${older}">Older payments</a></p>`}`,
  })
}

function row(intent: Stripe.PaymentIntent): Html {
  return html`<li><a href="/payments/${intent.id}"><code>${intent.id}</code></a><span>${amountOf(intent)} ${status(intent.status)}</span><span class="soft">${intent.description ?? intent.receipt_email ?? ''} <time>${when(intent.created)}</time></span></li>`
}

function paymentPage(store: Store, id: string): Answer {
  const record = store.get('intent', id)
  if (record === undefined) return missing('No such payment.')
  const { intent } = record
  const charges = record.chargeIds.flatMap((chargeId) => store.get('charge', chargeId) ?? [])
  const action = intent.next_action?.redirect_to_url?.url ?? record.challenge?.id
  return page({
    title: amountOf(intent),
    body: html`
<section class="card"><dl>
<dt>Status</dt><dd>${status(intent.status)}</dd>
<dt>Payment</dt><dd><code>${intent.id}</code></dd>
<dt>Created</dt><dd>${when(intent.created)}</dd>
<dt>Received</dt><dd>${formatAmount({ amount: intent.amount_received, currency: intent.currency })}</dd>
${intent.last_payment_error && html`<dt>Last error</dt><dd class="bad">${intent.last_payment_error.message}</dd>`}
</dl>
${intent.status === 'requires_action' && action && html`<p><a href="/3d-secure/${record.challenge?.id}">Open the 3-D Secure challenge</a></p>`}
</section>
<h2>Charges</h2>
${
  charges.length === 0
    ? html`<p class="card">None yet.</p>`
    : html`<ul class="rows">${charges.map(
        (charge) =>
          html`<li><code>${charge.id}</code><span class="${charge.paid ? 'good' : 'bad'}">${charge.status}${charge.amount_refunded > 0 && html`, ${formatAmount({ amount: charge.amount_refunded, currency: charge.currency })} given back`}</span><span class="soft">${charge.failure_message ?? charge.payment_method_details?.card?.last4} <time>${when(charge.created)}</time></span></li>`,
      )}</ul>`
}
<h2>As the API answers it</h2>
<pre class="card">${JSON.stringify(intent, null, 2)}</pre>`,
  })
}

function cardsPage(): Answer {
  return page({
    title: 'Test cards',
    body: html`
<p>Any future month, any three digits as security code (four for American Express). Every other number is declined as a live card.</p>
<ul class="rows">${[...TEST_CARDS].map(
      ([number, card]) =>
        html`<li><code class="word">${grouped(number)}</code><span>${card.brand}${card.funding !== 'credit' && html`, ${card.funding}`}</span><span class="soft">${card.does} ${card.paymentMethod && html`<code>${card.paymentMethod}</code>`}</span></li>`,
    )}</ul>`,
  })
}

function grouped(number: string): string {
  return number.length === 15
    ? number.replace(/^(.{4})(.{6})(.{5})$/, '$1 $2 $3')
    : number.replace(/(.{4})(?=.)/g, '$1 ')
}

function missing(words: string): Answer {
  return page({ status: 404, title: 'Not found', body: html`<p class="card">${words}</p>` })
}

function status(value: Stripe.PaymentIntent.Status): Html {
  const tone = value === 'succeeded' ? 'good' : value === 'canceled' ? 'bad' : 'wait'
  return html`<strong class="${tone}">${value.replaceAll('_', ' ')}</strong>`
}

function amountOf({ amount, currency }: Stripe.PaymentIntent): string {
  return `${formatAmount({ amount, currency })} ${currency.toUpperCase()}`
}

function when(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 19)
}
