import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'

/** Daily, so that a key that signs for 30 days is followed by one that everybody has known for a day. */
export const rotateSigningKeys = job({
  name: 'rotate-signing-keys',
  input: z.strictObject({}),
  cron: '41 2 * * *',
  handle: (_, ctx: Context) => ctx.resources.signingKeys.rotate(),
})
