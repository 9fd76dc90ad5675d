import type { Verdict } from './price.ts'

/** What staff read of a rule that gave a price, or did not. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  won: 'This gave the price.',
  'not-sold-in-currency': 'The variant has no price of its own in this currency, so it is not sold in it.',
  'other-currency': 'It is in another currency.',
  'other-group': 'It is for another customer group.',
  'not-started': 'It has not begun at that time.',
  ended: 'It is over at that time.',
  'quantity-too-low': 'It needs more pieces.',
  'for-everyone': "It is for everyone; a list for the customer's group goes first.",
  'lower-priority': 'A list of higher priority goes first.',
  'earlier-start': 'A list of the same priority that began later goes first.',
  'lower-tier': 'A step for more pieces is reached.',
  'higher-amount': 'A list that is equal in everything else is cheaper.',
  'newer-list': 'An older list is equal in everything else.',
  'list-goes-first': "A price list goes before the variant's own price.",
}
