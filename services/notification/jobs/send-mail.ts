import { job } from '@stoa/runtime'
import { SEND_TIMEOUT_MS } from '../channels/smtp.ts'
import { compose } from '../compose.ts'
import type { Context } from '../context.ts'
import { MailRequest } from '../mail-request.ts'
import { claimNotification, markSent, markSkipped, markUnsent } from '../notifications.ts'
import { renderMail } from '../render.ts'

/** Longer than an attempt, shorter than the 30 s after which a dead process's jobs are taken over: a crash delays no mail by it. */
const LEASE_MS = SEND_TIMEOUT_MS + 3_000

/** Mail that is a day late confuses more than it helps. */
const GIVE_UP_AFTER_MS = 24 * 60 * 60 * 1000

/** With the runner's growing pauses the 14th attempt comes after the day is over. */
const MAX_ATTEMPTS = 14

/** The database may be restarting just when the server has said 250: that must not send the mail again. */
const MARK_TRIES = 10
const MARK_PAUSE_MS = 1_000

/**
 * Sends one mail, in three statements. At least once: only a crash between the server's 250 and our commit, or a connection that
 * breaks before the 250, may repeat it, and then under the same Message-ID.
 */
export const sendMail = job({
  name: 'send-mail',
  input: MailRequest,
  maxAttempts: MAX_ATTEMPTS,
  handle: async (request, ctx: Context) => {
    const { eventId, template, subjectId } = request
    const messageId = `${eventId}@${ctx.config.mailFrom.split('@').at(-1)}`
    const subject = { eventId, template, subjectId, messageId }
    const composed = await compose(request, ctx)
    if ('skip' in composed) return markSkipped(ctx.query, subject, composed.skip)

    const claim = await claimNotification(ctx.query, subject, LEASE_MS)
    if (claim.state === 'done') return
    if (claim.state === 'taken')
      throw new Error('another attempt has this mail: look again when its lease is over')

    const shop = { name: ctx.config.shopName, url: ctx.config.shopUrl }
    const rendered = renderMail(composed.mail, shop)
    const sent = await ctx.resources.smtp.send({ ...rendered, to: composed.to, messageId })
    if (sent.outcome === 'accepted') return rememberSent(ctx, eventId)

    const { problem } = sent
    const tooLate = ctx.now().getTime() - claim.createdAt.getTime() > GIVE_UP_AFTER_MS
    if (sent.outcome === 'refused' || tooLate) {
      await markUnsent(ctx.query, eventId, { status: 'failed', problem })
      ctx.log.error(
        { notificationId: eventId, template, subjectId, problem },
        'a mail could not be delivered',
      )
      return
    }
    await markUnsent(ctx.query, eventId, { status: 'waiting', problem })
    throw new Error(`the mail server did not take a mail: ${problem}`)
  },
})

async function rememberSent(ctx: Context, eventId: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await markSent(ctx.query, eventId)
    } catch (error) {
      if (attempt === MARK_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, MARK_PAUSE_MS))
    }
  }
}
