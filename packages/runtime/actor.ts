/** On whose behalf a call runs. */
export type Actor =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'customer'
      readonly id: string
      readonly sessionId: string
      /** As typed at registration; personal data: never logged, never in an event. */
      readonly email: string
      readonly emailVerified: boolean
      /** Whose prices the customer has. */
      readonly customerGroup?: string
    }
  | {
      readonly kind: 'staff'
      readonly id: string
      readonly sessionId: string
      readonly permissions: readonly string[]
      /** A program that acts with an API key: `id` is who answers for the key, `sessionId` the key's id. */
      readonly apiKeyId?: string
    }
  | { readonly kind: 'service'; readonly name: string }

/** Where a call entered the platform. */
export type Origin = {
  /** The client's IP address as the gateway saw it; undefined for what the platform does by itself. */
  readonly address: string | undefined
  /** The service that makes this call; undefined for a call from the public edge. */
  readonly via: string | undefined
}

/** A short name for logs, audit records and the scope of idempotency keys. */
export const actorName = (actor: Actor): string =>
  actor.kind === 'anonymous'
    ? 'anonymous'
    : actor.kind === 'service'
      ? `service:${actor.name}`
      : actor.kind === 'staff' && actor.apiKeyId !== undefined
        ? `staff:${actor.id}/api-key:${actor.apiKeyId}`
        : `${actor.kind}:${actor.id}`
