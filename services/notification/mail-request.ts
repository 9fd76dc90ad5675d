import { AmountMinor, Currency } from '@stoa/contracts/money'
import { MailTemplate } from '@stoa/contracts/notification'
import { Id } from '@stoa/contracts/text'
import { z } from 'zod'

/** A mail to be sent: which, about what, because of which event. No address: that is fetched when it is sent. */
export const MailRequest = z.strictObject({
  eventId: z.uuid(),
  template: z.enum([...MailTemplate.options, 'api-key-rotation']),
  /** The order or account. */
  subjectId: Id,
  /** Of account mails that were asked for. */
  requestId: Id.optional(),
  /** Of `order-refunded`. */
  refund: z
    .strictObject({ amountMinor: AmountMinor, currency: Currency, reason: z.string().max(60) })
    .optional(),
})
export type MailRequest = z.output<typeof MailRequest>
