import type { mediaOperations } from '@stoa/contracts/product-media'
import type { Handles } from '../../context.ts'
import { loadMedia } from '../media-rows.ts'
import { insertPicture, keepOriginal, knownPicture, sha256Of } from '../store-original.ts'
import { refusePicture } from './refuse-picture.ts'

export const uploadMedia: Handles<typeof mediaOperations.uploadMedia> = async (input, ctx) => {
  const bytes = Buffer.from(input.content, 'base64')
  const place = { query: ctx.query, media: ctx.resources.media }
  const receivedSha256 = await sha256Of(bytes)
  const known = await knownPicture(ctx.query, receivedSha256)
  const answer = async (mediaId: string) => {
    const media = (await loadMedia(ctx.query, mediaId))!
    ctx.setHeader('etag', `"${media.version}"`)
    return media
  }
  if (known !== undefined) return answer(known)

  const { media } = ctx.resources
  const clean = await media.clean(bytes).catch((error: unknown) => refusePicture(error, 'content'))
  const original = await keepOriginal(place, clean)
  return ctx.transaction(async (tx) => {
    const { mediaId } = await insertPicture(tx.query, {
      mediaId: ctx.newId,
      receivedSha256,
      original,
      alt: input.alt,
      focalPoint: { x: input.focalX, y: input.focalY },
    })
    const added = (await loadMedia(tx.query, mediaId))!
    tx.audit({ subject: `media:${mediaId}`, version: added.version, before: null, after: added })
    tx.answer(added)
    ctx.setHeader('etag', `"${added.version}"`)
    return added
  })
}
