import { MEDIA_FORMATS, MEDIA_WIDTHS } from '@stoa/contracts/media'
import type { Sharp } from 'sharp'
import { decoding } from './clean-picture.ts'
import { loadSharp } from './sharp.ts'

export type MediaFormat = (typeof MEDIA_FORMATS)[number]

/** One of the files in which a picture can be had. */
export type Rendition = { readonly width: number; readonly format: MediaFormat }

/** Reads `800.avif`. Undefined for what is not on the ladder. */
export function renditionOf(file: string): Rendition | undefined {
  return ladder.find(({ width, format }) => file === `${width}.${format}`)
}

export const ladder: readonly Rendition[] = MEDIA_WIDTHS.flatMap((width) =>
  MEDIA_FORMATS.map((format) => ({ width, format })),
)

/** The one in which a request is answered: all widths from the original's on have the same pixels, and are made and kept once. */
export const servedAs = ({ width, format }: Rendition, originalWidth: number): Rendition => ({
  width: Math.min(width, MEDIA_WIDTHS.find((step) => step >= originalWidth) ?? Number.POSITIVE_INFINITY),
  format,
})

export const contentTypeOf = ({ format }: Rendition): string => `image/${format}`

/** Where an original and what is made of it lie in the store, by the original's digest. */
export const originalPath = (sha256: string): string => `originals/${sha256.slice(0, 2)}/${sha256}`
export const renditionPath = (sha256: string, { width, format }: Rendition): string =>
  `renditions/${sha256.slice(0, 2)}/${sha256}/${width}.${format}`

/** Makes one rendition of a stored original, on the library's own threads. */
export async function render(original: Uint8Array, { width, format }: Rendition): Promise<Buffer> {
  const sharp = await loadSharp()
  const resized = sharp(original, decoding).resize({ width, withoutEnlargement: true })
  return writers[format](resized).toBuffer()
}

// Qualities at which a shopper sees no difference beside the original on a screen. AVIF's effort is the highest that makes a
// picture of 2 MP at 800 px within 250 ms of CPU: `npm run bench -- rendition`.
const writers: Readonly<Record<MediaFormat, (image: Sharp) => Sharp>> = {
  avif: (image) => image.avif({ quality: 52, effort: 3, chromaSubsampling: '4:2:0' }),
  webp: (image) => image.webp({ quality: 78 }),
  // JPEG knows no transparency: what was transparent is white, as the page that it stands on.
  jpeg: (image) => image.flatten({ background: '#ffffff' }).jpeg({ quality: 80, mozjpeg: true }),
}
