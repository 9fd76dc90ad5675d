import type { search } from '@stoa/contracts/search'
import type { Handles } from '../context.ts'
import { putSettings } from '../put-settings.ts'
import { currentSettings } from '../settings.ts'

export const changeSettings: Handles<typeof search.operations.changeSettings> = async (
  { version, note, language, synonyms, ranking },
  ctx,
) => {
  const { version: current, ...before } = await currentSettings(ctx.query)
  const after = {
    language: language ?? before.language,
    synonyms: synonyms ?? before.synonyms,
    ranking: ranking ?? before.ranking,
  }
  return putSettings(ctx, { version, note, current, before, after })
}
