import { invalidInput } from '@stoa/contract'
import type { mediaOperations } from '@stoa/contracts/product-media'
import type { Handles } from '../../context.ts'
import { announceMedia } from '../jobs/announce-media.ts'
import { isSourceUrl, mediaFromUrls } from '../media-from-urls.ts'
import { loadMedia, loadMediaOfSource, setOriginal, updateMedia } from '../media-rows.ts'
import { keepOriginal } from '../store-original.ts'
import { refusePicture } from './refuse-picture.ts'

export const addMediaFromUrl: Handles<typeof mediaOperations.addMediaFromUrl> = async (input, ctx) => {
  const { url, alt, focalPoint } = input
  if (!isSourceUrl(url))
    throw invalidInput({ field: 'url', message: 'must be http or https, without credentials and fragment' })
  const known = await loadMediaOfSource(ctx.query, url)
  if (known?.bytes != null) {
    ctx.setHeader('etag', `"${known.version}"`)
    return known
  }

  // Fetched before anything is written, so that whoever adds it learns what is wrong with it.
  const { media } = ctx.resources
  const clean = await media
    .fetchSource(url)
    .then(({ bytes }) => media.clean(bytes))
    .catch((error: unknown) => refusePicture(error, 'url'))
  const original = await keepOriginal({ query: ctx.query, media }, clean)
  return ctx.transaction(async (tx) => {
    const mediaId = (await mediaFromUrls(tx.query, [{ url, alt }])).get(url)!
    if (await setOriginal(tx.query, mediaId, original))
      tx.schedule(announceMedia, { mediaId }, { key: `announce-media:${mediaId}` })
    let added = (await loadMedia(tx.query, mediaId))!
    if (!known && added.version === 1) {
      await updateMedia(tx.query, { mediaId, expectedVersion: 1 }, { alt, focalPoint })
      added = (await loadMedia(tx.query, mediaId))!
    }
    tx.audit({ subject: `media:${mediaId}`, version: added.version, before: known ?? null, after: added })
    ctx.setHeader('etag', `"${added.version}"`)
    return added
  })
}
