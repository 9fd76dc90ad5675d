import { type Redis, redisScript } from '@stoa/runtime'
import { LRUCache } from 'lru-cache'
import { type QuotaPolicy, type Taken, takeFrom, told } from './quota.ts'

/** Of each policy; the least recently seen is forgotten first, and begins with its whole quota again. About 10 MB. */
const MAX_SUBJECTS = 50_000

/**
 * The same as `takeFrom`, by the clock of Redis: one round trip. The key holds the time, in milliseconds, up to which the subject has used its
 * quota, and is gone when all of it is there again. KEYS: the subject. ARGV: interval, window.
 */
const TAKE = redisScript(
  'take_quota',
  `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local interval, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local until_ = tonumber(redis.call('GET', KEYS[1]) or '0')
local ahead = math.max(until_ - now, 0)
local next = ahead + interval
if next > window + 0.01 then return {0, string.format('%.3f', ahead)} end
redis.call('SET', KEYS[1], string.format('%.3f', now + next), 'PX', math.ceil(next))
return {1, string.format('%.3f', next)}`,
)

export type Limiter = {
  /** Counts a request in this process alone: for what costs less than to count it elsewhere. */
  readonly takeHere: (policy: QuotaPolicy, subject: string) => Taken
  /** Counts it here and, where there is Redis, over all processes. While Redis is away, here alone. */
  readonly take: (policy: QuotaPolicy, subject: string) => Taken | Promise<Taken>
}

export function createLimiter({
  redis,
  now = Date.now,
}: {
  redis: Redis | undefined
  now?: () => number
}): Limiter {
  const policies = new Map<string, LRUCache<string, number>>()
  const subjectsOf = ({ name }: QuotaPolicy): LRUCache<string, number> => {
    let subjects = policies.get(name)
    if (!subjects) {
      subjects = new LRUCache({ max: MAX_SUBJECTS })
      policies.set(name, subjects)
    }
    return subjects
  }

  const takeHere = (policy: QuotaPolicy, subject: string): Taken => {
    const subjects = subjectsOf(policy)
    const at = now()
    const taken = takeFrom(policy, (subjects.get(subject) ?? 0) - at)
    if (taken.allowed) subjects.set(subject, at + taken.aheadMs)
    return taken
  }

  const takeShared = async (
    shared: Redis,
    policy: QuotaPolicy,
    subject: string,
    here: Taken,
  ): Promise<Taken> => {
    const windowMs = policy.windowSeconds * 1_000
    try {
      const reply = await shared.run(
        TAKE,
        [`quota:${policy.name}:${subject}`],
        [windowMs / policy.quota, windowMs],
      )
      const [allowed, ahead] = reply as [number, string]
      const aheadMs = Number(ahead)
      const subjects = subjectsOf(policy)
      // What others counted is known here, too: who is over the quota is refused without asking, and should Redis go away.
      subjects.set(subject, Math.max(subjects.get(subject) ?? 0, now() + aheadMs))
      return told(policy, { allowed: allowed === 1, aheadMs })
    } catch {
      return here
    }
  }

  return {
    takeHere,
    take: (policy, subject) => {
      const here = takeHere(policy, subject)
      return here.allowed && redis ? takeShared(redis, policy, subject, here) : here
    },
  }
}
