import { createHash } from 'node:crypto'

/** The part of a fetched picture's address that another source's picture does not share: the address outlives a second fetch. */
export const keyOfSource = (url: string): string =>
  createHash('sha256').update(url).digest('hex').slice(0, 16)

/** The part of an uploaded picture's address that other bytes do not share. */
export const keyOfBytes = (sha256: string): string => sha256.slice(0, 16)
