import assert from 'node:assert/strict'
import type { Sandbox } from '@stoa/sandbox'

/** Most mails of one page: a look seldom finds more than these, and reads nothing twice. */
const PAGE = 500
const subjects = {
  'order-confirmation': /^Your order (\S+) is confirmed$/,
  'payment-failed': /^The payment of your order (\S+) did not work$/,
  'order-refunded': /^We refunded .+ of your order (\S+)$/,
} as const
export type MailKind = keyof typeof subjects
export const mailKinds = Object.keys(subjects) as readonly MailKind[]

/** One mail, by its Message-ID. */
export type Taken = { readonly kind: MailKind; readonly number: string; readonly times: number }

/**
 * What the mail server took of mails about orders, over a whole run: more than it keeps at once. Each look reads what came since the one before.
 */
export class Mailbox {
  readonly #sandbox: Sandbox
  readonly #taken = new Map<string, Taken>()
  #newest: string | undefined
  #seen = 0

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox
  }

  /** By its Message-ID: what each mail was about, and how often it came. */
  get taken(): ReadonlyMap<string, Taken> {
    return this.#taken
  }

  /** How many came again, under the Message-ID that they had before. */
  get repeated(): number {
    return [...this.#taken.values()].reduce((sum, { times }) => sum + times - 1, 0)
  }

  async look(): Promise<void> {
    const { received } = await this.#get<{ received: number }>('counters')
    const known = this.#newest
    let after = ''
    for (;;) {
      const { items, next } = await this.#get<Listed>(`messages?limit=${PAGE}${after}`)
      if (after === '') this.#newest = items[0]?.id ?? known
      const end = items.findIndex(({ id }) => id === known)
      for (const { subject, messageId } of end < 0 ? items : items.slice(0, end)) {
        this.#seen += 1
        for (const kind of mailKinds) {
          const [, number] = subjects[kind].exec(subject) ?? []
          if (number === undefined) continue
          const times = (this.#taken.get(messageId)?.times ?? 0) + 1
          this.#taken.set(messageId, { kind, number, times })
        }
      }
      if (end >= 0 || next === null) break
      after = `&after=${next}`
    }
    assert(
      this.#seen >= received,
      `the mailbox forgot ${received - this.#seen} mails before they were counted`,
    )
  }

  async #get<Answer>(path: string): Promise<Answer> {
    const response = await fetch(`${this.#sandbox.url}/sandbox/mail/${path}`, {
      signal: AbortSignal.timeout(10_000),
    })
    assert.equal(response.status, 200, `the mailbox answered ${response.status}`)
    return (await response.json()) as Answer
  }
}

type Listed = {
  readonly items: readonly { id: string; messageId: string; subject: string }[]
  readonly next: string | null
}
