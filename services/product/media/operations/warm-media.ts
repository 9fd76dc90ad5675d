import type { mediaOperations } from '@stoa/contracts/product-media'
import type { Handles } from '../../context.ts'
import { warmPictures } from '../jobs/warm-pictures.ts'

export const warmMedia: Handles<typeof mediaOperations.warmMedia> = async ({ mediaIds }, ctx) => {
  await ctx.transaction(async (tx) => tx.schedule(warmPictures, { mediaIds }))
  return null
}
