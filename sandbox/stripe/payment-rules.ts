import type { Rule, Rules } from './parameters.ts'

/**
 * The parameters of each endpoint, as https://docs.stripe.com/api lists them. What stands here as
 * `opaque` is accepted and changes nothing; see `Rule` for the words.
 */

const string = { is: 'string' } as const
const opaque = { is: 'opaque' } as const
const unserved = { is: 'unserved' } as const
const boolean = { is: 'boolean' } as const
const metadata = { is: 'metadata' } as const
const expand = { is: 'list', of: string } as const
const unsettableString = { is: 'string', unsettable: true } as const

const ADDRESS = {
  is: 'object',
  fields: {
    city: unsettableString,
    country: unsettableString,
    line1: unsettableString,
    line2: unsettableString,
    postal_code: unsettableString,
    state: unsettableString,
  },
} as const satisfies Rule

const BILLING_DETAILS = {
  is: 'object',
  fields: {
    address: ADDRESS,
    email: { is: 'email', unsettable: true },
    name: unsettableString,
    phone: unsettableString,
    tax_id: unsettableString,
  },
} as const satisfies Rule

const SHIPPING = {
  is: 'object',
  unsettable: true,
  fields: {
    address: ADDRESS,
    carrier: unsettableString,
    name: string,
    phone: unsettableString,
    tracking_number: unsettableString,
  },
  required: ['address', 'name'],
} as const satisfies Rule

const CARD = {
  is: 'object',
  fields: {
    number: string,
    exp_month: { is: 'integer' },
    exp_year: { is: 'integer' },
    cvc: string,
    networks: opaque,
    token: unserved,
  },
  required: ['number', 'exp_month', 'exp_year'],
} as const satisfies Rule

const ALLOW_REDISPLAY = { is: 'choice', of: ['always', 'limited', 'unspecified'] } as const satisfies Rule

/** What Stripe.js adds about the page; it plays no part in a payment. */
const BROWSER_FIELDS = {
  client_attribution_metadata: opaque,
  guid: opaque,
  muid: opaque,
  pasted_fields: opaque,
  payment_user_agent: opaque,
  referrer: opaque,
  sid: opaque,
  time_on_page: opaque,
} as const satisfies Rules

export const PAYMENT_METHOD_RULES = {
  type: { is: 'choice', of: ['card'] },
  card: CARD,
  billing_details: BILLING_DETAILS,
  metadata,
  allow_redisplay: ALLOW_REDISPLAY,
  radar_options: opaque,
  customer: string,
  payment_method: unserved,
  expand,
  ...BROWSER_FIELDS,
} as const satisfies Rules

const PAYMENT_METHOD_DATA = {
  is: 'object',
  fields: {
    type: { is: 'choice', of: ['card'] },
    card: CARD,
    billing_details: BILLING_DETAILS,
    metadata,
    allow_redisplay: ALLOW_REDISPLAY,
    radar_options: opaque,
    ...BROWSER_FIELDS,
  },
  required: ['type'],
} as const satisfies Rule

const PAYMENT_METHOD_OPTIONS = {
  is: 'object',
  fields: {
    card: {
      is: 'object',
      fields: {
        capture_method: { is: 'choice', of: ['manual'], unsettable: true },
        request_three_d_secure: { is: 'choice', of: ['any', 'automatic', 'challenge'] },
        cvc_token: unserved,
        installments: opaque,
        mandate_options: unserved,
        moto: opaque,
        network: opaque,
        request_extended_authorization: opaque,
        request_incremental_authorization: opaque,
        request_multicapture: opaque,
        request_overcapture: opaque,
        require_cvc_recollection: opaque,
        setup_future_usage: opaque,
        statement_descriptor_suffix_kana: opaque,
        statement_descriptor_suffix_kanji: opaque,
        three_d_secure: opaque,
      },
    },
    link: opaque,
  },
} as const satisfies Rule

const CAPTURE_METHOD = {
  is: 'choice',
  of: ['automatic', 'automatic_async', 'manual'],
} as const satisfies Rule
const SETUP_FUTURE_USAGE = {
  is: 'choice',
  of: ['off_session', 'on_session'],
  unsettable: true,
} as const satisfies Rule

/** `amount` has its own bounds by currency, checked once the currency is known. */
const AMOUNT = { is: 'integer', min: 1 } as const satisfies Rule

