import { ApiKeys } from './api-keys.ts'
import { Revoked } from './revoked.ts'

/** What a gateway's process knows of who may come in. */
export type Access = {
  readonly revoked: Revoked
  readonly apiKeys: ApiKeys
  /** When auth was last asked what ended, in epoch milliseconds. Undefined: not yet, and no token is accepted before. */
  readAtMs: number | undefined
}

export const openAccess = (): Access => ({
  revoked: new Revoked(),
  apiKeys: new ApiKeys(),
  readAtMs: undefined,
})
