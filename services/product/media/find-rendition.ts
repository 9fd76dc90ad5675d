import { SourceFault } from './fetch-source.ts'
import type { SourceAnswer } from './media-library.ts'
import { findMedia, type MediaRow } from './media-rows.ts'
import { obtainOriginal, type SourcePlace } from './obtain-original.ts'
import { PictureFault } from './picture-fault.ts'
import { type Rendition, servedAs } from './rendition.ts'
import type { MediaPlace } from './store-original.ts'
import { QueueFull } from './work-queue.ts'

export type FoundRendition =
  | { readonly state: 'found'; readonly bytes: Buffer; readonly etag: string }
  | SourceAnswer

/** With the queue as long as it may get, as much has been done by then. */
const BUSY_SECONDS = 5
/** A source that does not answer is asked again after a minute. */
const SILENT_SECONDS = 60

/**
 * One rendition of a picture: from the store, or made now, after its original was fetched if need be. `absent` when there is no such
 * picture at this key, or its source has none.
 */
export async function findRendition(
  place: SourcePlace,
  { mediaId, key }: { mediaId: string; key: string | undefined },
  wanted: Rendition,
): Promise<FoundRendition> {
  const media = await findMedia(place.query, mediaId)
  if (!media || (key !== undefined && media.key !== key)) return { state: 'absent' }
  try {
    const bytes = media.sha256 ? await renditionOf(place, media, wanted) : undefined
    if (bytes) return { state: 'found', bytes, etag: etagOf(media, wanted) }
    // Never fetched, or the store has lost it.
    if (!media.sourceUrl) return { state: 'absent' }
    const failed = place.media.failedSources.get(mediaId)
    if (failed) return failed
    const { sha256, width } = await obtainOriginal(place, { mediaId, sourceUrl: media.sourceUrl })
    const made = await renditionOf(place, { sha256, width }, wanted)
    return made ? { state: 'found', bytes: made, etag: etagOf(media, wanted) } : { state: 'absent' }
  } catch (error) {
    if (error instanceof QueueFull) return { state: 'later', retryAfterSeconds: BUSY_SECONDS }
    if (!(error instanceof SourceFault || error instanceof PictureFault)) throw error
    const isSilent = error instanceof SourceFault && error.kind === 'silent'
    const answer: SourceAnswer = isSilent
      ? { state: 'later', retryAfterSeconds: SILENT_SECONDS }
      : { state: 'absent' }
    place.media.failedSources.set(mediaId, answer)
    place.media.log.warn({ err: error, mediaId, sourceUrl: media.sourceUrl }, 'a picture has no source')
    return answer
  }
}

const renditionOf = (
  { media }: MediaPlace,
  { sha256, width }: Pick<MediaRow, 'sha256' | 'width'>,
  wanted: Rendition,
): Promise<Buffer | undefined> => media.rendition(sha256!, servedAs(wanted, width!))

/** Under one address there is one file for ever. */
const etagOf = ({ key }: MediaRow, { width, format }: Rendition): string => `"${key}-${width}-${format}"`
