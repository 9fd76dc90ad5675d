import type { Context } from '../context.ts'
import { announceMedia } from './jobs/announce-media.ts'
import { type MediaRow, setOriginal } from './media-rows.ts'
import { keepOriginal, type MediaPlace, type Original } from './store-original.ts'

export type SourcePlace = MediaPlace & Pick<Context, 'transaction'>

/**
 * Fetches, cleans and stores the original of a picture that lies elsewhere, once however many ask for it. Lists that show it learn
 * its measures.
 */
export const obtainOriginal = (
  place: SourcePlace,
  { mediaId, sourceUrl }: Pick<MediaRow, 'mediaId'> & { sourceUrl: string },
): Promise<Original> =>
  place.media.obtainOnce(mediaId, async () => {
    const { bytes } = await place.media.fetchSource(sourceUrl)
    const original = await keepOriginal(place, await place.media.clean(bytes))
    await place.transaction(async (tx) => {
      if (await setOriginal(tx.query, mediaId, original))
        tx.schedule(announceMedia, { mediaId }, { key: `announce-media:${mediaId}` })
    })
    return original
  })
