import { formatTime } from '../format-date.ts'
import { formatMoney } from '../format-money.ts'
import { greeting, type Mail, paragraph, type Shop } from '../mail.ts'
import { type OrderDetails, orderLink } from './order-confirmation.ts'

export const paymentFailed = (details: OrderDetails, shop: Shop): Mail => {
  const { order } = details
  return {
    subject: `The payment of your order ${order.number} did not work`,
    blocks: [
      greeting(order.shippingAddress.name),
      paragraph(
        `Your payment of ${formatMoney(order.totals.total)} did not go through, and nothing was charged.`,
      ),
      ...(order.paymentProblem === null
        ? []
        : [paragraph(`The reason we were given: ${order.paymentProblem}`)]),
      paragraph(
        `Nothing is lost: your cart is as it was. You can pay with another card until ${formatTime(order.payBefore)}, as long as everything is in stock.`,
      ),
      { kind: 'button', label: 'Try again', url: orderLink(shop, details) },
    ],
    why: 'You get this mail because you ordered with this address.',
  }
}
