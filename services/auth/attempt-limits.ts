/** Something that is counted, and how often it may be tried within a window. */
export type Limit = {
  readonly kind:
    | 'login'
    | 'login-ip'
    | 'mail'
    | 'mail-ip'
    | 'password'
    | 'register'
    | 'register-ip'
    | 'reset-ip'
  readonly subject: string
  readonly max: number
  readonly windowSeconds: number
}

export type AttemptCount = {
  readonly kind: string
  readonly count: number
  readonly retryAfterSeconds: number
}

/** Seconds until the last of the exceeded windows ends; undefined when no limit is exceeded. The counts include this attempt. */
export function waitSeconds(limits: readonly Limit[], counts: readonly AttemptCount[]): number | undefined {
  const exceeded = counts.filter(({ kind, count }) => {
    const limit = limits.find((candidate) => candidate.kind === kind)
    return limit !== undefined && count > limit.max
  })
  if (exceeded.length === 0) return undefined
  return Math.max(1, ...exceeded.map(({ retryAfterSeconds }) => retryAfterSeconds))
}
