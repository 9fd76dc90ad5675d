import { invalidInput } from '@stoa/contract'
import type { mediaOperations } from '@stoa/contracts/product-media'
import { Id } from '@stoa/contracts/text'
import { JsonText } from '@stoa/runtime'
import type { Handles } from '../../context.ts'
import { adminMediaJson, isUsed } from '../media-json.ts'

// $1 limit, $2 where the page before ended, $3 used, unused or both. One more than the limit is read, to know of a next page.
const PAGE = `
  select json_build_object(
    'items', coalesce(json_agg(json order by media_id desc) filter (where place <= $1), '[]'),
    'next', case when count(*) > $1 then max(media_id::text) filter (where place = $1) end)::text as json
  from (
    select m.media_id, ${adminMediaJson} as json, row_number() over (order by m.media_id desc) as place
    from (
      select * from product.media m
      where ($2::uuid is null or m.media_id < $2::uuid) and ($3::boolean is null or ${isUsed} = $3::boolean)
      order by m.media_id desc
      limit $1 + 1) m) page`

export const listMedia: Handles<typeof mediaOperations.listMedia> = async (
  { limit, after, used },
  { query },
) => {
  if (after !== undefined && !Id.safeParse(after).success)
    throw invalidInput({ field: 'after', message: 'must be the `next` of a page' })
  const [page] = await query<{ json: string }>(PAGE, [limit, after ?? null, used ?? null])
  return new JsonText(page!.json)
}
