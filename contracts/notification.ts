import { contract, operation } from '@stoa/contract'
import { z } from 'zod'
import { Page, pageInput } from './page.ts'
import { Id, Timestamp } from './text.ts'

export const MailTemplate = z.enum([
  'welcome',
  'confirm-email',
  'password-reset',
  'order-confirmation',
  'payment-failed',
  'order-refunded',
])

export const notification = contract('notification', {
  listForStaff: operation({
    summary: 'Mails sent or waiting, newest first',
    method: 'GET',
    path: '/admin/notifications',
    access: 'staff',
    permission: 'notification:read',
    input: z.strictObject({
      /** The order or account that the mail is about. */
      subjectId: Id.optional(),
      ...pageInput,
    }),
    output: Page(
      z.object({
        notificationId: Id,
        template: MailTemplate,
        subjectId: Id,
        /** `skipped`: it was no longer true when it was to be sent. */
        status: z.enum(['waiting', 'sent', 'failed', 'skipped']),
        attempts: z.int(),
        lastError: z.string().nullable(),
        messageId: z.string(),
        createdAt: Timestamp,
        sentAt: Timestamp.nullable(),
      }),
    ),
  }),
})
