import { Rejection } from '@stoa/contract'
import type { search } from '@stoa/contracts/search'
import type { Handles } from '../context.ts'
import { putSettings } from '../put-settings.ts'
import { currentSettings, settingsOf } from '../settings.ts'

/** The earlier content becomes a new version: history only grows. */
export const rollBackSettings: Handles<typeof search.operations.rollBackSettings> = async (
  { version, to },
  ctx,
) => {
  const [{ version: current, ...before }, earlier] = [
    await currentSettings(ctx.query),
    await settingsOf(ctx.query, to),
  ]
  if (!earlier) throw new Rejection('VERSION_NOT_FOUND')
  const { version: _, ...after } = earlier
  return putSettings(ctx, { version, note: `Back to version ${to}`, current, before, after })
}
