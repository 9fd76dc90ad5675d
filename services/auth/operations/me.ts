import { Rejection } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import type { Handles } from '../context.ts'
import { signedIn } from '../signed-in.ts'
import { findSignedIn, toUser } from '../users.ts'

/** Looks at the session, too: an access token outlives it by up to an hour, and here it no longer counts. */
export const me: Handles<typeof auth.operations.me> = async (_, ctx) => {
  const user = await findSignedIn(ctx.query, signedIn(ctx))
  if (!user) throw new Rejection('SIGNED_OUT')
  return toUser(user)
}