const DESCRIBING = {
  description: unsettableString,
  metadata,
  receipt_email: { is: 'email', unsettable: true },
  shipping: SHIPPING,
  statement_descriptor: { is: 'string', maxLength: 22, unsettable: true },
  statement_descriptor_suffix: { is: 'string', maxLength: 22, unsettable: true },
  setup_future_usage: SETUP_FUTURE_USAGE,
  transfer_group: string,
  amount_details: opaque,
  payment_details: opaque,
  payment_method_configuration: opaque,
  payment_method_options: PAYMENT_METHOD_OPTIONS,
  excluded_payment_method_types: { is: 'list', of: string, unsettable: true },
  allowed_payment_method_types: { is: 'list', of: string },
  payment_method_types: { is: 'list', of: string },
  application_fee_amount: unserved,
  customer: string,
  customer_account: unserved,
  hooks: unserved,
  transfer_data: unserved,
  expand,
} as const satisfies Rules

const CONFIRMING = {
  confirmation_token: unserved,
  error_on_requires_action: boolean,
  mandate: unserved,
  mandate_data: opaque,
  off_session: boolean,
  payment_method: string,
  payment_method_data: PAYMENT_METHOD_DATA,
  radar_options: opaque,
  return_url: { is: 'url' },
  use_stripe_sdk: boolean,
} as const satisfies Rules

export const CREATE_RULES = {
  ...DESCRIBING,
  ...CONFIRMING,
  amount: AMOUNT,
  currency: { is: 'currency' },
  automatic_payment_methods: {
    is: 'object',
    fields: { enabled: boolean, allow_redirects: { is: 'choice', of: ['always', 'never'] } },
    required: ['enabled'],
  },
  capture_method: CAPTURE_METHOD,
  confirm: boolean,
  confirmation_method: { is: 'choice', of: ['automatic', 'manual'] },
  on_behalf_of: unserved,
} as const satisfies Rules

export const UPDATE_RULES = {
  ...DESCRIBING,
  amount: AMOUNT,
  currency: { is: 'currency' },
  capture_method: CAPTURE_METHOD,
  payment_method: string,
  payment_method_data: PAYMENT_METHOD_DATA,
} as const satisfies Rules

export const CONFIRM_RULES = {
  ...CONFIRMING,
  amount_details: opaque,
  amount_to_confirm: AMOUNT,
  allowed_payment_method_types: { is: 'list', of: string },
  capture_method: CAPTURE_METHOD,
  client_secret: string,
  excluded_payment_method_types: { is: 'list', of: string, unsettable: true },
  hooks: unserved,
  payment_details: opaque,
  payment_method_options: PAYMENT_METHOD_OPTIONS,
  payment_method_types: { is: 'list', of: string },
  receipt_email: { is: 'email', unsettable: true },
  setup_future_usage: SETUP_FUTURE_USAGE,
  shipping: SHIPPING,
  expand,
  ...BROWSER_FIELDS,
  expected_payment_method_type: opaque,
} as const satisfies Rules

/** What a browser may not decide. */
export const SECRET_CONFIRM_PARAMETERS = [
  'capture_method',
  'error_on_requires_action',
  'off_session',
] as const

export const CAPTURE_RULES = {
  amount_to_capture: AMOUNT,
  final_capture: boolean,
  metadata,
  statement_descriptor: { is: 'string', maxLength: 22 },
  statement_descriptor_suffix: { is: 'string', maxLength: 22 },
  amount_details: opaque,
  payment_details: opaque,
  application_fee_amount: unserved,
  hooks: unserved,
  transfer_data: unserved,
  expand,
} as const satisfies Rules

export const CANCEL_RULES = {
  cancellation_reason: {
    is: 'choice',
    of: ['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'],
  },
  expand,
} as const satisfies Rules

export const REFUND_RULES = {
  amount: AMOUNT,
  charge: string,
  payment_intent: string,
  metadata,
  reason: { is: 'choice', of: ['duplicate', 'fraudulent', 'requested_by_customer'] },
  instructions_email: opaque,
  currency: unserved,
  customer: unserved,
  origin: unserved,
  refund_application_fee: unserved,
  reverse_transfer: unserved,
  expand,
} as const satisfies Rules

export const REFUND_UPDATE_RULES = { metadata, expand } as const satisfies Rules

export const RETRIEVE_RULES = { expand, client_secret: string } as const satisfies Rules

const RANGE = {
  is: 'object',
  fields: { gt: { is: 'integer' }, gte: { is: 'integer' }, lt: { is: 'integer' }, lte: { is: 'integer' } },
} as const satisfies Rule

const PAGING = {
  created: RANGE,
  limit: { is: 'integer', min: 1, max: 100 },
  starting_after: string,
  ending_before: string,
  expand,
} as const satisfies Rules

export const LIST_RULES = {
  payment_intents: { ...PAGING, customer: string },
  charges: { ...PAGING, customer: string, payment_intent: string, transfer_group: string },
  refunds: { ...PAGING, charge: string, payment_intent: string },
  events: { ...PAGING, type: string, types: { is: 'list', of: string }, delivery_success: boolean },
} as const satisfies Record<string, Rules>
