import type { search } from '@stoa/contracts/search'
import type { Handles } from '../context.ts'
import { currentSettings } from '../settings.ts'

export const getSettings: Handles<typeof search.operations.getSettings> = async (_input, ctx) => {
  const settings = await currentSettings(ctx.query)
  ctx.setHeader('etag', `"${settings.version}"`)
  return settings
}
