import type Stripe from 'stripe'
import { behaviourOf, type CardBehaviour, type Decline, passesLuhn, testCardNamed } from './cards.ts'
import { amountStep, formatAmount, maximumAmount, minimumAmount } from './currencies.ts'
import type { FormTree } from './form.ts'
import { newId } from './ids.ts'
import {
  declineError,
  NO_BILLING_DETAILS,
  newCharge,
  newPaymentIntent,
  newPaymentMethod,
  newRefund,
} from './objects.ts'
import { readParameters, type Values } from './parameters.ts'
import {
  CANCEL_RULES,
  CAPTURE_RULES,
  CONFIRM_RULES,
  CREATE_RULES,
  PAYMENT_METHOD_RULES,
  REFUND_RULES,
  REFUND_UPDATE_RULES,
  SECRET_CONFIRM_PARAMETERS,
  UPDATE_RULES,
} from './payment-rules.ts'
import type { IntentRecord, PaymentMethodRecord, Store } from './store.ts'
import {
  documentationOf,
  type ErrorBody,
  invalidRequest,
  noSuch,
  StripeError,
  unacceptable,
} from './stripe-error.ts'

/** Who asks, and under which request: it is named in the events that follow. */
export type Caller = {
  key: 'publishable' | 'secret'
  requestId: string | null
  idempotencyKey: string | null
  /** As `Stripe-Version` gives it: a date and a name. */
  apiVersion: string
}

export type EventObject = Stripe.PaymentIntent | Stripe.Charge | Stripe.Refund

export type PaymentsOptions = {
  store: Store
  /** The current time in milliseconds. */
  now: () => number
  /** Where this sandbox is reached by a browser, without a trailing slash. */
  publicUrl: () => string
  emit: (event: { type: string; object: EventObject; caller: Caller }) => void
  /** Runs `act` after `delayMs`, unless the sandbox stops first. */
  later: (delayMs: number, act: () => void) => void
}

/**
 * The life of a payment at Stripe: https://docs.stripe.com/payments/paymentintents/lifecycle
 *
 *   requires_payment_method -> requires_confirmation -> requires_action -> succeeded
 *            ^                         |                     |        \-> requires_capture -> succeeded
 *            |_________ declined ______|_____________________|
 *
 * and from all but succeeded to canceled. Each function runs to its end in one turn of the event loop,
 * so that no two requests ever see a payment half changed.
 */
export type Payments = ReturnType<typeof createPayments>

