import { Content, Rejection } from '@stoa/contract'
import type { mediaOperations } from '@stoa/contracts/product-media'
import type { Handles } from '../../context.ts'
import { findRendition } from '../find-rendition.ts'
import { contentTypeOf, renditionOf } from '../rendition.ts'

export const picture: Handles<typeof mediaOperations.picture> = async ({ mediaId, key, file }, ctx) => {
  const wanted = renditionOf(file)!
  const place = { query: ctx.query, transaction: ctx.transaction, media: ctx.resources.media }
  const found = await findRendition(place, { mediaId, key }, wanted)
  switch (found.state) {
    case 'absent':
      throw new Rejection('MEDIA_NOT_FOUND')
    case 'later':
      throw new Rejection('MEDIA_NOT_READY', { retryAfterSeconds: found.retryAfterSeconds })
    case 'found':
      ctx.setHeader('cache-control', 'public, max-age=31536000, immutable')
      ctx.setHeader('etag', found.etag)
      return new Content(found.bytes, { type: contentTypeOf(wanted) })
  }
}
