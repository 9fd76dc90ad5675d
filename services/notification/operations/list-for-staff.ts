import { MailTemplate, type notification } from '@stoa/contracts/notification'
import type { Handles } from '../context.ts'
import { pageOfMails } from '../page-of-mails.ts'

export const listForStaff: Handles<typeof notification.operations.listForStaff> = async (input, ctx) => {
  const { items, next } = await pageOfMails({ ...input, templates: MailTemplate.options }, ctx)
  return { items: items.map((mail) => ({ ...mail, template: MailTemplate.parse(mail.template) })), next }
}
