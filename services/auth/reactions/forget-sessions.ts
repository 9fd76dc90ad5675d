import { CredentialsChanged, EmailConfirmed, SessionEnded } from '@stoa/contracts/auth'
import { everywhere } from '@stoa/runtime'
import type { Context } from '../context.ts'
import { nameOfSession, nameOfUser } from '../known-session.ts'

/** Once more what the operations do themselves: one of them may have ended between its commit and that, or have found Redis away. */
export const forgetSessions = everywhere({
  name: 'forget-sessions',
  hears: [SessionEnded, CredentialsChanged, EmailConfirmed],
  handle: async (facts, { cache }: Context) => {
    await cache.drop(
      ...facts.map(({ type, payload }) =>
        type === 'auth.session-ended' ? nameOfSession(payload) : nameOfUser(payload.userId),
      ),
    )
  },
})
