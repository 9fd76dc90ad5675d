import type { Address } from '@stoa/contracts/address'
import type { Order } from '@stoa/contracts/order'
import { formatDate } from '../format-date.ts'
import { formatMoney } from '../format-money.ts'
import { greeting, type Mail, paragraph, type Shop, shopLink } from '../mail.ts'

export type OrderDetails = { readonly order: Order; readonly orderToken: string }

export const orderConfirmation = ({ order, orderToken }: OrderDetails, shop: Shop): Mail => ({
  subject: `Your order ${order.number} is confirmed`,
  blocks: [
    greeting(order.shippingAddress.name),
    paragraph(
      `Thank you for your order of ${formatDate(order.placedAt)}. It is paid, and we are preparing it.`,
    ),
    {
      kind: 'lines',
      lines: order.lines.map(({ quantity, name, options, totalMinor }) => ({
        quantity,
        name,
        details: Object.entries(options)
          .map(([option, value]) => `${option}: ${value}`)
          .join(', '),
        amount: formatMoney({ amountMinor: totalMinor, currency: order.totals.total.currency }),
      })),
      totals: [
        { label: 'Subtotal', amount: formatMoney(order.totals.subtotal), strong: false },
        { label: 'Total', amount: formatMoney(order.totals.total), strong: true },
      ],
    },
    {
      kind: 'facts',
      facts: [
        { label: 'Order number', lines: [order.number] },
        { label: 'Ships to', lines: addressLines(order.shippingAddress) },
      ],
    },
    { kind: 'button', label: 'See your order', url: orderLink(shop, { order, orderToken }) },
  ],
  why: 'You get this mail because you ordered with this address. The link above shows the order to whoever has it.',
})

/** The token makes the link work for a guest, too. */
export const orderLink = (shop: Shop, { order, orderToken }: OrderDetails): string =>
  shopLink(shop, `/orders/${order.orderId}`, { token: orderToken })

const addressLines = ({
  name,
  company,
  street,
  street2,
  postalCode,
  city,
  region,
  country,
}: Address): string[] =>
  [
    name,
    company,
    street,
    street2,
    [postalCode, city].filter(Boolean).join(' '),
    region,
    countryName(country),
  ].filter((line) => line !== undefined)

const countries = new Intl.DisplayNames('en', { type: 'region' })
/** The last line of an address on a parcel is the country's name, not its code. */
const countryName = (code: string): string => countries.of(code) ?? code
