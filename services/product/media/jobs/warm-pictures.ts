import { type Job, job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { findRendition } from '../find-rendition.ts'
import type { Rendition } from '../rendition.ts'

/** What cards of a list show, on screens of either density, in browsers of the last years. */
const COMMON: readonly Rendition[] = [
  { width: 320, format: 'avif' },
  { width: 640, format: 'avif' },
  { width: 320, format: 'webp' },
  { width: 640, format: 'webp' },
]
/** Pictures of one run, about 10 s of work: the rest is another job, so that a process that ends loses little. */
const PICTURES_PER_RUN = 20

const Input = z.strictObject({ mediaIds: z.array(z.uuid()).max(200) })

/** Makes the common renditions of pictures before anybody asks. What cannot be made now is made when it is asked for. */
export const warmPictures: Job<typeof Input, Context> = job({
  name: 'warm-pictures',
  input: Input,
  maxAttempts: 3,
  handle: async ({ mediaIds }, ctx) => {
    const place = { query: ctx.query, transaction: ctx.transaction, media: ctx.resources.media }
    for (const mediaId of mediaIds.slice(0, PICTURES_PER_RUN)) {
      for (const rendition of COMMON) {
        // One after another: shoppers' own requests come between.
        const { state } = await findRendition(place, { mediaId, key: undefined }, rendition)
        if (ctx.signal.aborted) throw ctx.signal.reason
        if (state !== 'found') break
      }
    }
    const rest = mediaIds.slice(PICTURES_PER_RUN)
    if (rest.length > 0) await ctx.transaction(async (tx) => tx.schedule(warmPictures, { mediaIds: rest }))
  },
})
