import type { AdminMedia } from '@stoa/contracts/product-media'
import type { Query } from '@stoa/runtime'
import { adminMediaJson, isUsed } from './media-json.ts'
import type { Original } from './store-original.ts'

/** What a picture's public address needs to know. */
export type MediaRow = {
  readonly mediaId: string
  readonly key: string
  readonly sha256: string | null
  readonly sourceUrl: string | null
  readonly width: number | null
}

export async function findMedia(query: Query, mediaId: string): Promise<MediaRow | undefined> {
  const [row] = await query<MediaRow>(
    `select media_id as "mediaId", key, sha256, source_url as "sourceUrl", width from product.media where media_id = $1`,
    [mediaId],
  )
  return row
}

/** A picture as staff see it. */
export async function loadMedia(query: Query, mediaId: string): Promise<AdminMedia | undefined> {
  const [row] = await query<{ json: AdminMedia }>(
    `select ${adminMediaJson} as json from product.media m where m.media_id = $1`,
    [mediaId],
  )
  return row?.json
}

export async function loadMediaOfSource(query: Query, url: string): Promise<AdminMedia | undefined> {
  const [row] = await query<{ json: AdminMedia }>(
    `select ${adminMediaJson} as json from product.media m where m.source_url = $1`,
    [url],
  )
  return row?.json
}

/** Says of a picture from elsewhere that its original is here. Its address stays. Answers whether something shows it. */
export async function setOriginal(query: Query, mediaId: string, original: Original): Promise<boolean> {
  const [row] = await query<{ used: boolean }>(
    `update product.media m set sha256 = $2, content_type = $3, bytes = $4, width = $5, height = $6
     where m.media_id = $1
     returning ${isUsed} as used`,
    [mediaId, original.sha256, original.contentType, original.size, original.width, original.height],
  )
  return row?.used ?? false
}

export type MediaFields = Pick<AdminMedia, 'alt' | 'focalPoint'>

/** Answers the new version; undefined when the picture is no longer at `expectedVersion`. */
export async function updateMedia(
  query: Query,
  { mediaId, expectedVersion }: { mediaId: string; expectedVersion: number },
  { alt, focalPoint }: MediaFields,
): Promise<number | undefined> {
  const [row] = await query<{ version: number }>(
    `update product.media set alt = $3, focal_x = $4, focal_y = $5, version = version + 1
     where media_id = $1 and version = $2
     returning version`,
    [mediaId, expectedVersion, alt, focalPoint.x, focalPoint.y],
  )
  return row?.version
}

/** Deletes an unused picture; its original goes a day later unless another picture has it. Answers whether it was deleted. */
export async function removeMedia(
  query: Query,
  { mediaId, expectedVersion }: { mediaId: string; expectedVersion: number },
): Promise<boolean> {
  const [row] = await query(
    `with gone as (
       delete from product.media m where m.media_id = $1 and m.version = $2 and not ${isUsed}
       returning m.sha256
     ), left_alone as (
       update product.media_objects o set touched_at = now() from gone where o.sha256 = gone.sha256
     )
     select 1 as deleted from gone`,
    [mediaId, expectedVersion],
  )
  return row !== undefined
}
