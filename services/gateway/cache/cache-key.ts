import type { Operation } from '@stoa/contract'
import type { Actor } from '@stoa/runtime'

/** For whom an answer is: everyone, or the customers of one group. */
export type Audience = { readonly customerGroup: string | undefined }

/** Undefined: answers for such a caller are not kept, and none that is kept is given to it. */
export function audienceOf(actor: Actor): Audience | undefined {
  if (actor.kind === 'anonymous') return { customerGroup: undefined }
  // Staff see for themselves what they have just changed; no permission makes a difference to what is kept.
  return actor.kind === 'customer' ? { customerGroup: actor.customerGroup } : undefined
}

const NOBODY = '00000000-0000-7000-8000-000000000000'

/** Whom a service sees when an answer is made that will be kept: nobody in particular, so that it cannot hold anything of somebody. */
export const actorFor = ({ customerGroup }: Audience): Actor =>
  customerGroup === undefined
    ? { kind: 'anonymous' }
    : {
        kind: 'customer',
        id: NOBODY,
        sessionId: NOBODY,
        email: 'nobody@invalid',
        emailVerified: false,
        customerGroup,
      }

/** The language that a browser wants most: `de` of `de-AT,de;q=0.9`. Empty: none, or any. */
export function languageOf(acceptLanguage: string | undefined): string {
  if (acceptLanguage === undefined) return ''
  return /^\s*([a-zA-Z]{2,3})\b/.exec(acceptLanguage)?.[1]?.toLowerCase() ?? ''
}

/**
 * The name under which an answer is kept: equal for requests that mean the same (fields in another order, defaults named or not),
 * another for whatever may make the answer another. `input` is what the contract's schema has made of the request; fields that
 * travel as headers are not part of it: `variant` says what they come to.
 */
export function cacheKey(options: {
  readonly name: string
  readonly operation: Operation
  readonly input: Readonly<Record<string, unknown>>
  readonly language: string
  readonly audience: Audience
  readonly variant: string
}): string {
  const { name, operation, input, language, audience, variant } = options
  const fields = Object.keys(input)
    .filter((field) => input[field] !== undefined && operation.headers?.[field] === undefined)
    .sort()
    .map((field) => [field, input[field]])
  return JSON.stringify([name, fields, language, audience.customerGroup ?? null, variant])
}