export function createPayments({ store, now, publicUrl, emit, later }: PaymentsOptions) {
  const seconds = () => Math.floor(now() / 1000)

  function create(form: FormTree, caller: Caller): Stripe.PaymentIntent {
    const asked = readParameters(form, CREATE_RULES, ['amount', 'currency'])
    const currency = asked.currency ?? ''
    const amount = asked.amount ?? 0
    refuseAmount({ amount, currency })
    refuseCustomer(asked.customer)
    const types = typesOf(asked, caller)
    if (asked.confirm !== true) {
      for (const param of ['return_url', 'off_session', 'error_on_requires_action'] as const) {
        if (asked[param] !== undefined) {
          throw invalidRequest({
            message: `The parameter ${param} can only be used when confirm is true.`,
            param,
          })
        }
      }
    }
    const automatic = asked.automatic_payment_methods
    let record: IntentRecord = {
      intent: {
        ...newPaymentIntent({ created: seconds(), amount, currency }),
        automatic_payment_methods:
          types === null && automatic?.enabled !== false
            ? { allow_redirects: automatic?.allow_redirects ?? 'always', enabled: true }
            : null,
        allowed_payment_method_types: asked.allowed_payment_method_types === undefined ? null : ['card'],
        payment_method_types: ['card'],
        capture_method: asked.capture_method ?? 'automatic_async',
        confirmation_method: asked.confirmation_method ?? 'automatic',
      },
      returnUrl: null,
      challenge: null,
      chargeIds: [],
    }
    record = describe(record, asked)
    const method = methodFor(asked)
    if (method !== null) record = withMethod(record, method)
    save(record)
    emit({ type: 'payment_intent.created', object: record.intent, caller })
    if (asked.confirm !== true) return record.intent
    return attempt({ record, asked, caller })
  }

  function update({
    id,
    form,
    caller,
  }: {
    id: string
    form: FormTree
    caller: Caller
  }): Stripe.PaymentIntent {
    const asked = readParameters(form, UPDATE_RULES)
    const before = find(id)
    typesOf(asked, caller)
    refuseCustomer(asked.customer)
    const { status } = before.intent
    const open = ['requires_payment_method', 'requires_confirmation', 'requires_action']
    for (const name of [
      'amount',
      'currency',
      'payment_method',
      'payment_method_data',
      'capture_method',
    ] as const) {
      if (asked[name] !== undefined && !open.includes(status)) {
        throw unexpectedState(
          before.intent,
          `This PaymentIntent's ${name} could not be updated because it has a status of ${status}. You may only update the ${name} of a PaymentIntent with one of the following statuses: ${open.join(', ')}.`,
        )
      }
    }
    const amount = asked.amount ?? before.intent.amount
    const currency = asked.currency ?? before.intent.currency
    if (asked.amount !== undefined || asked.currency !== undefined) refuseAmount({ amount, currency })
    let record = describe(before, asked)
    const changed = amount !== before.intent.amount || currency !== before.intent.currency
    record = {
      ...record,
      intent: {
        ...record.intent,
        amount,
        currency,
        capture_method: asked.capture_method ?? record.intent.capture_method,
      },
    }
    const method = methodFor(asked)
    if (method !== null) record = withMethod(record, method)
    else if (changed && status === 'requires_action') {
      // What the shopper is asked to approve is no longer what would be charged.
      record = {
        ...record,
        challenge: null,
        intent: { ...record.intent, status: 'requires_confirmation', next_action: null },
      }
    }
    return save(record)
  }

  function confirm({
    id,
    form,
    caller,
  }: {
    id: string
    form: FormTree
    caller: Caller
  }): Stripe.PaymentIntent {
    const asked = readParameters(form, CONFIRM_RULES)
    const record = findFor({ id, caller, clientSecret: asked.client_secret })
    if (caller.key === 'publishable') {
      for (const param of SECRET_CONFIRM_PARAMETERS) {
        if (asked[param] !== undefined) {
          throw invalidRequest({ message: `${param} cannot be used with a publishable API key.`, param })
        }
      }
      if (record.intent.confirmation_method === 'manual') {
        throw unexpectedState(
          record.intent,
          "This PaymentIntent's confirmation_method is manual: it can only be confirmed with a secret API key.",
        )
      }
    }
    typesOf(asked, caller)
    return attempt({ record, asked, caller })
  }

  /** One try to pay: it ends charged, declined, or waiting for the shopper. */
  function attempt({
    record,
    asked,
    caller,
  }: {
    record: IntentRecord
    asked: Omit<Values<typeof CONFIRM_RULES>, keyof TypeChoice>
    caller: Caller
  }): Stripe.PaymentIntent {
    const { status } = record.intent
    if (status === 'succeeded' || status === 'requires_capture') {
      throw unexpectedState(
        record.intent,
        'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.',
      )
    }
    if (status === 'canceled' || status === 'processing') {
      throw unexpectedState(
        record.intent,
        `You cannot confirm this PaymentIntent because it has a status of ${status}. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.`,
      )
    }
    if (asked.amount_to_confirm !== undefined && asked.amount_to_confirm !== record.intent.amount) {
      throw unacceptable({
        message: 'The amount_to_confirm does not match the amount of this PaymentIntent.',
        param: 'amount_to_confirm',
      })
    }
    const given = methodFor(asked)
    const kept = record.intent.payment_method
    const method = given ?? (typeof kept === 'string' ? (store.get('method', kept) ?? null) : null)
    if (method === null) {
      throw unexpectedState(
        record.intent,
        "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
      )
    }
    if (
      record.intent.automatic_payment_methods?.allow_redirects === 'always' &&
      asked.return_url === undefined &&
      asked.use_stripe_sdk !== true &&
      asked.off_session !== true
    ) {
      throw unacceptable({
        message:
          "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
        param: 'return_url',
      })
    }
    if (asked.error_on_requires_action === true && record.intent.automatic_payment_methods !== null) {
      throw unacceptable({
        message:
          'error_on_requires_action cannot be used while automatic_payment_methods is enabled. Use allowed_payment_method_types instead.',
        param: 'error_on_requires_action',
      })
    }
    const ready = withMethod(describe(record, asked), method)
    const confirmed: IntentRecord = {
      ...ready,
      returnUrl: asked.return_url ?? null,
      intent: { ...ready.intent, capture_method: asked.capture_method ?? ready.intent.capture_method },
    }
    const behaviour = behaviourOf(method.testCard ?? '')
    if (!mustAuthenticate({ behaviour, intent: confirmed.intent, offSession: asked.off_session === true })) {
      return orDecline(charge({ record: confirmed, method, authenticated: false, caller }))
    }
    if (behaviour.authenticationFails === true) {
      const decline = 'generic_decline'
      return orDecline(charge({ record: confirmed, method, authenticated: false, caller, decline }))
    }
    if (asked.off_session === true || asked.error_on_requires_action === true) {
      return orDecline(
        fail({
          record: confirmed,
          caller,
          error: {
            type: 'card_error',
            code: 'authentication_required',
            decline_code: 'authentication_required',
            doc_url: documentationOf('authentication_required'),
            message: 'Your card was declined. This transaction requires authentication.',
            payment_method: method.method,
          },
        }),
      )
    }
    return askShopper({ record: confirmed, caller })
  }

  function askShopper({ record, caller }: { record: IntentRecord; caller: Caller }): Stripe.PaymentIntent {
    const id = newId('payatt')
    const url = `${publicUrl()}/3d-secure/${id}`
    const asking: IntentRecord = {
      ...record,
      challenge: { id, outcome: null },
      intent: {
        ...record.intent,
        status: 'requires_action',
        last_payment_error: null,
        next_action:
          record.returnUrl === null
            ? { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url } }
            : { type: 'redirect_to_url', redirect_to_url: { url, return_url: record.returnUrl } },
      },
    }
    save(asking)
    challenges.set(id, asking.intent.id)
    trimOldest(challenges)
    emit({ type: 'payment_intent.requires_action', object: asking.intent, caller })
    return asking.intent
  }

  /** Challenge id -> intent id; one that nobody answers is forgotten after so many newer ones. */
  const challenges = new Map<string, string>()
  for (const { challenge, intent } of store.all('intent')) {
    if (challenge !== null) challenges.set(challenge.id, intent.id)
  }

  function findChallenge(challengeId: string): IntentRecord | null {
    const intentId = challenges.get(challengeId)
    return intentId === undefined ? null : (store.get('intent', intentId) ?? null)
  }

  /**
   * The shopper answers a 3-D Secure challenge. Only the first answer to the newest challenge counts;
   * the caller finds what came of it in the record.
   */
  function answerChallenge({
    challengeId,
    passed,
  }: {
    challengeId: string
    passed: boolean
  }): IntentRecord | null {
    const record = findChallenge(challengeId)
    if (record === null) return null
    if (record.challenge?.id !== challengeId || record.challenge.outcome !== null) return record
    if (record.intent.status !== 'requires_action') return record
    const method = store.get('method', String(record.intent.payment_method))
    const caller = BACKGROUND
    const settled = (outcome: 'failed' | 'succeeded'): IntentRecord => ({
      ...record,
      challenge: { id: challengeId, outcome },
    })
    if (!passed || method === undefined) {
      const code = 'payment_intent_authentication_failure'
      const error: ErrorBody = {
        type: 'invalid_request_error',
        code,
        doc_url: documentationOf(code),
        message:
          'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
        payment_method: method?.method,
      }
      return fail({ record: settled('failed'), error, caller }).record
    }
    const { record: after, error } = charge({
      record: settled('succeeded'),
      method,
      authenticated: true,
      caller,
    })
    if (error === null) return after
    const failed: IntentRecord = { ...after, challenge: { id: challengeId, outcome: 'failed' } }
    save(failed)
    return failed
  }

  type Outcome = { record: IntentRecord; error: ErrorBody | null }

  function charge({
    record,
    method,
    authenticated,
    caller,
    decline: forced,
  }: {
    record: IntentRecord
    method: PaymentMethodRecord
    authenticated: boolean
    caller: Caller
    decline?: Decline
  }): Outcome {
    const behaviour = behaviourOf(method.testCard ?? '')
    const decline = forced ?? (method.testCard === null ? 'test_mode_live_card' : (behaviour.decline ?? null))
    const made = newCharge({
      created: seconds(),
      intent: record.intent,
      method: method.method,
      behaviour,
      authenticated,
      decline,
      receiptUrl: (id) => `${publicUrl()}/payments/${record.intent.id}?charge=${id}`,
    })
    store.put('charge', made.id, made)
    const charged: IntentRecord = {
      ...record,
      chargeIds: [...record.chargeIds, made.id],
      intent: { ...record.intent, latest_charge: made.id },
    }
    if (decline !== null) {
      emit({ type: 'charge.failed', object: made, caller })
      return fail({
        record: charged,
        error: declineError({ decline, chargeId: made.id, method: method.method }),
        caller,
      })
    }
    const { amount } = charged.intent
    const held = charged.intent.capture_method === 'manual'
    const paid: IntentRecord = {
      ...charged,
      intent: {
        ...charged.intent,
        status: held ? 'requires_capture' : 'succeeded',
        amount_capturable: held ? amount : 0,
        amount_received: held ? 0 : amount,
        last_payment_error: null,
        next_action: null,
      },
    }
    save(paid)
    emit({ type: 'charge.succeeded', object: made, caller })
    emit({
      type: held ? 'payment_intent.amount_capturable_updated' : 'payment_intent.succeeded',
      object: paid.intent,
      caller,
    })
    return { record: paid, error: null }
  }

  function fail({
    record,
    error,
    caller,
  }: {
    record: IntentRecord
    error: ErrorBody
    caller: Caller
  }): Outcome {
    const failed: IntentRecord = {
      ...record,
      intent: {
        ...record.intent,
        status: 'requires_payment_method',
        payment_method: null,
        next_action: null,
        last_payment_error: error as Stripe.PaymentIntent.LastPaymentError,
      },
    }
    save(failed)
    emit({ type: 'payment_intent.payment_failed', object: failed.intent, caller })
    return { record: failed, error }
  }

  function orDecline({ record, error }: Outcome): Stripe.PaymentIntent {
    if (error === null) return record.intent
    throw new StripeError({
      status: 402,
      remembered: true,
      body: { ...error, payment_intent: record.intent },
    })
  }

  function capture({
    id,
    form,
    caller,
  }: {
    id: string
    form: FormTree
    caller: Caller
  }): Stripe.PaymentIntent {
    const asked = readParameters(form, CAPTURE_RULES)
    const record = find(id)
    const { intent } = record
    if (intent.status !== 'requires_capture') {
      throw unexpectedState(
        intent,
        `This PaymentIntent could not be captured because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.`,
      )
    }
    const amount = asked.amount_to_capture ?? intent.amount_capturable
    if (amount > intent.amount_capturable) {
      throw unacceptable({
        code: 'amount_too_large',
        message: `The amount to capture (${money({ amount, intent })}) is greater than the amount that can be captured (${money({ amount: intent.amount_capturable, intent })}).`,
        param: 'amount_to_capture',
      })
    }
    const made = chargeOf(intent)
    const captured: Stripe.Charge = {
      ...made,
      captured: true,
      amount_captured: amount,
      amount_refunded: made.amount - amount,
      balance_transaction: `txn_${made.id.slice(3)}`,
    }
    store.put('charge', captured.id, captured)
    emit({ type: 'charge.captured', object: captured, caller })
    const done: IntentRecord = {
      ...record,
      intent: {
        ...intent,
        status: 'succeeded',
        amount_capturable: 0,
        amount_received: amount,
        metadata: mergeMetadata(intent.metadata, asked.metadata),
      },
    }
    save(done)
    emit({ type: 'payment_intent.succeeded', object: done.intent, caller })
    return done.intent
  }

  function cancel({
    id,
    form,
    caller,
  }: {
    id: string
    form: FormTree
    caller: Caller
  }): Stripe.PaymentIntent {
    const asked = readParameters(form, CANCEL_RULES)
    const record = find(id)
    const { intent } = record
    if (intent.status === 'succeeded' || intent.status === 'canceled') {
      throw unexpectedState(
        intent,
        `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action, processing.`,
      )
    }
    // What was only held is let go: Stripe shows it as a refund of a charge that was never captured.
    if (intent.status === 'requires_capture') {
      const held = chargeOf(intent)
      refundCharge({ charge: held, amount: held.amount, reason: null, metadata: {}, caller })
    }
    const canceled: IntentRecord = {
      ...record,
      intent: {
        ...intent,
        status: 'canceled',
        amount_capturable: 0,
        canceled_at: seconds(),
        cancellation_reason: asked.cancellation_reason ?? null,
        next_action: null,
      },
    }
    save(canceled)
    emit({ type: 'payment_intent.canceled', object: canceled.intent, caller })
    return canceled.intent
  }

  function refund(form: FormTree, caller: Caller): Stripe.Refund {
    const asked = readParameters(form, REFUND_RULES)
    const target = refundable({ chargeId: asked.charge, intentId: asked.payment_intent })
    if (target.refunded) {
      throw unacceptable({
        code: 'charge_already_refunded',
        message: `Charge ${target.id} has already been refunded.`,
      })
    }
    const left = target.amount_captured - capturedRefunds(target)
    const amount = asked.amount ?? left
    if (amount > left) {
      const asking = formatAmount({ amount, currency: target.currency })
      const most = formatAmount({ amount: left, currency: target.currency })
      const what = left === target.amount ? 'charge amount' : 'unrefunded amount on charge'
      throw unacceptable({
        message: `Refund amount (${asking}) is greater than ${what} (${most})`,
        param: 'amount',
      })
    }
    return refundCharge({
      charge: target,
      amount,
      reason: asked.reason ?? null,
      metadata: mergeMetadata({}, asked.metadata),
      caller,
    })
  }

  function refundable({
    chargeId,
    intentId,
  }: {
    chargeId: string | undefined
    intentId: string | undefined
  }): Stripe.Charge {
    if (chargeId === undefined && intentId === undefined) {
      throw invalidRequest({
        code: 'parameter_missing',
        message: 'One of the following params should be provided for this request: payment_intent or charge.',
        param: 'payment_intent',
      })
    }
    let id = chargeId
    if (intentId !== undefined) {
      const { intent } = find(intentId, 'payment_intent')
      if (intent.status !== 'succeeded') {
        throw unacceptable({
          code: 'payment_intent_unexpected_state',
          message: `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
          param: 'payment_intent',
        })
      }
      const latest = String(intent.latest_charge)
      if (id !== undefined && id !== latest) {
        throw unacceptable({ message: `Charge ${id} does not belong to ${intent.id}.`, param: 'charge' })
      }
      id = latest
    }
    const charge = store.get('charge', id ?? '')
    if (charge === undefined) throw noSuch({ kind: 'charge', id: id ?? '', param: 'charge' })
    if (!charge.paid || !charge.captured) {
      throw unacceptable({
        code: 'charge_not_refundable',
        message: `Charge ${charge.id} cannot be refunded: it was not captured.`,
        param: 'charge',
      })
    }
    return charge
  }

  function refundCharge({
    charge,
    amount,
    reason,
    metadata,
    caller,
  }: {
    charge: Stripe.Charge
    amount: number
    reason: Stripe.Refund['reason']
    metadata: Record<string, string>
    caller: Caller
  }): Stripe.Refund {
    const behaviour = behaviourOfCharge(charge)
    const status = behaviour?.refund === 'succeeds_later' ? 'pending' : 'succeeded'
    const made = newRefund({ created: seconds(), charge, amount, reason, metadata, status })
    store.put('refund', made.id, made)
    const amountRefunded = charge.amount_refunded + amount
    const after: Stripe.Charge = {
      ...charge,
      amount_refunded: amountRefunded,
      refunded: amountRefunded === charge.amount,
    }
    saveCharge(after, made)
    emit({ type: 'refund.created', object: made, caller })
    emit({ type: 'charge.refunded', object: store.get('charge', charge.id) ?? after, caller })
    if (behaviour?.refund === undefined) {
      traced(made, caller)
    } else {
      const fails = behaviour.refund === 'fails_later'
      later(REFUND_DELAY_MS, () =>
        fails ? failRefund(made.id) : traced({ ...made, status: 'succeeded' }, BACKGROUND),
      )
    }
    return made
  }

  /** The card network answers with a reference: `refund.updated` follows every refund. */
  function traced(refund: Stripe.Refund, caller: Caller): void {
    const updated: Stripe.Refund = {
      ...refund,
      destination_details: {
        type: 'card',
        card: {
          ...refund.destination_details?.card,
          reference: newId('arn').slice(4),
          reference_status: 'available',
          reference_type: 'acquirer_reference_number',
          type: refund.destination_details?.card?.type ?? 'refund',
        },
      },
    }
    saveRefund(updated)
    emit({ type: 'refund.updated', object: updated, caller })
  }

  function failRefund(id: string): void {
    const refund = store.get('refund', id)
    const charge = refund && store.get('charge', String(refund.charge))
    if (!refund || !charge || refund.status === 'failed') return
    const failed: Stripe.Refund = { ...refund, status: 'failed', failure_reason: 'expired_or_canceled_card' }
    store.put('charge', charge.id, {
      ...charge,
      amount_refunded: charge.amount_refunded - refund.amount,
      refunded: false,
    })
    saveRefund(failed)
    emit({ type: 'refund.updated', object: failed, caller: BACKGROUND })
    emit({ type: 'refund.failed', object: failed, caller: BACKGROUND })
  }

  function updateRefund({ id, form, caller }: { id: string; form: FormTree; caller: Caller }): Stripe.Refund {
    const asked = readParameters(form, REFUND_UPDATE_RULES)
    const refund = store.get('refund', id)
    if (refund === undefined) throw noSuch({ kind: 'refund', id, param: 'id' })
    const updated = { ...refund, metadata: mergeMetadata(refund.metadata ?? {}, asked.metadata) }
    saveRefund(updated)
    emit({ type: 'refund.updated', object: updated, caller })
    return updated
  }

  function createPaymentMethod(form: FormTree): Stripe.PaymentMethod {
    const asked = readParameters(form, PAYMENT_METHOD_RULES, ['type'])
    refuseCustomer(asked.customer)
    return tokenise(asked, '').method
  }

  /** The payment method that a request names or describes; `null` when it does neither. */
  function methodFor(
    asked: Pick<Values<typeof UPDATE_RULES>, 'payment_method' | 'payment_method_data'>,
  ): PaymentMethodRecord | null {
    if (asked.payment_method !== undefined && asked.payment_method_data !== undefined) {
      throw invalidRequest({
        message: 'You may only specify one of these parameters: payment_method, payment_method_data.',
        param: 'payment_method',
      })
    }
    if (asked.payment_method_data !== undefined)
      return tokenise(asked.payment_method_data, 'payment_method_data')
    const id = asked.payment_method
    if (id === undefined) return null
    const kept = store.get('method', id)
    if (kept !== undefined) return kept
    const number = testCardNamed(id)
    if (number === undefined) throw noSuch({ kind: 'PaymentMethod', id, param: 'payment_method' })
    const inTwoYears = new Date(now()).getUTCFullYear() + 2
    return keep({
      testCard: number,
      method: newPaymentMethod({
        created: seconds(),
        card: { number, expMonth: 12, expYear: inTwoYears, cvcGiven: true },
        billingDetails: NO_BILLING_DETAILS,
        metadata: {},
        allowRedisplay: 'unspecified',
      }),
    })
  }

  function tokenise(
    asked: Pick<
      Values<typeof PAYMENT_METHOD_RULES>,
      'allow_redisplay' | 'billing_details' | 'card' | 'metadata'
    >,
    path: string,
  ): PaymentMethodRecord {
    const param = (name: string) => (path === '' ? name : `${path}[${name}]`)
    if (asked.card === undefined) {
      const name = param('card')
      throw invalidRequest({
        code: 'parameter_missing',
        message: `Missing required param: ${name}.`,
        param: name,
      })
    }
    const number = (asked.card.number ?? '').replace(/[ -]/g, '')
    const year = asked.card.exp_year ?? 0
    const card = {
      number,
      expMonth: asked.card.exp_month ?? 0,
      expYear: year < 100 && year >= 0 ? year + 2000 : year,
      cvcGiven: asked.card.cvc !== undefined,
    }
    refuseCard({ ...card, cvc: asked.card.cvc, today: new Date(now()) })
    const { address, ...person } = asked.billing_details ?? {}
    const behaviour = behaviourOf(number)
    return keep({
      testCard: behaviour.decline === 'test_mode_live_card' ? null : number,
      method: newPaymentMethod({
        created: seconds(),
        card,
        billingDetails: {
          ...NO_BILLING_DETAILS,
          ...person,
          address: { ...NO_ADDRESS, ...address },
        },
        metadata: mergeMetadata({}, asked.metadata),
        allowRedisplay: asked.allow_redisplay ?? 'unspecified',
      }),
    })
  }

  function keep(record: PaymentMethodRecord): PaymentMethodRecord {
    store.put('method', record.method.id, record)
    return record
  }

  function save(record: IntentRecord): Stripe.PaymentIntent {
    store.put('intent', record.intent.id, record)
    return record.intent
  }

  /** The charge lists its newest ten refunds, as the API does. */
  function saveCharge(charge: Stripe.Charge, newest: Stripe.Refund): void {
    const others = (charge.refunds?.data ?? []).filter(({ id }) => id !== newest.id)
    const data = [newest, ...others]
    const list = { object: 'list' as const, url: `/v1/charges/${charge.id}/refunds` }
    store.put('charge', charge.id, {
      ...charge,
      refunds: {
        ...list,
        data: data.slice(0, 10),
        has_more: data.length > 10 || charge.refunds?.has_more === true,
      },
    })
  }

  function saveRefund(refund: Stripe.Refund): void {
    store.put('refund', refund.id, refund)
    const charge = store.get('charge', String(refund.charge))
    if (charge?.refunds == null) return
    const data = charge.refunds.data.map((other) => (other.id === refund.id ? refund : other))
    store.put('charge', charge.id, { ...charge, refunds: { ...charge.refunds, data } })
  }

  function find(id: string, param = 'intent'): IntentRecord {
    const record = store.get('intent', id)
    if (record === undefined) throw noSuch({ kind: 'payment_intent', id, param })
    return record
  }

  /** A browser must know the client secret; a server may show it. */
  function findFor({
    id,
    caller,
    clientSecret,
  }: {
    id: string
    caller: Caller
    clientSecret: string | undefined
  }): IntentRecord {
    if (caller.key === 'publishable' && clientSecret === undefined) {
      throw invalidRequest({
        code: 'parameter_missing',
        message: 'Missing required param: client_secret.',
        param: 'client_secret',
      })
    }
    const record = find(id)
    if (clientSecret !== undefined && clientSecret !== record.intent.client_secret) {
      throw invalidRequest({
        message:
          'The client_secret provided does not match the client_secret associated with the PaymentIntent.',
        param: 'client_secret',
      })
    }
    return record
  }

  function chargeOf(intent: Stripe.PaymentIntent): Stripe.Charge {
    const charge = store.get('charge', String(intent.latest_charge))
    if (charge === undefined) throw noSuch({ kind: 'charge', id: String(intent.latest_charge), param: 'id' })
    return charge
  }

  function behaviourOfCharge(charge: Stripe.Charge): CardBehaviour | null {
    const number = store.get('method', charge.payment_method ?? '')?.testCard
    return number == null ? null : behaviourOf(number)
  }

  function trimOldest(map: Map<string, string>): void {
    const oldest = map.size > MAX_CHALLENGES ? map.keys().next().value : undefined
    if (oldest !== undefined) map.delete(oldest)
  }

  return {
    create,
    update,
    confirm,
    capture,
    cancel,
    refund,
    updateRefund,
    createPaymentMethod,
    find,
    findFor,
    findChallenge,
    answerChallenge,
    /** Forgets the open challenges; the store is cleared by its owner. */
    reset: () => challenges.clear(),
  }
}

/** As many as there may be intents. */
const MAX_CHALLENGES = 20_000

/** How long a refund that changes its mind takes: long enough to see it pending, short enough for a test. */
const REFUND_DELAY_MS = 500

const BACKGROUND: Caller = { key: 'secret', requestId: null, idempotencyKey: null, apiVersion: '' }

const NO_ADDRESS = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null }

/** What a charge has given back of what it took; the part that was never captured does not count. */
function capturedRefunds(charge: Stripe.Charge): number {
  return charge.amount_refunded - (charge.amount - charge.amount_captured)
}

function mustAuthenticate({
  behaviour,
  intent,
  offSession,
}: {
  behaviour: CardBehaviour
  intent: Stripe.PaymentIntent
  offSession: boolean
}): boolean {
  const requested = intent.payment_method_options?.card?.request_three_d_secure
  switch (behaviour.authentication) {
    case 'required':
      return true
    case 'unless_off_session':
      return !offSession
    case 'optional':
      return requested === 'any' || requested === 'challenge'
    case 'none':
      return false
  }
}

function withMethod(record: IntentRecord, { method }: PaymentMethodRecord): IntentRecord {
  return {
    ...record,
    challenge: null,
    intent: {
      ...record.intent,
      payment_method: method.id,
      status: 'requires_confirmation',
      next_action: null,
    },
  }
}

type Description = Pick<
  Values<typeof CREATE_RULES>,
  | 'description'
  | 'metadata'
  | 'payment_method_options'
  | 'receipt_email'
  | 'setup_future_usage'
  | 'shipping'
  | 'statement_descriptor'
  | 'statement_descriptor_suffix'
  | 'transfer_group'
>

/** Sets what was given, unsets what was given empty, leaves the rest. */
function describe(record: IntentRecord, asked: Description): IntentRecord {
  const { intent } = record
  const pick = <T>(value: T | undefined, before: T) => (value === undefined ? before : value)
  const threeDSecure = asked.payment_method_options?.card?.request_three_d_secure
  return {
    ...record,
    intent: {
      ...intent,
      description: pick(asked.description, intent.description),
      metadata: mergeMetadata(intent.metadata, asked.metadata),
      payment_method_options:
        threeDSecure === undefined
          ? intent.payment_method_options
          : {
              ...intent.payment_method_options,
              card: {
                installments: null,
                mandate_options: null,
                network: null,
                ...intent.payment_method_options?.card,
                request_three_d_secure: threeDSecure,
              },
            },
      receipt_email: pick(asked.receipt_email, intent.receipt_email),
      setup_future_usage: pick(asked.setup_future_usage, intent.setup_future_usage),
      shipping: asked.shipping === undefined ? intent.shipping : shippingOf(asked.shipping),
      statement_descriptor: pick(asked.statement_descriptor, intent.statement_descriptor),
      statement_descriptor_suffix: pick(
        asked.statement_descriptor_suffix,
        intent.statement_descriptor_suffix,
      ),
      transfer_group: pick(asked.transfer_group, intent.transfer_group),
    },
  }
}

function shippingOf(asked: NonNullable<Description['shipping']> | null): Stripe.PaymentIntent['shipping'] {
  if (asked === null) return null
  return {
    address: { ...NO_ADDRESS, ...asked.address },
    carrier: asked.carrier ?? null,
    name: asked.name ?? '',
    phone: asked.phone ?? null,
    tracking_number: asked.tracking_number ?? null,
  }
}

/** https://docs.stripe.com/api/metadata: keys are set one by one, an empty value removes its key, an empty map removes all. */
function mergeMetadata(
  before: Record<string, string>,
  given: Record<string, string> | null | undefined,
): Record<string, string> {
  if (given === undefined) return before
  if (given === null) return {}
  return Object.fromEntries(Object.entries({ ...before, ...given }).filter(([, value]) => value !== ''))
}

function refuseAmount({ amount, currency }: { amount: number; currency: string }): void {
  const minimum = minimumAmount(currency)
  const maximum = maximumAmount(currency)
  const step = amountStep(currency)
  if (amount < minimum) {
    throw invalidRequest({
      code: 'amount_too_small',
      message: `Amount must be at least ${formatAmount({ amount: minimum, currency })} ${currency}`,
      param: 'amount',
    })
  }
  if (amount > maximum) {
    throw invalidRequest({
      code: 'amount_too_large',
      message: `Amount must be no more than ${formatAmount({ amount: maximum, currency })}`,
      param: 'amount',
    })
  }
  if (amount % step !== 0) {
    throw invalidRequest({
      code: 'parameter_invalid_integer',
      message: `Invalid amount: ${currency} amounts must be a multiple of ${step}. See https://stripe.com/docs/currencies.`,
      param: 'amount',
    })
  }
}

/** This account keeps no customers. */
function refuseCustomer(id: string | undefined): void {
  if (id !== undefined) throw noSuch({ kind: 'customer', id, param: 'customer' })
}

/** From here on the API decides by itself which payment methods fit, and `payment_method_types` is only answered. */
const TYPES_READ_ONLY_SINCE = '2026-09-30'

type TypeChoice = Pick<
  Values<typeof CREATE_RULES>,
  | 'allowed_payment_method_types'
  | 'automatic_payment_methods'
  | 'excluded_payment_method_types'
  | 'payment_method_configuration'
  | 'payment_method_types'
>

/**
 * The payment methods that were chosen by name, or null when the choice is the API's. This account has
 * cards alone. https://docs.stripe.com/changelog/endive and, for the exclusive list,
 * https://docs.stripe.com/changelog/dahlia/2026-07-29/allowed-payment-method-types-parameter
 */
function typesOf(asked: TypeChoice, caller: Caller): string[] | null {
  if (asked.payment_method_types !== undefined && caller.apiVersion.slice(0, 10) >= TYPES_READ_ONLY_SINCE) {
    throw invalidRequest({
      code: 'payment_method_types_no_longer_supported',
      message:
        'The payment_method_types parameter is no longer supported in this API version. Use allowed_payment_method_types, excluded_payment_method_types or dynamic payment methods instead.',
      param: 'payment_method_types',
    })
  }
  const given = EXCLUSIVE.filter((name) => asked[name] !== undefined)
  const [first, second] = given
  if (first !== undefined && second !== undefined) {
    throw invalidRequest({
      code: 'parameters_exclusive',
      message: `You may only specify one of these parameters: ${given.join(', ')}.`,
      param: second,
    })
  }
  const unknown = asked.payment_method_types?.find((type) => type !== 'card')
  if (unknown !== undefined) {
    throw invalidRequest({
      message: `The payment method type "${unknown}" is invalid. Please ensure the provided type is activated in your dashboard (https://dashboard.stripe.com/account/payments/settings) and your account is enabled for any preview features that you are trying to use.`,
      param: 'payment_method_types',
    })
  }
  const allowed = asked.payment_method_types ?? asked.allowed_payment_method_types ?? null
  if (allowed?.includes('card') === false || asked.excluded_payment_method_types?.includes('card') === true) {
    throw invalidRequest({
      code: 'payment_intent_invalid_parameter',
      message:
        'No valid payment method types for this Payment Intent. Please ensure that you have activated payment methods compatible with your chosen currency in your dashboard (https://dashboard.stripe.com/settings/payment_methods).',
      param: first ?? 'allowed_payment_method_types',
    })
  }
  return allowed
}

const EXCLUSIVE = [
  'allowed_payment_method_types',
  'payment_method_types',
  'automatic_payment_methods',
  'excluded_payment_method_types',
  'payment_method_configuration',
] as const

/** The checks that need no network: https://docs.stripe.com/testing#invalid-data */
function refuseCard({
  number,
  expMonth,
  expYear,
  cvc,
  today,
}: {
  number: string
  expMonth: number
  expYear: number
  cvc: string | undefined
  today: Date
}): void {
  const refuse = ({ code, message, param }: { code: string; message: string; param: string }) =>
    new StripeError({ status: 402, remembered: false, body: { type: 'card_error', code, message, param } })
  if (!/^\d{12,19}$/.test(number)) {
    throw refuse({ code: 'invalid_number', message: 'Your card number is invalid.', param: 'number' })
  }
  if (!passesLuhn(number)) {
    throw refuse({ code: 'incorrect_number', message: 'Your card number is incorrect.', param: 'number' })
  }
  const thisYear = today.getUTCFullYear()
  if (expYear < thisYear || expYear > thisYear + 50) {
    throw refuse({
      code: 'invalid_expiry_year',
      message: "Your card's expiration year is invalid.",
      param: 'exp_year',
    })
  }
  if (expMonth < 1 || expMonth > 12 || (expYear === thisYear && expMonth < today.getUTCMonth() + 1)) {
    throw refuse({
      code: 'invalid_expiry_month',
      message: "Your card's expiration month is invalid.",
      param: 'exp_month',
    })
  }
  if (cvc !== undefined && !/^\d{3,4}$/.test(cvc)) {
    throw refuse({ code: 'invalid_cvc', message: "Your card's security code is invalid.", param: 'cvc' })
  }
}

function unexpectedState(intent: Stripe.PaymentIntent, message: string): StripeError {
  return unacceptable({ code: 'payment_intent_unexpected_state', message, payment_intent: intent })
}

function money({ amount, intent }: { amount: number; intent: Stripe.PaymentIntent }): string {
  return formatAmount({ amount, currency: intent.currency })
}
