/** The test cards of https://docs.stripe.com/testing and what each of them does. */
export type CardBehaviour = {
  brand: 'amex' | 'diners' | 'discover' | 'jcb' | 'mastercard' | 'unionpay' | 'visa'
  funding: 'credit' | 'debit' | 'prepaid'
  country: string
  /**
   * 3-D Secure: `required` always; `unless_off_session` when the shopper is there; `optional` when the
   * merchant asks for it; `none` never (not enrolled, or not supported).
   */
  authentication: 'none' | 'optional' | 'required' | 'unless_off_session'
  /** The lookup at the issuer fails, so that no challenge can be shown. */
  authenticationFails?: true
  /** The charge is declined, after authentication when there is one. */
  decline?: Decline
  /** How a refund goes on after it was accepted. */
  refund?: 'fails_later' | 'succeeds_later'
  does: string
}

export type Decline =
  | 'card_velocity_exceeded'
  | 'expired_card'
  | 'fraudulent'
  | 'generic_decline'
  | 'incorrect_cvc'
  | 'insufficient_funds'
  | 'lost_card'
  | 'processing_error'
  | 'stolen_card'
  | 'test_mode_live_card'

/** https://docs.stripe.com/declines/codes: what the API says for each. */
export const DECLINES: Record<
  Decline,
  { code: string; declineCode?: string; message: string; param?: string }
> = {
  card_velocity_exceeded: {
    code: 'card_declined',
    declineCode: 'card_velocity_exceeded',
    message:
      'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
  },
  expired_card: { code: 'expired_card', message: 'Your card has expired.', param: 'exp_month' },
  fraudulent: { code: 'card_declined', declineCode: 'fraudulent', message: 'Your card was declined.' },
  generic_decline: {
    code: 'card_declined',
    declineCode: 'generic_decline',
    message: 'Your card was declined.',
  },
  incorrect_cvc: {
    code: 'incorrect_cvc',
    message: "Your card's security code is incorrect.",
    param: 'cvc',
  },
  insufficient_funds: {
    code: 'card_declined',
    declineCode: 'insufficient_funds',
    message: 'Your card has insufficient funds.',
  },
  lost_card: { code: 'card_declined', declineCode: 'lost_card', message: 'Your card was declined.' },
  processing_error: {
    code: 'processing_error',
    message: 'An error occurred while processing your card. Try again in a little bit.',
  },
  stolen_card: { code: 'card_declined', declineCode: 'stolen_card', message: 'Your card was declined.' },
  test_mode_live_card: {
    code: 'card_declined',
    declineCode: 'test_mode_live_card',
    message:
      'Your card was declined. Your request was in test mode, but used a non test (live) card. For a list of valid test cards, visit: https://stripe.com/docs/testing.',
  },
}

/** A card for which Stripe documents no ready-made payment method has `null`. */
type CardRow = [
  number: string,
  paymentMethod: string | null,
  behaviour: Partial<CardBehaviour> & { does: string },
]

