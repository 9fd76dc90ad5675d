import { Rejection } from '@stoa/contract'
import type { mediaOperations } from '@stoa/contracts/product-media'
import { changedSince } from '@stoa/runtime'
import type { Handles } from '../../context.ts'
import { violatedConstraint } from '../../violation.ts'
import { loadMedia, removeMedia } from '../media-rows.ts'

export const deleteMedia: Handles<typeof mediaOperations.deleteMedia> = async (input, ctx) => {
  const { mediaId, version } = input
  const refuseOrRemove = async () => {
    const before = await loadMedia(ctx.query, mediaId)
    if (!before) return true
    const subject = `media:${mediaId}`
    if (before.version !== version)
      throw new Rejection('STALE', {
        version: before.version,
        changed: await changedSince(ctx.query, { schema: 'product', subject, version }),
      })
    if (before.used) throw new Rejection('MEDIA_IN_USE')
    return ctx.transaction(async (tx) => {
      const isGone = await removeMedia(tx.query, { mediaId, expectedVersion: version })
      if (isGone) tx.audit({ subject, version: version + 1, before, after: null })
      return isGone
    })
  }
  try {
    // What changed between the look and the deed is told by a second look.
    if ((await refuseOrRemove()) || (await refuseOrRemove())) return null
  } catch (error) {
    // Somebody has just begun to show it.
    if (!violatedConstraint(error)) throw error
  }
  throw new Rejection('MEDIA_IN_USE')
}
