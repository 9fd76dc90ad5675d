import { ApiKeyRevoked, ApiKeyRotated, CredentialsChanged, SessionEnded } from '@stoa/contracts/auth'
import { everywhere } from '@stoa/runtime'
import type { Context } from '../context.ts'
import { loadRevoked } from './load-revoked.ts'

/** In every process with a gateway: access that has ended opens nothing any longer. */
export const endAccess = everywhere({
  name: 'end-access',
  hears: [SessionEnded, CredentialsChanged, ApiKeyRotated, ApiKeyRevoked],
  load: async ({ call, resources: { access } }: Context) => {
    await loadRevoked(access, call.auth)
    // What was revoked before this process listened was told to nobody here.
    access.apiKeys.forgetAll()
  },
  handle: async (facts, { resources: { access } }: Context) => {
    const { revoked, apiKeys } = access
    for (const { type, payload } of facts) {
      switch (type) {
        case 'auth.session-ended':
          revoked.sessionEnded(payload.sessionId)
          break
        case 'auth.credentials-changed':
          revoked.credentialsChanged(payload)
          apiKeys.forgetOf(payload.userId)
          break
        case 'auth.api-key-rotated':
        case 'auth.api-key-revoked':
          apiKeys.forget(payload.apiKeyId)
      }
    }
  },
})
