import { invalidInput } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import type { Handles } from '../context.ts'
import { readEnded } from '../ended-access.ts'

const PAGE = 5_000

export const endedAccess: Handles<typeof auth.operations.endedAccess> = async (
  { withinSeconds, after },
  ctx,
) => {
  const [, at, id] = /^([\d:. +-]{10,40}) ([0-9a-f-]{36})$/.exec(after ?? '') ?? []
  if (after !== undefined && id === undefined)
    throw invalidInput({ field: 'after', message: 'is not the `next` of a page' })
  const found = await readEnded(ctx.query, { withinSeconds, at, id, limit: PAGE + 1 })
  const items = found.slice(0, PAGE)
  const last = items.at(-1)
  return {
    sessionIds: items.flatMap(({ id, credentialsVersion }) => (credentialsVersion === null ? [id] : [])),
    accounts: items.flatMap(({ id, credentialsVersion, keptSessionId }) =>
      credentialsVersion === null ? [] : [{ userId: id, credentialsVersion, keptSessionId }],
    ),
    next: found.length > PAGE && last ? `${last.at} ${last.id}` : null,
  }
}
