import { createHash } from 'node:crypto'
import type Stripe from 'stripe'
import { behaviourOf, type CardBehaviour, DECLINES, type Decline } from './cards.ts'
import { newId, randomText } from './ids.ts'
import { documentationOf, type ErrorBody } from './stripe-error.ts'

/** The API's objects as they are when they begin, in the shape that Stripe's own types give them. */

export type Card = {
  number: string
  expMonth: number
  expYear: number
  cvcGiven: boolean
}

type Seconds = { created: number }

export function newPaymentMethod({
  card,
  created,
  billingDetails,
  metadata,
  allowRedisplay,
}: Seconds & {
  card: Card
  billingDetails: Stripe.PaymentMethod['billing_details']
  metadata: Record<string, string>
  allowRedisplay: 'always' | 'limited' | 'unspecified'
}): Stripe.PaymentMethod {
  const behaviour = behaviourOf(card.number)
  return {
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: allowRedisplay,
    billing_details: billingDetails,
    card: {
      brand: behaviour.brand,
      checks: {
        address_line1_check: null,
        address_postal_code_check: null,
        cvc_check: card.cvcGiven ? 'unchecked' : null,
      },
      country: behaviour.country,
      display_brand: behaviour.brand,
      exp_month: card.expMonth,
      exp_year: card.expYear,
      fingerprint: fingerprintOf(card.number),
      funding: behaviour.funding,
      generated_from: null,
      last4: card.number.slice(-4),
      networks: { available: [behaviour.brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: behaviour.brand !== 'amex' && behaviour.brand !== 'unionpay' },
      wallet: null,
    },
    created,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata,
    type: 'card',
  }
}

/** The same for the same number, and no way back to it. */
function fingerprintOf(number: string): string {
  return createHash('sha256')
    .update(`stoa sandbox ${number}`)
    .digest('base64url')
    .replace(/[-_]/g, 'x')
    .slice(0, 16)
}

export const NO_BILLING_DETAILS: Stripe.PaymentMethod['billing_details'] = {
  address: { city: null, country: null, line1: null, line2: null, postal_code: null, state: null },
  email: null,
  name: null,
  phone: null,
  tax_id: null,
}

export function newPaymentIntent({
  created,
  amount,
  currency,
}: Seconds & { amount: number; currency: string }): Stripe.PaymentIntent {
  const id = newId('pi')
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic_async',
    client_secret: `${id}_secret_${randomText(25)}`,
    confirmation_method: 'automatic',
    created,
    currency,
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  }
}

export type Attempt = {
  intent: Stripe.PaymentIntent
  method: Stripe.PaymentMethod
  behaviour: CardBehaviour
  /** The shopper passed a 3-D Secure challenge for it. */
  authenticated: boolean
  decline: Decline | null
  receiptUrl: (chargeId: string) => string
}

/** What the card network said to one attempt. */
export function newCharge({
  created,
  intent,
  method,
  behaviour,
  authenticated,
  decline,
  receiptUrl,
}: Seconds & Attempt): Stripe.Charge {
  const id = newId('ch')
  const refusal = decline === null ? null : DECLINES[decline]
  const captured = refusal === null && intent.capture_method !== 'manual'
  return {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: captured ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: captured ? balanceTransactionId(id) : null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: intent.statement_descriptor ?? 'SANDBOX SHOP',
    captured,
    created,
    currency: intent.currency,
    customer: null,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: refusal?.code ?? null,
    failure_message: refusal?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: outcomeOf(decline),
    paid: refusal === null,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: {
      type: 'card',
      card: {
        amount_authorized: refusal === null ? intent.amount : null,
        authorization_code: refusal === null ? '123456' : null,
        brand: behaviour.brand,
        checks: {
          address_line1_check: null,
          address_postal_code_check: null,
          cvc_check:
            decline === 'incorrect_cvc' ? 'fail' : method.card?.checks?.cvc_check === null ? null : 'pass',
        },
        country: behaviour.country,
        electronic_commerce_indicator: authenticated ? '05' : null,
        exp_month: method.card?.exp_month ?? 12,
        exp_year: method.card?.exp_year ?? 2034,
        extended_authorization: { status: 'disabled' },
        fingerprint: method.card?.fingerprint ?? null,
        funding: behaviour.funding,
        incremental_authorization: { status: 'unavailable' },
        installments: null,
        last4: method.card?.last4 ?? null,
        mandate: null,
        multicapture: { status: 'unavailable' },
        network: behaviour.brand,
        network_token: { used: false },
        network_transaction_id: null,
        overcapture: { maximum_amount_capturable: intent.amount, status: 'unavailable' },
        regulated_status: 'unregulated',
        three_d_secure: authenticated
          ? {
              authentication_flow: 'challenge',
              electronic_commerce_indicator: '05',
              exemption_indicator: null,
              result: 'authenticated',
              result_reason: null,
              transaction_id: newId('dstx'),
              version: '2.2.0',
            }
          : null,
        transaction_link_id: null,
        wallet: null,
      },
    },
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: refusal === null ? receiptUrl(id) : null,
    refunded: false,
    refunds: { object: 'list', data: [], has_more: false, url: `/v1/charges/${id}/refunds` },
    review: null,
    shipping: intent.shipping,
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: refusal === null ? 'succeeded' : 'failed',
    transfer_data: null,
    transfer_group: intent.transfer_group,
  }
}

