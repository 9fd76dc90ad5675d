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

/** What is told of a mail beside its template. */
const sent = {
  notificationId: Id,
  /** The order or account. */
  subjectId: Id,
  /** `skipped`: it was no longer true when it was to be sent. */
  status: z.enum(['waiting', 'sent', 'failed', 'skipped']),
  attempts: z.int(),
  lastError: z.string().nullable(),
  messageId: z.string(),
  createdAt: Timestamp,
  sentAt: Timestamp.nullable(),
}

export const notification = contract('notification', {
  /** Of the templates that there were first; `listMails` tells of all. */
  listForStaff: operation({
    summary: 'Mails about orders, and links for accounts, newest first',
    method: 'GET',
    path: '/admin/notifications',
    staleness: 'seconds',
    access: 'staff',
    permission: 'notification:read',
    input: z.strictObject({
      /** The order or account that the mail is about. */
      subjectId: Id.optional(),
      ...pageInput,
    }),
    output: Page(z.object({ ...sent, template: MailTemplate })),
  }),
  listMails: operation({
    summary: 'Mails sent or waiting, newest first',
    method: 'GET',
    path: '/admin/mails',
    access: 'staff',
    permission: 'notification:read',
    input: z.strictObject({ subjectId: Id.optional(), ...pageInput }),
    /** Templates come and go: a reader shows one that it does not know by its name. */
    output: Page(z.object({ ...sent, template: z.string() })),
  }),
})
