import type { User } from '@stoa/contracts/auth'
import type { Context } from './context.ts'
import { findSignedIn, type SessionOf, toUser } from './users.ts'

type Known = Pick<Context, 'cache' | 'query'>

/** As the specification has a profile. Its session is looked at again as often: what is kept is what is in use. */
const PROFILE_SECONDS = 30 * 60
/** A session that has ended does so for good; this is for whoever goes on asking. */
const ENDED_SECONDS = 60

/**
 * Whose session it is, while it lasts. Known from Redis where there is one, from which it is dropped before the answer to whatever ends
 * it goes out; everywhere else it is one statement, as before.
 */
export async function knownSession({ cache, query }: Known, session: SessionOf): Promise<User | undefined> {
  const user = await cache.get<User | null>(
    nameOfSession(session),
    {
      ttlSeconds: (known) => (known ? PROFILE_SECONDS : ENDED_SECONDS),
      tags: () => [nameOfUser(session.userId)],
      sharedOnly: true,
    },
    async () => {
      const row = await findSignedIn(query, session)
      return row ? toUser(row) : null
    },
  )
  return user ?? undefined
}

/** After the commit that ended it. */
export const forgetSession = ({ cache }: Pick<Context, 'cache'>, session: SessionOf): Promise<void> =>
  cache.drop(nameOfSession(session))

/** After the commit that changed the account, or ended its sessions. */
export const forgetSessionsOf = ({ cache }: Pick<Context, 'cache'>, userId: string): Promise<void> =>
  cache.drop(nameOfUser(userId))

/** With the account: what is asked of somebody else's session says nothing of theirs. */
export const nameOfSession = ({ userId, sessionId }: SessionOf): string => `session:${userId}:${sessionId}`
export const nameOfUser = (userId: string): string => `user:${userId}`
