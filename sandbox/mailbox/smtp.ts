import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import type { MessageStore } from './message-store.ts'

/** What goes wrong with mail, on demand; all are off at first. */
export type MailFaults = {
  /** The next `count` messages are refused at the end of DATA: 4xx to try later, 5xx for good. */
  reject: { code: number; count: number; message: string } | null
  /** The next so many are kept and answered with 250, then the connection is cut. */
  dropAfterAccept: number
  /** The next so many are kept, but the connection is cut before the 250: the sender cannot know. */
  dropBeforeAnswer: number
  /** Every message waits so long before it is answered. */
  delayMs: number
}

export const NO_MAIL_FAULTS: MailFaults = {
  reject: null,
  dropAfterAccept: 0,
  dropBeforeAnswer: 0,
  delayMs: 0,
}

const MAX_MESSAGE_BYTES = 10 * 1024 * 1024
const MAX_CONNECTIONS = 200
const IDLE_TIMEOUT_MS = 60_000

export type Smtp = {
  port: number
  faults: () => MailFaults
  setFaults: (faults: MailFaults) => void
  stop: () => Promise<void>
}

/** An SMTP server that takes mail from and to anybody, without authentication, and delivers none of it. */
export async function startSmtp({
  host,
  port,
  store,
}: {
  host: string
  port: number
  store: MessageStore
}): Promise<Smtp> {
  let faults = NO_MAIL_FAULTS
  const stopping = new AbortController()

  const server = new SMTPServer({
    name: 'sandbox.invalid',
    banner: 'the sandbox takes all mail and delivers none',
    logger: false,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: MAX_MESSAGE_BYTES,
    maxClients: MAX_CONNECTIONS,
    maxRecipients: 1000,
    socketTimeout: IDLE_TIMEOUT_MS,
    closeTimeout: 100,
    onData(stream, session, answer) {
      take(stream, session).then(
        (words) => answer(null, words),
        (error: unknown) => answer(error instanceof Error ? error : new Error(String(error))),
      )
    },
  })
  // A client that goes away in the middle is its own affair.
  server.on('error', () => {})

  async function take(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    const chunks: Buffer[] = []
    for await (const chunk of stream) {
      if (stream.sizeExceeded) chunks.length = 0
      else chunks.push(chunk as Buffer)
    }
    if (stream.sizeExceeded) throw refusal(552, `A message may have at most ${MAX_MESSAGE_BYTES} bytes.`)
    if (faults.delayMs > 0) await sleep(faults.delayMs, undefined, { signal: stopping.signal })
    if (faults.reject !== null) {
      const { code, count, message } = faults.reject
      faults = { ...faults, reject: count > 1 ? { code, count: count - 1, message } : null }
      throw refusal(code, message)
    }
    const { mailFrom, rcptTo } = session.envelope
    const kept = await store.receive({
      from: mailFrom === false ? '' : mailFrom.address,
      to: rcptTo.map(({ address }) => address),
      source: Buffer.concat(chunks),
    })
    if (faults.dropBeforeAnswer > 0) {
      faults = { ...faults, dropBeforeAnswer: faults.dropBeforeAnswer - 1 }
      cut(session)
    } else if (faults.dropAfterAccept > 0) {
      faults = { ...faults, dropAfterAccept: faults.dropAfterAccept - 1 }
      // After the 250 has been handed to the socket.
      setTimeout(() => cut(session), 10)
    }
    return `Kept as ${kept.id}`
  }

  function cut(session: SMTPServerSession): void {
    for (const connection of server.connections)
      if (connection.id === session.id) connection._socket.destroy()
  }

  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject)
    server.listen(port, host, () => {
      server.server.removeListener('error', reject)
      resolve()
    })
  })

  return {
    port: (server.server.address() as AddressInfo).port,
    faults: () => faults,
    setFaults(next) {
      faults = next
    },
    stop() {
      stopping.abort()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function refusal(code: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode: code })
}
