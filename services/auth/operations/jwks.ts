import type { auth } from '@stoa/contracts/auth'
import type { Handles } from '../context.ts'

export const jwks: Handles<typeof auth.operations.jwks> = async (_, { resources }) => ({
  keys: await resources.signingKeys.published(),
})
