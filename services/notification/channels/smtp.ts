import { Rejection } from '@stoa/contract'
import { Breaker } from '@stoa/runtime'
import { createTransport } from 'nodemailer'
import type { RenderedMail } from '../render.ts'

export type SmtpSettings = {
  readonly url: string
  readonly from: { readonly name: string; readonly address: string }
}

export type Envelope = RenderedMail & {
  readonly to: string
  /** Without angle brackets. */
  readonly messageId: string
}

/**
 * How a send ended. `accepted`: the server has said 250. `refused`: it said no to this mail for good. `failed`: it may work later;
 * the server may even have taken it, when the connection broke before its answer. `problem` names no address.
 */
export type Sent =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'refused' | 'failed'; readonly problem: string }

export type Smtp = { readonly send: (envelope: Envelope) => Promise<Sent> } & AsyncDisposable

/** One attempt, connection included. Mail submission answers within a second or two; what takes longer is tried again. */
export const SEND_TIMEOUT_MS = 12_000

/** The job runner works on eight jobs at once; few providers like more connections than that from one client. */
const MAX_CONNECTIONS = 4

/**
 * Sends over kept connections. Never repeats by itself: whether and when is the job's to decide. While `breaker` is open a send fails
 * at once, so that a server which keeps everybody waiting does not occupy all the process's jobs.
 */
export function openSmtp({ url, from }: SmtpSettings, breaker: Breaker = new Breaker()): Smtp {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: MAX_CONNECTIONS,
    maxMessages: 1_000,
    maxRequeues: 0,
    // Below what servers allow (RFC 5321, 4.5.3.2: five minutes; many allow one).
    idleTimeout: 30_000,
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: SEND_TIMEOUT_MS,
    dnsTimeout: 5_000,
  })
  // Of a connection that nobody is using; a send hears of its own.
  transport.on('error', () => {})

  return {
    async send({ to, messageId, subject, text, html }) {
      try {
        const mail = {
          from,
          // As an object it is taken as one address, whatever it looks like.
          to: { name: '', address: to },
          subject,
          text,
          html,
          messageId: `<${messageId}>`,
          // RFC 3834: no out-of-office replies, please.
          headers: { 'auto-submitted': 'auto-generated' },
          disableFileAccess: true,
          disableUrlAccess: true,
          signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
        }
        await breaker.run(() => transport.sendMail(mail), isSilence)
        return { outcome: 'accepted' }
      } catch (error) {
        // A rejection is the breaker's.
        if (error instanceof Rejection)
          return { outcome: 'failed', problem: 'the mail server does not answer' }
        return { outcome: isRefusal(error) ? 'refused' : 'failed', problem: withoutAddresses(error) }
      }
    },
    [Symbol.asyncDispose]: async () => transport.close(),
  }
}

/** The server has said nothing, be it a no. */
const isSilence = (error: unknown): boolean => (error as { responseCode?: number }).responseCode === undefined

/**
 * A 5xx to the recipient or to the message (RFC 5321, 4.2.1). One to the greeting, to our login or to our sender's address is a
 * mistake of ours that will be mended, and the mail waits for that.
 */
function isRefusal(error: unknown): boolean {
  const { responseCode, command } = error as { responseCode?: number; command?: string }
  if (responseCode === undefined || responseCode < 500 || responseCode > 599) return false
  return command === 'RCPT TO' || command === 'DATA'
}

const MAX_PROBLEM_LENGTH = 300

/** Servers like to repeat the address they refuse. It is kept nowhere. */
export function withoutAddresses(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error)
  return words.replace(/[^\s<>"',;:()[\]]+@[^\s<>"',;()[\]]+/g, '(address)').slice(0, MAX_PROBLEM_LENGTH)
}
