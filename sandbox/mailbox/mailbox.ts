import { type Answer, json, type Request, type Route, readJson } from '../http-router.ts'
import { createMessageStore, type Message, type MessageStore } from './message-store.ts'
import { pageRoutes } from './pages.ts'
import { type MailFaults, NO_MAIL_FAULTS, type Smtp, startSmtp } from './smtp.ts'

const MAX_LIMIT = 1000
const MAX_DELAY_MS = 60 * 60 * 1000

/** A mail provider: what is sent to it by SMTP is shown, and goes nowhere. */
export async function startMailbox({
  host,
  port,
}: {
  host: string
  port: number
}): Promise<{ routes: Route[]; port: number; reset: () => void; stop: () => Promise<void> }> {
  const store = createMessageStore()
  const smtp = await startSmtp({ host, port, store })
  return {
    routes: [...apiRoutes({ store, smtp }), ...pageRoutes(store)],
    port: smtp.port,
    reset() {
      store.clear()
      smtp.setFaults(NO_MAIL_FAULTS)
    },
    stop: smtp.stop,
  }
}

function apiRoutes({ store, smtp }: { store: MessageStore; smtp: Smtp }): Route[] {
  const base = '/sandbox/mail'
  return [
    { method: 'GET', pattern: `${base}/messages`, handler: (request) => listMessages(store, request) },
    {
      method: 'DELETE',
      pattern: `${base}/messages`,
      handler() {
        store.clear()
        return json({ deleted: true })
      },
    },
    {
      method: 'GET',
      pattern: `${base}/messages/:id`,
      handler({ params }) {
        const message = store.get(params.id ?? '')
        return message === undefined ? json({ error: 'No such message.' }, 404) : json(shown(message))
      },
    },
    {
      method: 'GET',
      pattern: `${base}/messages/:id/source`,
      handler({ params }) {
        const message = store.get(params.id ?? '')
        if (message === undefined) return json({ error: 'No such message.' }, 404)
        const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
        return { status: 200, headers, body: message.source }
      },
    },
    {
      method: 'GET',
      pattern: `${base}/counters`,
      handler() {
        const counts = [...store.countsByMessageId()]
        return json({
          received: store.received(),
          kept: counts.reduce((sum, [, count]) => sum + count, 0),
          distinct: counts.length,
          repeated: counts
            .filter(([, count]) => count > 1)
            .map(([messageId, count]) => ({ messageId, count })),
        })
      },
    },
    { method: 'GET', pattern: `${base}/faults`, handler: () => json(smtp.faults()) },
    {
      method: 'POST',
      pattern: `${base}/faults`,
      handler({ body }) {
        const asked = readJson(body)
        const faults = asked === null ? 'The body must be a JSON object.' : readFaults(smtp.faults(), asked)
        if (typeof faults === 'string') return json({ error: faults }, 400)
        smtp.setFaults(faults)
        return json(faults)
      },
    },
    {
      method: 'DELETE',
      pattern: `${base}/faults`,
      handler() {
        smtp.setFaults(NO_MAIL_FAULTS)
        return json(smtp.faults())
      },
    },
  ]
}

/** Newest first; `after` is the last id of the page before; `to` is a whole address, `subject` a part of one. */
function listMessages(store: MessageStore, request: Request): Answer {
  const query = new URLSearchParams(request.query)
  const limit = Number(query.get('limit') ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    return json({ error: `limit must be a whole number from 1 to ${MAX_LIMIT}.` }, 400)
  }
  const all = store.all()
  const after = query.get('after')
  const position = after === null ? -1 : all.findIndex(({ id }) => id === after)
  if (after !== null && position < 0) return json({ error: `after: no such message: ${after}` }, 400)
  const to = query.get('to')?.toLowerCase()
  const subject = query.get('subject')?.toLowerCase()
  const found = all
    .slice(position + 1)
    .filter(
      (message) =>
        (to === undefined || message.to.some((address) => address.toLowerCase() === to)) &&
        (subject === undefined || message.subject.toLowerCase().includes(subject)),
    )
  const items = found.slice(0, limit)
  return json({ items: items.map(shown), next: found.length > limit ? (items.at(-1)?.id ?? null) : null })
}

function shown({ source, ...message }: Message): Omit<Message, 'source'> & { sizeBytes: number } {
  return { ...message, sizeBytes: source.length }
}

function readFaults(before: MailFaults, asked: Record<string, unknown>): MailFaults | string {
  const { reject, dropAfterAccept, dropBeforeAnswer, delayMs, ...others } = asked
  const unknown = Object.keys(others)[0]
  if (unknown !== undefined) {
    return `${unknown} is not a fault: there are reject, dropAfterAccept, dropBeforeAnswer and delayMs.`
  }
  const faults = { ...before }
  for (const [name, value] of Object.entries({ dropAfterAccept, dropBeforeAnswer })) {
    if (value === undefined) continue
    if (!isCount(value, 1_000_000)) return `${name} must be from 0 to 1000000.`
    faults[name as 'dropAfterAccept'] = value
  }
  if (delayMs !== undefined) {
    if (!isCount(delayMs, MAX_DELAY_MS)) return `delayMs must be from 0 to ${MAX_DELAY_MS}.`
    faults.delayMs = delayMs
  }
  if (reject === null) faults.reject = null
  else if (reject !== undefined) {
    const { code, count = 1, message = 'Refused on demand' } = reject as Record<string, unknown>
    if (!isCount(code, 599) || code < 400) return 'reject.code must be from 400 to 599.'
    if (!isCount(count, 1_000_000) || count === 0) return 'reject.count must be from 1 to 1000000.'
    if (typeof message !== 'string' || /[\r\n]/.test(message)) return 'reject.message must be one line.'
    faults.reject = { code, count, message }
  }
  return faults
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most
}
