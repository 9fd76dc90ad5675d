import type { Query } from '@stoa/runtime'
import { v7 } from 'uuid'
import { keyOfSource } from './picture-key.ts'

export type SourcePicture = {
  /** As `isSourceUrl` accepts it. */
  readonly url: string
  /** Of a picture that was not there yet. */
  readonly alt?: string | undefined
}

/** Others may insert the same addresses at the same moment; after they have committed, a new statement sees theirs. */
const MAX_TRIES = 3

/**
 * The media ids of pictures that lie elsewhere, by their address: those known before as they are, and new ones that are fetched
 * when they are first asked for. One statement. Inside of a transaction the pictures stay until its end.
 */
export async function mediaFromUrls(
  query: Query,
  pictures: readonly SourcePicture[],
): Promise<Map<string, string>> {
  const wanted = new Map(pictures.map((picture) => [picture.url, picture]))
  const found = new Map<string, string>()
  if (wanted.size === 0) return found
  const rows = [...wanted.values()].map(({ url, alt = '' }) => ({
    id: v7(),
    url,
    key: keyOfSource(url),
    alt,
  }))
  for (let tries = 1; tries <= MAX_TRIES && found.size < wanted.size; tries += 1) {
    const got = await query<{ url: string; id: string }>(FIND_OR_ADD, [JSON.stringify(rows)])
    for (const { url, id } of got) found.set(url, id)
  }
  if (found.size < wanted.size) throw new Error('Pictures are being added by others, and do not appear')
  return found
}

const FIND_OR_ADD = `
  with input as (
    select * from jsonb_to_recordset($1::jsonb) as i (id uuid, url text, key text, alt text)
  ), known as (
    select m.source_url, m.media_id from product.media m
    where m.source_url in (select url from input)
    order by m.source_url
    for key share
  ), added as (
    insert into product.media (media_id, key, source_url, alt)
    select id, key, url, alt from input
    where url not in (select source_url from known)
    -- In one order, so that two who bring the same addresses wait for each other instead of in a circle.
    order by url
    on conflict (source_url) where source_url is not null do nothing
    returning source_url, media_id
  )
  select source_url as url, media_id as id from known
  union all
  select source_url, media_id from added`

const MAX_URL_LENGTH = 2000

/** Whether this is an address that a picture can be fetched from: http or https, without credentials and fragment. */
export function isSourceUrl(text: string): boolean {
  if (text.length > MAX_URL_LENGTH || !URL.canParse(text)) return false
  const { protocol, username, password, hash } = new URL(text)
  return (protocol === 'http:' || protocol === 'https:') && !username && !password && !hash
}
