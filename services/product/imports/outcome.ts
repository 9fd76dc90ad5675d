import type { Query } from '@stoa/runtime'
import { isSourceUrl, mediaFromUrls } from '../media/media-from-urls.ts'
import type { Difference } from './import-runs.ts'
import type { ImportItem, ItemOf, Note, Read } from './item.ts'

export type ItemRead = Extract<Read, { item: ImportItem }>
export type ReadOf<Kind extends ImportItem['kind']> = Omit<ItemRead, 'item'> & { readonly item: ItemOf<Kind> }

/** What became of one record. */
export type Outcome = {
  readonly outcome: 'created' | 'changed' | 'unchanged' | 'refused'
  readonly difference?: Difference
  readonly refused?: Note
  readonly notes?: readonly Note[]
}

/** Pictures of the bundle that are stored already: file name -> media id, or why it cannot be had. */
export type StoredPictures = ReadonlyMap<string, { mediaId: string } | { fault: string }>

/** Ids of the pictures that lie elsewhere or in the store, by how the items name them. One statement for each of the two. */
export async function mediaIds(
  query: Query,
  items: readonly { readonly pictures?: ItemOf<'product'>['pictures'] }[],
  stored: StoredPictures,
): Promise<StoredPictures> {
  const found = new Map(stored)
  const urls = new Map<string, string | undefined>()
  const digests = new Set<string>()
  for (const { source, alt } of items.flatMap(({ pictures = [] }) => pictures)) {
    if (source.startsWith('sha256:')) digests.add(source.slice(7))
    else if (source.startsWith('file:')) continue
    else if (isSourceUrl(source)) urls.set(source, alt ?? undefined)
    else found.set(source, { fault: 'is not an address of http or https' })
  }
  if (urls.size > 0)
    for (const [url, mediaId] of await mediaFromUrls(
      query,
      [...urls].map(([url, alt]) => ({ url, alt })),
    ))
      found.set(url, { mediaId })
  if (digests.size > 0)
    for (const { sha256, id } of await query<{ sha256: string; id: string }>(
      'select distinct on (sha256) sha256, media_id as id from product.media where sha256 = any ($1::text[]) order by sha256, media_id',
      [[...digests]],
    ))
      found.set(`sha256:${sha256}`, { mediaId: id })
  return found
}
