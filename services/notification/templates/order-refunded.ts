import type { Money } from '@stoa/contracts/money'
import { formatMoney } from '../format-money.ts'
import { greeting, type Mail, paragraph, type Shop } from '../mail.ts'
import { type OrderDetails, orderLink } from './order-confirmation.ts'

export type RefundDetails = OrderDetails & { readonly amount: Money; readonly reason: string }

export const orderRefunded = ({ amount, reason, ...details }: RefundDetails, shop: Shop): Mail => ({
  subject: `We refunded ${formatMoney(amount)} of your order ${details.order.number}`,
  blocks: [
    greeting(details.order.shippingAddress.name),
    paragraph(REASONS[reason] ?? 'We paid money back to you.'),
    paragraph(
      `We have sent ${formatMoney(amount)} back to the card that you paid with. Depending on your bank it takes 5 to 10 days to show.`,
    ),
    { kind: 'button', label: 'See your order', url: orderLink(shop, details) },
  ],
  why: 'You get this mail because you ordered with this address.',
})

/** By the reasons that orders and payments give. */
const REASONS: Readonly<Record<string, string>> = {
  requested: 'Your order was cancelled, as asked for.',
  expired: 'Your payment reached us after the time to pay was over, so the order is cancelled.',
  superseded: 'You placed your order anew, so this one is cancelled.',
  'out-of-stock': 'When your payment reached us an item had sold out. We are sorry: the order is cancelled.',
  staff: 'We paid back a part or all of your order.',
}
