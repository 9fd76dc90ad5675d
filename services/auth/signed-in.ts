import { Rejection } from '@stoa/contract'
import { z } from 'zod'
import type { Context } from './context.ts'
import type { SessionOf } from './users.ts'

const Ids = z.object({ userId: z.uuid(), sessionId: z.uuid() })

/** Whose access token the caller sent, customer or staff. Throws SIGNED_OUT for anybody else, programs with an API key included. */
export function signedIn({ actor }: Context): SessionOf {
  if (actor.kind !== 'customer' && actor.kind !== 'staff') throw new Rejection('SIGNED_OUT')
  if (actor.kind === 'staff' && actor.apiKeyId !== undefined) throw new Rejection('SIGNED_OUT')
  const ids = Ids.safeParse({ userId: actor.id, sessionId: actor.sessionId })
  if (!ids.success) throw new Rejection('SIGNED_OUT')
  return ids.data
}
