import type Sharp from 'sharp'

let loaded: Promise<typeof Sharp> | undefined

/**
 * The image library, loaded when the first picture is worked on: a process that only sells does not carry it. It may open what we
 * take in from memory and nothing else: no SVG, no PDF, no files.
 */
export const loadSharp = (): Promise<typeof Sharp> => {
  loaded ??= import('sharp').then(({ default: sharp }) => {
    sharp.block({ operation: ['VipsForeignLoad'] })
    sharp.unblock({ operation: LOADERS })
    // One thread for each picture: the queue says how many are worked on at once. Nothing is asked for twice.
    sharp.concurrency(1)
    sharp.cache(false)
    return sharp
  })
  return loaded
}

const LOADERS = [
  'VipsForeignLoadJpegBuffer',
  'VipsForeignLoadPngBuffer',
  'VipsForeignLoadWebpBuffer',
  'VipsForeignLoadHeifBuffer',
  'VipsForeignLoadNsgifBuffer',
]
