import { webcrypto } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Rejection } from '@stoa/contract'
import type { Query } from '@stoa/runtime'
import { v7 } from 'uuid'
import type { CleanPicture } from './clean-picture.ts'
import type { MediaLibrary } from './media-library.ts'
import { keyOfBytes } from './picture-key.ts'
import { originalPath } from './rendition.ts'

export type NewPicture = {
  /** The file as it came. */
  readonly bytes: Uint8Array
  readonly alt?: string | undefined
  readonly focalPoint?: { readonly x: number; readonly y: number } | undefined
}

/** What the store needs of a context: `{ query: ctx.query, media: ctx.resources.media }`. */
export type MediaPlace = { readonly query: Query; readonly media: MediaLibrary }

/**
 * Stores a picture, cleaned, and answers its id; the same bytes again are the picture that is there, as it is. Throws `PictureFault`
 * when they are no picture that we take, QueueFull when too many are being worked on, and UNAVAILABLE without the store. Not to be
 * called inside of a transaction: it takes up to seconds. A picture that nothing shows within 90 days goes.
 */
export async function storeOriginal(
  place: MediaPlace,
  picture: NewPicture,
): Promise<{ mediaId: string; added: boolean }> {
  const receivedSha256 = await sha256Of(picture.bytes)
  const known = await knownPicture(place.query, receivedSha256)
  if (known) return { mediaId: known, added: false }
  const original = await keepOriginal(place, await place.media.clean(picture.bytes))
  return insertPicture(place.query, { ...picture, mediaId: v7(), receivedSha256, original })
}

/** An original that lies in the store. */
export type Original = Omit<CleanPicture, 'bytes'> & { readonly sha256: string; readonly size: number }

/** Puts a cleaned picture into the store, where it stays when a row of `media` refers to it within a day. */
export async function keepOriginal({ query, media }: MediaPlace, clean: CleanPicture): Promise<Original> {
  const sha256 = await sha256Of(clean.bytes)
  await announceObject(query, sha256)
  await media.store.put(originalPath(sha256), clean.bytes)
  const { contentType, width, height, bytes } = clean
  return { sha256, contentType, width, height, size: bytes.byteLength }
}

/** The id of the picture that was uploaded as these bytes, which stays for another 90 days. */
export async function knownPicture(query: Query, receivedSha256: string): Promise<string | undefined> {
  const [known] = await query<{ id: string }>(
    'update product.media set used_at = now() where received_sha256 = $1 returning media_id as id',
    [receivedSha256],
  )
  return known?.id
}

/** Of two who bring the same bytes at once, both get the first one's picture. */
export async function insertPicture(
  query: Query,
  picture: Omit<NewPicture, 'bytes'> & { mediaId: string; receivedSha256: string; original: Original },
): Promise<{ mediaId: string; added: boolean }> {
  const { mediaId, receivedSha256, original, alt = '', focalPoint = { x: 0.5, y: 0.5 } } = picture
  const [row] = await query<{ mediaId: string; added: boolean }>(
    `insert into product.media (media_id, key, sha256, received_sha256, content_type, bytes, width, height, focal_x, focal_y, alt)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     on conflict (received_sha256) where received_sha256 is not null do update set used_at = now()
     returning media_id as "mediaId", media_id = $1 as added`,
    [
      mediaId,
      keyOfBytes(original.sha256),
      original.sha256,
      receivedSha256,
      original.contentType,
      original.size,
      original.width,
      original.height,
      focalPoint.x,
      focalPoint.y,
      alt,
    ],
  )
  return row!
}

/** How often, and after which pause, one looks again whether an object has been removed: 5 s in all, a removal takes less than one. */
const MAX_LOOKS = 50
const LOOK_MS = 100

/** Says, before the bytes are written, that somebody is about to refer to them. Waits while they are being removed. */
async function announceObject(query: Query, sha256: string): Promise<void> {
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const [row] = await query(
      `insert into product.media_objects as o (sha256) values ($1)
       on conflict (sha256) do update set touched_at = now(), removing_at = null
         where o.removing_at is null or o.removing_at < now() - interval '15 minutes'
       returning 1 as announced`,
      [sha256],
    )
    if (row) return
    await sleep(LOOK_MS)
  }
  throw new Rejection('UNAVAILABLE')
}

/** On a thread of the pool: 16 MiB take 10 ms and more. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const digest = await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return Buffer.from(digest).toString('hex')
}
