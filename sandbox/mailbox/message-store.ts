import { randomUUID } from 'node:crypto'
import PostalMime from 'postal-mime'

export type Message = {
  id: string
  /** The Message-ID header without its angle brackets; empty when there is none. */
  messageId: string
  from: string
  /** Whom the envelope names: the ones it was really sent to. */
  to: string[]
  subject: string
  text: string
  html: string
  headers: { name: string; value: string }[]
  attachments: { filename: string; type: string; sizeBytes: number }[]
  receivedAt: string
  source: Buffer
}

/** As many as a test run may send, and as much memory as a laptop does not miss. Oldest out first. */
const MAX_MESSAGES = 10_000
const MAX_BYTES = 200 * 1024 * 1024

export type MessageStore = ReturnType<typeof createMessageStore>

export function createMessageStore() {
  const messages = new Map<string, Message>()
  let bytes = 0
  let received = 0

  return {
    async receive({ from, to, source }: { from: string; to: string[]; source: Buffer }): Promise<Message> {
      const message = await parse({ from, to, source })
      messages.set(message.id, message)
      received += 1
      bytes += weight(message)
      for (const [id, oldest] of messages) {
        if (messages.size <= MAX_MESSAGES && bytes <= MAX_BYTES) break
        messages.delete(id)
        bytes -= weight(oldest)
      }
      return message
    },
    get: (id: string) => messages.get(id),
    /** Newest first. */
    all: () => [...messages.values()].reverse(),
    /** How often each Message-ID was accepted: more than once is a repeat. */
    countsByMessageId(): Map<string, number> {
      const counts = new Map<string, number>()
      for (const { messageId } of messages.values()) counts.set(messageId, (counts.get(messageId) ?? 0) + 1)
      return counts
    },
    /** All that ever came, also what is no longer kept. */
    received: () => received,
    clear() {
      messages.clear()
      bytes = 0
      received = 0
    },
  }
}

async function parse({ from, to, source }: { from: string; to: string[]; source: Buffer }): Promise<Message> {
  const kept = { id: randomUUID(), to, receivedAt: new Date().toISOString(), source }
  try {
    const email = await PostalMime.parse(source, { maxNestingDepth: 32, maxHeadersSize: 256 * 1024 })
    return {
      ...kept,
      messageId: (email.messageId ?? '').replace(/^<|>$/g, ''),
      from: email.from && 'address' in email.from ? (email.from.address ?? from) : from,
      subject: email.subject ?? '',
      text: email.text ?? '',
      html: email.html ?? '',
      headers: email.headers.map(({ key, value }) => ({ name: key, value })),
      attachments: email.attachments.map(({ filename, mimeType, content }) => ({
        filename: filename ?? '',
        type: mimeType,
        sizeBytes: typeof content === 'string' ? content.length : content.byteLength,
      })),
    }
  } catch {
    // A real mailbox keeps what it cannot read; its source shows what came.
    return { ...kept, messageId: '', from, subject: '', text: '', html: '', headers: [], attachments: [] }
  }
}

/** The source and what was made of it. */
function weight({ source, text, html }: Message): number {
  return source.length + (text.length + html.length) * 2 + 2048
}
