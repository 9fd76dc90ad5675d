import { notification } from '@stoa/contracts/notification'
import { defineService } from '@stoa/runtime'
import { openSmtp } from './channels/smtp.ts'
import { config, DEFAULT_MAIL_FROM, needs, type Resources, type Tables } from './context.ts'
import { sendMail } from './jobs/send-mail.ts'
import { sweep } from './jobs/sweep.ts'
import { listForStaff } from './operations/list-for-staff.ts'
import { listMails } from './operations/list-mails.ts'
import { scheduleMails } from './reactions/schedule-mails.ts'

export default defineService<typeof notification, Tables, typeof needs, typeof config, Resources>({
  contract: notification,
  needs,
  config,
  migrations: new URL('./migrations/', import.meta.url),
  resources: async ({ config, log, breaker }) => {
    const { hostname, host } = new URL(config.smtpUrl)
    const local = /^(127\.|localhost$|\[::1\]$)/.test(hostname)
    if (!local && config.mailFrom === DEFAULT_MAIL_FROM)
      log.warn(
        'SMTP_URL leads out of this machine, and MAIL_FROM is not set: real mail would come from nobody',
      )
    const smtp = openSmtp(
      { url: config.smtpUrl, from: { name: config.shopName, address: config.mailFrom } },
      breaker('smtp', host),
    )
    return { smtp, [Symbol.asyncDispose]: () => smtp[Symbol.asyncDispose]() }
  },
  operations: { listForStaff, listMails },
  reactions: [scheduleMails],
  jobs: [sendMail, sweep],
})