function outcomeOf(decline: Decline | null): Stripe.Charge['outcome'] {
  const blocked = decline === 'fraudulent'
  const reason =
    decline === null ? null : blocked ? 'highest_risk_level' : (DECLINES[decline].declineCode ?? decline)
  return {
    advice_code: decline === null ? null : adviceOn(decline),
    network_advice_code: null,
    network_decline_code: null,
    network_status:
      decline === null ? 'approved_by_network' : blocked ? 'not_sent_to_network' : 'declined_by_network',
    reason,
    risk_level: blocked ? 'highest' : 'normal',
    risk_score: blocked ? 92 : 12,
    seller_message:
      decline === null
        ? 'Payment complete.'
        : blocked
          ? 'Stripe blocked this payment as too risky.'
          : 'The bank did not return any further details with this decline.',
    type: decline === null ? 'authorized' : blocked ? 'blocked' : 'issuer_declined',
  }
}

/** https://docs.stripe.com/declines/codes: whether trying the same card again may help. */
function adviceOn(decline: Decline): Stripe.Charge.Outcome.AdviceCode {
  if (decline === 'lost_card' || decline === 'stolen_card') return 'do_not_try_again'
  return decline === 'incorrect_cvc' || decline === 'expired_card' ? 'confirm_card_data' : 'try_again_later'
}

/** The error of a declined charge, as it is answered and as it stays in `last_payment_error`. */
export function declineError({
  decline,
  chargeId,
  method,
}: {
  decline: Decline
  chargeId: string
  method: Stripe.PaymentMethod
}): ErrorBody {
  const { code, declineCode, message, param } = DECLINES[decline]
  return {
    type: 'card_error',
    code,
    message,
    ...(declineCode === undefined ? {} : { decline_code: declineCode }),
    ...(param === undefined ? {} : { param }),
    advice_code: adviceOn(decline) ?? 'try_again_later',
    charge: chargeId,
    doc_url: documentationOf(code),
    payment_method: method,
  }
}

export function newRefund({
  created,
  charge,
  amount,
  reason,
  metadata,
  status,
}: Seconds & {
  charge: Stripe.Charge
  amount: number
  reason: Stripe.Refund['reason']
  metadata: Record<string, string>
  status: 'pending' | 'succeeded'
}): Stripe.Refund {
  const id = newId('re')
  return {
    id,
    object: 'refund',
    amount,
    balance_transaction: charge.captured ? balanceTransactionId(id) : null,
    charge: charge.id,
    created,
    currency: charge.currency,
    customer: null,
    customer_account: null,
    destination_details: {
      card: {
        reference_status: 'pending',
        reference_type: 'acquirer_reference_number',
        type: charge.captured ? 'refund' : 'reversal',
      },
      type: 'card',
    },
    metadata,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status,
    transfer_reversal: null,
  }
}

function balanceTransactionId(id: string): string {
  return `txn_${id.slice(3)}`
}

/** https://docs.stripe.com/api/balance_transactions: 2.9 % and 30 on a charge, nothing back on a refund. */
export function balanceTransactionOf(source: Stripe.Charge | Stripe.Refund): Stripe.BalanceTransaction {
  const isCharge = source.object === 'charge'
  const amount = isCharge ? source.amount_captured : -source.amount
  const fee = isCharge ? Math.round(amount * 0.029) + 30 : 0
  return {
    id: balanceTransactionId(source.id),
    object: 'balance_transaction',
    amount,
    available_on: source.created,
    balance_type: 'payments',
    created: source.created,
    currency: source.currency,
    description: source.description ?? null,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [
            {
              amount: fee,
              application: null,
              currency: source.currency,
              description: 'Stripe processing fees',
              type: 'stripe_fee',
            },
          ],
    net: amount - fee,
    reporting_category: source.object,
    source: source.id,
    status: 'available',
    type: source.object,
  }
}

/** What Stripe.js may see: an intent read with the publishable key has these and no more. */
export function publicView(intent: Stripe.PaymentIntent): Partial<Stripe.PaymentIntent> {
  return Object.fromEntries(PUBLIC_FIELDS.map((field) => [field, intent[field]]))
}

const PUBLIC_FIELDS = [
  'id',
  'object',
  'amount',
  'amount_details',
  'automatic_payment_methods',
  'canceled_at',
  'cancellation_reason',
  'capture_method',
  'client_secret',
  'confirmation_method',
  'created',
  'currency',
  'description',
  'last_payment_error',
  'livemode',
  'next_action',
  'payment_method',
  'payment_method_configuration_details',
  'payment_method_types',
  'processing',
  'receipt_email',
  'setup_future_usage',
  'shipping',
  'source',
  'status',
] as const satisfies (keyof Stripe.PaymentIntent)[]
