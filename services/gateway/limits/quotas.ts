import type { ServerResponse } from 'node:http'
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

/** Says of its quotas what draft-ietf-httpapi-ratelimit-headers-11 has words for. */
export type SaysQuotas = Pick<ServerResponse, 'getHeader' | 'setHeader'>

/**
 * Each counts a request, and says what is left beside what others have said of it. For one too many each throws TOO_MANY_REQUESTS, and the
 * answer says this quota alone: what others have left is of no use to who is refused.
 */
export type OperationQuota = {
  /** By who asks. */
  readonly count: (actor: Actor, address: string, answer: SaysQuotas) => Promise<void> | undefined
  /** The same for nobody in particular, without waiting: of an answer that is given again. */
  readonly countKept: (address: string, answer: SaysQuotas) => void
  /**
   * A token or a key that this process has not seen: to find out whose it is costs more than a refusal. By itself and whatever is asked
   * for, so that shoppers without a name keep out nobody who has one, and here alone, where it is found out.
   */
  readonly countUnseen: (address: string, answer: SaysQuotas) => void
  /** Before anybody is known: of an operation that is counted by address. */
  readonly countFirst: (address: string, answer: SaysQuotas) => Promise<void> | undefined
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

  const settle = (policy: Policy, taken: Taken, answer: SaysQuotas): void => {
    const say = (field: 'ratelimit' | 'ratelimit-policy', item: string) => {
      const said = taken.allowed ? answer.getHeader(field) : undefined
      answer.setHeader(field, said === undefined ? item : `${said}, ${item}`)
    }
    say('ratelimit-policy', policy.told)
    // Whoever is refused is told one time, here and in Retry-After.
    const seconds = taken.allowed ? taken.resetSeconds : taken.retryAfterSeconds
    say('ratelimit', `"${policy.name}";r=${taken.remaining};t=${seconds}`)
    if (taken.allowed) return
    refused.inc({ policy: policy.name })
    throw new Rejection('TOO_MANY_REQUESTS', { retryAfterSeconds: taken.retryAfterSeconds })
  }
  const count = (policy: Policy | undefined, subject: string, answer: SaysQuotas) => {
    if (!policy) return
    const taken = limiter.take(policy, subject)
    if (taken instanceof Promise) return taken.then((later) => settle(policy, later, answer))
    settle(policy, taken, answer)
  }
  const countHere = (policy: Policy | undefined, subject: string, answer: SaysQuotas) => {
    if (policy) settle(policy, limiter.takeHere(policy, subject), answer)
  }
  const subjectOf = (address: string): string => ipSubject(address) ?? address

  return {
    of: (contract: Contract, name: string): OperationQuota => {
      const countUnseen: OperationQuota['countUnseen'] = (address, answer) =>
        countHere(policies.unseen, subjectOf(address), answer)
      if (isNamed(UNLIMITED, contract, name))
        return { count: () => undefined, countKept: () => {}, countUnseen, countFirst: () => undefined }
      const isSensitive = isNamed(SENSITIVE, contract, name)
      return {
        countFirst: (address, answer) =>
          isSensitive ? count(policies.sensitive, subjectOf(address), answer) : undefined,
        count: (actor, address, answer) => {
          if (isSensitive) return
          if (actor.kind === 'anonymous' || actor.kind === 'service')
            return count(policies.address, subjectOf(address), answer)
          if (actor.kind === 'staff' && actor.apiKeyId !== undefined)
            return count(policies.apiKey, actor.apiKeyId, answer)
          return count(policies.user, actor.id, answer)
        },
        countKept: (address, answer) => countHere(policies.address, subjectOf(address), answer),
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
