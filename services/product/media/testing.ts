import { crc32, deflateSync } from 'node:zlib'
import type { PictureType } from './picture-type.ts'
import { loadSharp } from './sharp.ts'

type PictureOptions = {
  readonly type: PictureType
  readonly width: number
  readonly height: number
  /** Another look for each: pictures of different seeds are different files. */
  readonly seed?: number
  readonly noise?: boolean
  readonly transparent?: boolean
}

/** A real file: one colour, or noise. */
export async function aPicture(options: PictureOptions): Promise<Buffer> {
  const { type, width, height, seed = 0, noise = false, transparent = false } = options
  const channels = transparent ? 4 : 3
  const pixels = Buffer.alloc(width * height * channels)
  let state = seed + 1
  for (let i = 0; i < pixels.length; i += channels) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    const grain = noise ? (state >> 16) % 100 : 0
    pixels[i] = 200 - grain
    pixels[i + 1] = 60 + grain
    pixels[i + 2] = 40 + (seed % 100)
  }
  const sharp = await loadSharp()
  const image = sharp(pixels, { raw: { width, height, channels } })
  switch (type) {
    case 'jpeg':
      return image.jpeg({ quality: 95 }).toBuffer()
    case 'png':
      return image.png().toBuffer()
    case 'webp':
      return image.webp({ quality: 95 }).toBuffer()
    case 'avif':
      return image.avif({ quality: 80, effort: 0 }).toBuffer()
    case 'gif':
      return image.gif().toBuffer()
  }
}

export const anAvif = () => aPicture({ type: 'avif', width: 16, height: 16 })

/** As a camera writes it: lying on its side, with where it was taken. */
export async function withExif(bytes: Buffer): Promise<Buffer> {
  const sharp = await loadSharp()
  return sharp(bytes)
    .withExif({ IFD0: { Artist: 'Ada', ImageDescription: 'Secret Street 1' } })
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 95 })
    .toBuffer()
}

/** A PNG of a few KB that says it is this large, with the beginning of as many pixels. */
export function aPngBomb({ width, height }: { width: number; height: number }): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(4_000_000), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

/** A GIF of one frame as large as its screen. */
export function aGifBomb({ width, height }: { width: number; height: number }): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt16LE(width, 0)
  size.writeUInt16LE(height, 2)
  return Buffer.concat([
    Buffer.from('GIF89a', 'latin1'),
    size,
    Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255]),
    Buffer.from([0x2c, 0, 0, 0, 0]),
    size,
    Buffer.from([0, 2, 2, 0x44, 0x01, 0, 0x3b]),
  ])
}

/** A lossless WebP whose header says that it is this large (https://developers.google.com/speed/webp/docs/riff_container). */
export function aWebpBomb({ width, height }: { width: number; height: number }): Buffer {
  const bits = Buffer.alloc(4)
  bits.writeUInt32LE(((width - 1) | ((height - 1) << 14)) >>> 0)
  const data = Buffer.concat([Buffer.from([0x2f]), bits, Buffer.alloc(27)])
  const riff = Buffer.from('RIFF\0\0\0\0WEBPVP8L\0\0\0\0', 'latin1')
  riff.writeUInt32LE(data.length + 12, 4)
  riff.writeUInt32LE(data.length, 16)
  return Buffer.concat([riff, data])
}
