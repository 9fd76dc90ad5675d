import type { notification } from '@stoa/contracts/notification'
import type { Handles } from '../context.ts'
import { pageOfMails } from '../page-of-mails.ts'

export const listMails: Handles<typeof notification.operations.listMails> = (input, ctx) =>
  pageOfMails({ ...input, templates: undefined }, ctx)