const ROWS: CardRow[] = [
  ['4242424242424242', 'pm_card_visa', { does: 'Succeeds.' }],
  ['4000056655665556', 'pm_card_visa_debit', { funding: 'debit', does: 'Succeeds.' }],
  ['4000002760000016', 'pm_card_de', { country: 'DE', does: 'Succeeds; a German card.' }],
  ['4000008260000000', 'pm_card_gb', { country: 'GB', does: 'Succeeds; a British card.' }],
  ['5555555555554444', 'pm_card_mastercard', { brand: 'mastercard', does: 'Succeeds.' }],
  ['2223003122003222', null, { brand: 'mastercard', does: 'Succeeds; the 2-series.' }],
  [
    '5200828282828210',
    'pm_card_mastercard_debit',
    { brand: 'mastercard', funding: 'debit', does: 'Succeeds.' },
  ],
  [
    '5105105105105100',
    'pm_card_mastercard_prepaid',
    { brand: 'mastercard', funding: 'prepaid', does: 'Succeeds.' },
  ],
  ['378282246310005', 'pm_card_amex', { brand: 'amex', does: 'Succeeds; four-digit security code.' }],
  ['371449635398431', null, { brand: 'amex', does: 'Succeeds; four-digit security code.' }],
  ['6011111111111117', 'pm_card_discover', { brand: 'discover', does: 'Succeeds.' }],
  ['6011000990139424', null, { brand: 'discover', does: 'Succeeds.' }],
  ['3056930009020004', 'pm_card_diners', { brand: 'diners', does: 'Succeeds.' }],
  ['36227206271667', null, { brand: 'diners', does: 'Succeeds; 14 digits.' }],
  ['3566002020360505', 'pm_card_jcb', { brand: 'jcb', does: 'Succeeds.' }],
  ['6200000000000005', 'pm_card_unionpay', { brand: 'unionpay', does: 'Succeeds.' }],
  [
    '4000000000003220',
    'pm_card_threeDSecure2Required',
    { authentication: 'required', does: '3-D Secure required, then succeeds.' },
  ],
  [
    '4000002500003155',
    'pm_card_authenticationRequiredOnSetup',
    { authentication: 'required', does: '3-D Secure required unless set up before; then succeeds.' },
  ],
  [
    '4000002760003184',
    'pm_card_authenticationRequired',
    { authentication: 'required', does: '3-D Secure required on every payment; then succeeds.' },
  ],
  [
    '4000003800000446',
    'pm_card_authenticationRequiredSetupForOffSession',
    { authentication: 'unless_off_session', does: '3-D Secure required on session; succeeds off session.' },
  ],
  [
    '4000008260003178',
    'pm_card_authenticationRequiredChargeDeclinedInsufficientFunds',
    {
      authentication: 'required',
      decline: 'insufficient_funds',
      does: '3-D Secure required, then declined: insufficient funds.',
    },
  ],
  [
    '4000008400001629',
    'pm_card_threeDSecureRequiredChargeDeclined',
    { authentication: 'required', decline: 'generic_decline', does: '3-D Secure required, then declined.' },
  ],
  [
    '4000008400001280',
    'pm_card_threeDSecureRequiredProcessingError',
    {
      authentication: 'required',
      authenticationFails: true,
      does: '3-D Secure required, but its lookup fails: declined.',
    },
  ],
  [
    '4000000000003055',
    'pm_card_threeDSecureOptional',
    { authentication: 'optional', does: '3-D Secure on request; succeeds.' },
  ],
  [
    '4000000000003097',
    null,
    {
      authentication: 'optional',
      authenticationFails: true,
      does: '3-D Secure on request, and then its lookup fails; succeeds without.',
    },
  ],
  [
    '4000000000000002',
    'pm_card_visa_chargeDeclined',
    { decline: 'generic_decline', does: 'Declined: generic_decline.' },
  ],
  [
    '4000000000009995',
    'pm_card_visa_chargeDeclinedInsufficientFunds',
    { decline: 'insufficient_funds', does: 'Declined: insufficient_funds.' },
  ],
  [
    '4000000000009987',
    'pm_card_visa_chargeDeclinedLostCard',
    { decline: 'lost_card', does: 'Declined: lost_card.' },
  ],
  [
    '4000000000009979',
    'pm_card_visa_chargeDeclinedStolenCard',
    { decline: 'stolen_card', does: 'Declined: stolen_card.' },
  ],
  [
    '4000000000000069',
    'pm_card_chargeDeclinedExpiredCard',
    { decline: 'expired_card', does: 'Declined: expired_card.' },
  ],
  [
    '4000000000000127',
    'pm_card_chargeDeclinedIncorrectCvc',
    { decline: 'incorrect_cvc', does: 'Declined: incorrect_cvc.' },
  ],
  [
    '4000000000000119',
    'pm_card_chargeDeclinedProcessingError',
    { decline: 'processing_error', does: 'Declined: processing_error.' },
  ],
  [
    '4000000000006975',
    'pm_card_visa_chargeDeclinedVelocityLimitExceeded',
    { decline: 'card_velocity_exceeded', does: 'Declined: card_velocity_exceeded.' },
  ],
  [
    '4000000000000341',
    'pm_card_chargeCustomerFail',
    { decline: 'generic_decline', does: 'Can be kept; every charge is declined.' },
  ],
  ['4100000000000019', 'pm_card_radarBlock', { decline: 'fraudulent', does: 'Blocked as fraudulent.' }],
  [
    '4000000000007726',
    'pm_card_pendingRefund',
    { refund: 'succeeds_later', does: 'Succeeds; a refund is pending first, then succeeds.' },
  ],
  [
    '4000000000005126',
    'pm_card_refundFail',
    { refund: 'fails_later', does: 'Succeeds; a refund succeeds first, then fails.' },
  ],
]

/** Names that Stripe keeps for cards that have another name above. */
const ALIASES: Record<string, string> = {
  pm_card_us: '4242424242424242',
  pm_card_chargeDeclined: '4000000000000002',
  pm_card_chargeDeclinedInsufficientFunds: '4000000000009995',
  pm_card_chargeDeclinedLostCard: '4000000000009987',
  pm_card_chargeDeclinedStolenCard: '4000000000009979',
  pm_card_threeDSecureRequired: '4000000000003220',
  pm_card_visa_chargeDeclinedExpiredCard: '4000000000000069',
  pm_card_visa_chargeDeclinedIncorrectCvc: '4000000000000127',
  pm_card_visa_chargeDeclinedProcessingError: '4000000000000119',
}

export const TEST_CARDS: ReadonlyMap<string, CardBehaviour & { paymentMethod: string | null }> = new Map(
  ROWS.map(([number, paymentMethod, behaviour]) => [
    number,
    { brand: 'visa', funding: 'credit', country: 'US', authentication: 'none', paymentMethod, ...behaviour },
  ]),
)

const BY_PAYMENT_METHOD = new Map([
  ...ROWS.flatMap(([number, name]) => (name === null ? [] : [[name, number] as const])),
  ...Object.entries(ALIASES),
])

/** The card number behind a name such as `pm_card_visa`. */
export function testCardNamed(paymentMethod: string): string | undefined {
  return BY_PAYMENT_METHOD.get(paymentMethod)
}

/** What a card does; any number that is not in the table is a live card, which test mode declines. */
export function behaviourOf(number: string): CardBehaviour {
  return (
    TEST_CARDS.get(number) ?? {
      brand: brandOf(number),
      funding: 'credit',
      country: 'US',
      authentication: 'none',
      decline: 'test_mode_live_card',
      does: 'Declined: not a test card.',
    }
  )
}

/** ISO/IEC 7812-1 annex B: the check digit of a card number. */
export function passesLuhn(number: string): boolean {
  let sum = 0
  for (let index = 0; index < number.length; index++) {
    const digit = number.charCodeAt(number.length - 1 - index) - 48
    sum += index % 2 === 0 ? digit : digit < 5 ? digit * 2 : digit * 2 - 9
  }
  return sum % 10 === 0
}

function brandOf(number: string): CardBehaviour['brand'] {
  if (/^3[47]/.test(number)) return 'amex'
  if (/^(5[1-5]|2[2-7])/.test(number)) return 'mastercard'
  if (/^6(011|5)/.test(number)) return 'discover'
  if (/^35/.test(number)) return 'jcb'
  if (/^3[068]/.test(number)) return 'diners'
  if (/^62/.test(number)) return 'unionpay'
  return 'visa'
}
