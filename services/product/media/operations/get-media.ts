import { Rejection } from '@stoa/contract'
import type { mediaOperations } from '@stoa/contracts/product-media'
import type { Handles } from '../../context.ts'
import { loadMedia } from '../media-rows.ts'

export const getMedia: Handles<typeof mediaOperations.getMedia> = async ({ mediaId }, ctx) => {
  const media = await loadMedia(ctx.query, mediaId)
  if (!media) throw new Rejection('MEDIA_NOT_FOUND')
  ctx.setHeader('etag', `"${media.version}"`)
  return media
}
