/** What a picture that we take in is made of. */
export type PictureType = 'jpeg' | 'png' | 'webp' | 'avif' | 'gif'

/**
 * What the first bytes say, whatever the sender calls it. Undefined: nothing that we take in, such as SVG, which is a program that
 * draws, and may read files.
 */
export function pictureType(bytes: Uint8Array): PictureType | undefined {
  const at = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1')
  if (at(0, 3) === '\xff\xd8\xff') return 'jpeg'
  if (at(0, 8) === '\x89PNG\r\n\x1a\n') return 'png'
  if (at(0, 4) === 'RIFF' && at(8, 12) === 'WEBP') return 'webp'
  if (at(4, 8) === 'ftyp' && (at(8, 12) === 'avif' || at(8, 12) === 'avis')) return 'avif'
  if (at(0, 6) === 'GIF87a' || at(0, 6) === 'GIF89a') return 'gif'
  return undefined
}

/** A WebP whose pixels are kept exactly says so in its first chunk. */
export const isLosslessWebp = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(12, 16)).toString('latin1') === 'VP8L'
