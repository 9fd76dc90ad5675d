import { Rejection } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import type { Handles } from '../context.ts'
import { knownSession } from '../known-session.ts'
import { signedIn } from '../signed-in.ts'

/** Looks at the session, too: no event has to have come here for an ended one to count no longer. */
export const me: Handles<typeof auth.operations.me> = async (_, ctx) => {
  const user = await knownSession(ctx, signedIn(ctx))
  if (!user) throw new Rejection('SIGNED_OUT')
  return user
}
