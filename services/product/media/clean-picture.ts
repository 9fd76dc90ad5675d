import { MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS, MAX_PICTURE_SIDE_PX } from '@stoa/contracts/product-media'
import type { Sharp, SharpOptions } from 'sharp'
import { PictureFault } from './picture-fault.ts'
import { isLosslessWebp, type PictureType, pictureType } from './picture-type.ts'
import { loadSharp } from './sharp.ts'

export type CleanPicture = {
  readonly bytes: Buffer
  readonly contentType: string
  /** As it is looked at, after its orientation was applied. */
  readonly width: number
  readonly height: number
}

/** A picture of the largest size takes about 6 s; what takes this long was made to. */
const TIMEOUT_SECONDS = 20
/** Lossless formats may grow when they are written anew. What grows beyond this was packed by something that we do not speak. */
const MAX_CLEAN_BYTES = 4 * MAX_PICTURE_BYTES

/** Unfinished files are refused; what decoders merely frown at is not. */
export const decoding: SharpOptions = { limitInputPixels: MAX_PICTURE_PIXELS, failOn: 'error' }

/** Checks what can be told from a picture's first bytes and its header, without unpacking it. Throws `PictureFault`. */
export async function inspectPicture(bytes: Uint8Array): Promise<PictureType> {
  if (bytes.byteLength > MAX_PICTURE_BYTES)
    throw new PictureFault(`must be at most ${MAX_PICTURE_BYTES / 1024 / 1024} MiB`)
  const type = pictureType(bytes)
  if (!type) throw new PictureFault('must be a JPEG, PNG, WebP, AVIF or GIF picture')
  const sharp = await loadSharp()
  // The bounds are told below, in our words.
  const header = await sharp(bytes, { ...decoding, limitInputPixels: false })
    .metadata()
    .catch(() => undefined)
  const isAsNamed = header && (type === 'avif' ? header.compression === 'av1' : header.format === type)
  if (!header?.width || !header.height || !isAsNamed) throw new PictureFault('is a broken picture')
  const { width, height } = header
  if (width > MAX_PICTURE_SIDE_PX || height > MAX_PICTURE_SIDE_PX || width * height > MAX_PICTURE_PIXELS)
    throw new PictureFault(
      `must be at most ${MAX_PICTURE_SIDE_PX} pixels on a side and ${MAX_PICTURE_PIXELS / 1e6} million in all, not ${width} x ${height}`,
    )
  return type
}

/**
 * The picture alone, written anew in its own format (a GIF's first frame as PNG): turned as its EXIF says, in sRGB, without
 * metadata and whatever else was hidden in the file. Lossless where the format is, else at a quality that nobody tells from the
 * original. Throws `PictureFault`.
 */
export async function cleanPicture(bytes: Uint8Array): Promise<CleanPicture> {
  const type = await inspectPicture(bytes)
  const sharp = await loadSharp()
  const upright = sharp(bytes, decoding)
    .autoOrient()
    .toColourspace('srgb')
    .timeout({ seconds: TIMEOUT_SECONDS })
  const { write, contentType } = writers[type]
  const { data, info } = await write(upright, bytes)
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new PictureFault('is a broken picture', { cause })
    })
  if (data.byteLength > MAX_CLEAN_BYTES) throw new PictureFault('is too large when it is written anew')
  return { bytes: data, contentType, width: info.width, height: info.height }
}

type Writer = {
  readonly contentType: string
  readonly write: (image: Sharp, from: Uint8Array) => Sharp
}

const png: Writer = { contentType: 'image/png', write: (image) => image.png() }

const writers: Readonly<Record<PictureType, Writer>> = {
  jpeg: {
    contentType: 'image/jpeg',
    write: (image) => image.jpeg({ quality: 92, chromaSubsampling: '4:4:4' }),
  },
  png,
  gif: png,
  webp: {
    contentType: 'image/webp',
    write: (image, from) => image.webp(isLosslessWebp(from) ? { lossless: true } : { quality: 92 }),
  },
  avif: {
    contentType: 'image/avif',
    write: (image) => image.avif({ quality: 80, effort: 2 }),
  },
}
