import type { Client } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import type { Access } from './access.ts'
import { REMEMBERED_MS } from './revoked.ts'

/** 250,000 sessions: as many as are remembered. */
const MAX_PAGES = 50
/** A transaction that began earlier may commit later: what was read last is read again. */
const OVERLAP_MS = 60_000

/**
 * Reads what ended since this was last read, or while any token lives: at the start, and once a minute after that, so that access ends
 * within a minute even while no event comes.
 */
export async function loadRevoked(
  access: Access,
  source: Pick<Client<typeof auth>, 'endedAccess'>,
): Promise<void> {
  const begunAtMs = Date.now()
  const sinceMs = access.readAtMs === undefined ? REMEMBERED_MS : begunAtMs - access.readAtMs + OVERLAP_MS
  const withinSeconds = Math.ceil(Math.min(sinceMs, REMEMBERED_MS) / 1_000)
  let after: string | undefined
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await source.endedAccess({ withinSeconds, ...(after !== undefined && { after }) })
    for (const sessionId of page.sessionIds) access.revoked.sessionEnded(sessionId)
    for (const account of page.accounts) {
      access.revoked.credentialsChanged(account)
      // Of an account that changed before the key was read, this costs a look at it.
      if (access.readAtMs !== undefined) access.apiKeys.forgetOf(account.userId)
    }
    if (page.next === null) break
    after = page.next
  }
  access.readAtMs = begunAtMs
}
