import { job, type Query } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { isUsed } from '../media-json.ts'
import { ladder, originalPath, renditionPath } from '../rendition.ts'
import type { MediaStore } from '../store.ts'

/** Rows of one statement, and statements of one run: 10,000 pictures a night. */
const ROWS_PER_BITE = 500
const MAX_BITES = 20
/** Objects of one run, each some 25 deletions in the store. */
const MAX_OBJECTS = 1_000

/**
 * Retention. Pictures that nothing has shown for 90 days go, then, a day after the last picture that had it, an original with all
 * that was made of it. What is being attached or uploaded meanwhile stays.
 */
export const sweepMedia = job({
  name: 'sweep-media',
  input: z.strictObject({}),
  cron: '41 3 * * *',
  handle: async (_, ctx: Context) => {
    for (let bite = 0; bite < MAX_BITES && !ctx.signal.aborted; bite += 1)
      if ((await forgetUnused(ctx.query)) < ROWS_PER_BITE) break
    for (let swept = 0; swept < MAX_OBJECTS && !ctx.signal.aborted; swept += 1) {
      const sha256 = await beginRemoval(ctx.query)
      if (sha256 === undefined) break
      await removeObject(ctx.resources.media.store, sha256)
      await ctx.query('delete from product.media_objects where sha256 = $1 and removing_at is not null', [
        sha256,
      ])
    }
  },
})

// A row that is being attached is locked by its foreign key, and passed over.
async function forgetUnused(query: Query): Promise<number> {
  const [row] = await query<{ count: number }>(
    `with unused as (
       select m.media_id from product.media m
       where m.used_at < now() - interval '90 days' and not ${isUsed}
       order by m.media_id
       limit ${ROWS_PER_BITE}
       for update skip locked
     ), gone as (
       delete from product.media m using unused where m.media_id = unused.media_id returning m.sha256
     ), left_alone as (
       update product.media_objects o set touched_at = now()
       where o.sha256 in (select sha256 from gone)
     )
     select count(*)::int as count from gone`,
  )
  return row!.count
}

/**
 * Marks one object that no picture has had for a day: an upload of the same bytes waits until it is gone. One whose removal a crash
 * has interrupted is taken up again.
 */
async function beginRemoval(query: Query): Promise<string | undefined> {
  const [row] = await query<{ sha256: string }>(
    `update product.media_objects o set removing_at = now()
     where o.sha256 = (
       select o.sha256 from product.media_objects o
       where o.touched_at < now() - interval '1 day'
         and (o.removing_at is null or o.removing_at < now() - interval '15 minutes')
         and not exists (select from product.media m where m.sha256 = o.sha256)
       order by o.touched_at
       limit 1
       for update skip locked)
     returning o.sha256`,
  )
  return row?.sha256
}

/** The original last: as long as it is there, a removal that was interrupted finds its object. */
async function removeObject(store: MediaStore, sha256: string): Promise<void> {
  await Promise.all(ladder.map((rendition) => store.delete(renditionPath(sha256, rendition))))
  await store.delete(originalPath(sha256))
}
