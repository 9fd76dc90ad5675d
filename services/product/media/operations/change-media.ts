import { isDeepStrictEqual } from 'node:util'
import { Rejection } from '@stoa/contract'
import type { mediaOperations } from '@stoa/contracts/product-media'
import { changedSince } from '@stoa/runtime'
import type { Handles } from '../../context.ts'
import { announceMedia } from '../jobs/announce-media.ts'
import { loadMedia, updateMedia } from '../media-rows.ts'

export const changeMedia: Handles<typeof mediaOperations.changeMedia> = async (input, ctx) => {
  const { mediaId, version } = input
  const before = await loadMedia(ctx.query, mediaId)
  if (!before) throw new Rejection('MEDIA_NOT_FOUND')
  const old = { alt: before.alt, focalPoint: before.focalPoint }
  const fields = { alt: input.alt ?? old.alt, focalPoint: rounded(input.focalPoint ?? old.focalPoint) }
  if (isDeepStrictEqual(old, fields)) {
    ctx.setHeader('etag', `"${before.version}"`)
    return before
  }
  const stale = async (now: number) =>
    new Rejection('STALE', {
      version: now,
      changed: await changedSince(ctx.query, { schema: 'product', subject: `media:${mediaId}`, version }),
    })
  if (before.version !== version) throw await stale(before.version)

  const after = await ctx.transaction(async (tx) => {
    const changed = await updateMedia(tx.query, { mediaId, expectedVersion: version }, fields)
    if (changed === undefined) return undefined
    tx.audit({ subject: `media:${mediaId}`, version: changed, before: old, after: fields })
    // Those who show it say it anew, however many they are.
    if (before.used) tx.schedule(announceMedia, { mediaId }, { key: `announce-media:${mediaId}` })
    return { ...before, ...fields, version: changed }
  })
  if (!after) {
    const now = await loadMedia(ctx.query, mediaId)
    if (!now) throw new Rejection('MEDIA_NOT_FOUND')
    throw await stale(now.version)
  }
  ctx.setHeader('etag', `"${after.version}"`)
  return after
}

/** As the column keeps it: six digits of a share are a fraction of a pixel. */
const rounded = ({ x, y }: { x: number; y: number }) => ({
  x: Number(x.toFixed(5)),
  y: Number(y.toFixed(5)),
})
