import { type Contract, Rejection } from '@stoa/contract'
import { type Actor, type ConfigOf, ipSubject } from '@stoa/runtime'
import { Counter, type Registry } from 'prom-client'
import type { config } from '../config.ts'
import type { published } from '../published.ts'
import type { Limiter } from './limiter.ts'
import type { QuotaPolicy, Taken } from './quota.ts'

type Published = typeof published
type Named = { readonly [K in keyof Published]?: readonly (keyof Published[K]['operations'])[] }

/** What somebody could try until it fits, or have done to others: counted by address, whoever asks. */
const SENSITIVE: Named = {
  auth: [
    'register',
    'login',
    'changePassword',
    'requestPasswordReset',
    'resetPassword',
    'confirmEmail',
    'resendConfirmation',
  ],
  order: ['lookUp'],
}

/** A payment gateway sends from few addresses, as much as there is to tell, and signs it. */
const UNLIMITED: Named = { payment: ['stripeWebhook'] }

const isNamed = (named: Named, contract: Contract, name: string): boolean =>
  (named[contract.name as keyof Published] as readonly string[] | undefined)?.includes(name) ?? false

/** Header fields of draft-ietf-httpapi-ratelimit-headers-11. */
export type SetHeader = (name: 'ratelimit' | 'ratelimit-policy', value: string) => void

export type OperationQuota = {
  /** Counts a request, and says what is left. Throws TOO_MANY_REQUESTS for one too many. */
  readonly count: (actor: Actor, address: string, setHeader: SetHeader) => Promise<void> | undefined
  /** The same for nobody in particular, without waiting: of an answer that is given again. */
  readonly countKept: (address: string, setHeader: SetHeader) => void
  /**
   * A token or a key that this process has not seen: to find out whose it is costs more than a refusal. By itself and whatever is asked
   * for, so that shoppers without a name keep out nobody who has one, and here alone, where it is found out.
   */
  readonly countUnseen: (address: string, setHeader: SetHeader) => void
  /** Before anybody is known: of an operation that is counted by address. */
  readonly countFirst: (address: string, setHeader: SetHeader) => Promise<void> | undefined
}

/** Joins what the settings allow with who asks for what. */
export function createQuotas(
  limiter: Limiter,
  settings: Pick<
    ConfigOf<typeof config>,
    'ratePerApiKey' | 'ratePerUser' | 'ratePerAddress' | 'sensitivePerAddress'
  >,
  registry: Registry,
) {
  const refused = new Counter({
    name: 'gateway_rate_limited_total',
    help: 'Requests that were refused because a quota was used up.',
    labelNames: ['policy'],
    registers: [registry],
  })
  const policies = {
    apiKey: policyOf('api-key', settings.ratePerApiKey, 1),
    user: policyOf('user', settings.ratePerUser * 10, 10),
    address: policyOf('address', settings.ratePerAddress * 10, 10),
    unseen: policyOf('unseen', settings.ratePerAddress * 10, 10),
    sensitive: policyOf('sensitive', settings.sensitivePerAddress, 60),
  }

  const settle = (policy: Policy, taken: Taken, setHeader: SetHeader): void => {
    setHeader('ratelimit-policy', policy.told)
    // Whoever is refused is told one time, here and in Retry-After.
    const seconds = taken.allowed ? taken.resetSeconds : taken.retryAfterSeconds
    setHeader('ratelimit', `"${policy.name}";r=${taken.remaining};t=${seconds}`)
    if (taken.allowed) return
    refused.inc({ policy: policy.name })
    throw new Rejection('TOO_MANY_REQUESTS', { retryAfterSeconds: taken.retryAfterSeconds })
  }
  const count = (policy: Policy | undefined, subject: string, setHeader: SetHeader) => {
    if (!policy) return
    const taken = limiter.take(policy, subject)
    if (taken instanceof Promise) return taken.then((later) => settle(policy, later, setHeader))
    settle(policy, taken, setHeader)
  }
  const countHere = (policy: Policy | undefined, subject: string, setHeader: SetHeader) => {
    if (policy) settle(policy, limiter.takeHere(policy, subject), setHeader)
  }
  const subjectOf = (address: string): string => ipSubject(address) ?? address

  return {
    of: (contract: Contract, name: string): OperationQuota => {
      const countUnseen: OperationQuota['countUnseen'] = (address, setHeader) =>
        countHere(policies.unseen, subjectOf(address), setHeader)
      if (isNamed(UNLIMITED, contract, name))
        return { count: () => undefined, countKept: () => {}, countUnseen, countFirst: () => undefined }
      const isSensitive = isNamed(SENSITIVE, contract, name)
      return {
        countFirst: (address, setHeader) =>
          isSensitive ? count(policies.sensitive, subjectOf(address), setHeader) : undefined,
        count: (actor, address, setHeader) => {
          if (isSensitive) return
          if (actor.kind === 'anonymous' || actor.kind === 'service')
            return count(policies.address, subjectOf(address), setHeader)
          if (actor.kind === 'staff' && actor.apiKeyId !== undefined)
            return count(policies.apiKey, actor.apiKeyId, setHeader)
          return count(policies.user, actor.id, setHeader)
        },
        countKept: (address, setHeader) => countHere(policies.address, subjectOf(address), setHeader),
        countUnseen,
      }
    },
  }
}

type Policy = QuotaPolicy & {
  /** As a quota policy item. */
  readonly told: string
}

/** Undefined: everything goes. */
const policyOf = (name: string, quota: number, windowSeconds: number): Policy | undefined =>
  quota === 0 ? undefined : { name, quota, windowSeconds, told: `"${name}";q=${quota};w=${windowSeconds}` }
