import { ACCESS_TOKEN_SECONDS, type AccessTokenClaims } from '@stoa/contracts/auth'

/** Longer than any token that is out there is still accepted, whatever the clocks say. */
export const REMEMBERED_MS = (ACCESS_TOKEN_SECONDS + 60) * 1_000
/** Of sessions, and of accounts: 70 logouts a second for an hour. About 40 MB at most; beyond it the oldest are forgotten first. */
const MAX_REMEMBERED = 250_000

type Account = {
  readonly credentialsVersion: number
  readonly keptSessionId: string | null
  readonly heardAtMs: number
}

/** The access that ended before its token: what this process has heard, for as long as it matters. */
export class Revoked {
  readonly #sessions = new Map<string, number>()
  readonly #accounts = new Map<string, Account>()
  readonly #now: () => number
  readonly #max: number

  constructor({ now = Date.now, max = MAX_REMEMBERED }: { now?: () => number; max?: number } = {}) {
    this.#now = now
    this.#max = max
  }

  sessionEnded(sessionId: string): void {
    this.#sessions.delete(sessionId)
    this.#sessions.set(sessionId, this.#now())
    this.#forget(this.#sessions, (heardAtMs) => heardAtMs)
  }

  credentialsChanged({
    userId,
    credentialsVersion,
    keptSessionId,
  }: {
    userId: string
    credentialsVersion: number
    keptSessionId: string | null
  }): void {
    const known = this.#accounts.get(userId)
    if (known && known.credentialsVersion > credentialsVersion) return
    this.#accounts.delete(userId)
    this.#accounts.set(userId, { credentialsVersion, keptSessionId, heardAtMs: this.#now() })
    this.#forget(this.#accounts, ({ heardAtMs }) => heardAtMs)
  }

  has({ sid, sub, credentials_version = 0 }: Pick<AccessTokenClaims, 'sid' | 'sub' | 'credentials_version'>) {
    if (this.#sessions.has(sid)) return true
    const account = this.#accounts.get(sub)
    return (
      account !== undefined &&
      credentials_version < account.credentialsVersion &&
      sid !== account.keptSessionId
    )
  }

  get size(): number {
    return this.#sessions.size + this.#accounts.size
  }

  /** They stand in the order in which they were heard. */
  #forget<V>(remembered: Map<string, V>, heardAt: (value: V) => number): void {
    const before = this.#now() - REMEMBERED_MS
    for (const [key, value] of remembered) {
      if (heardAt(value) >= before && remembered.size <= this.#max) return
      remembered.delete(key)
    }
  }
}
