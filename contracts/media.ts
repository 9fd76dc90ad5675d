import { z } from 'zod'
import { Id } from './text.ts'

/** Widths in pixels in which every picture can be had; a picture is never made larger than its original. */
export const MEDIA_WIDTHS = [160, 320, 480, 640, 800, 1200, 1600, 2400] as const
/** In the order in which a browser should be offered them. */
export const MEDIA_FORMATS = ['avif', 'webp', 'jpeg'] as const

/** A picture, as shoppers see it. */
export const Media = z.object({
  mediaId: Id,
  /** What it shows, for those who cannot see it. Empty: decoration. */
  alt: z.string(),
  /** Of the original, in pixels. Null until it was fetched. */
  width: z.int().nullable(),
  height: z.int().nullable(),
  /** Where the eye goes: shares of width and height from the left and the top. */
  focalPoint: z.object({ x: z.number(), y: z.number() }),
  /** Its address, with `{width}` and `{format}` to be filled from `MEDIA_WIDTHS` and `MEDIA_FORMATS`. What it leads to never changes. */
  url: z.string(),
})
export type Media = z.output<typeof Media>
