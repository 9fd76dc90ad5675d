import type { ExportRun } from '@stoa/contracts/product-imports'
import type { Query } from '@stoa/runtime'
import type { Context } from '../context.ts'
import { isoTimestamp } from '../json.ts'
import { exportRows } from './export-rows.ts'
import { partPath } from './part-path.ts'

/** Of one part of the file in the store; the next page then begins another. */
const PART_CHARACTERS = 4 * 1024 * 1024

export async function loadExport(query: Query, exportId: string): Promise<ExportRun | undefined> {
  const [row] = await query<{ run: ExportRun }>(
    `select json_build_object('exportId', export_id, 'state', state, 'rows', rows, 'bytes', bytes,
       'createdAt', ${isoTimestamp('created_at')}, 'finishedAt', ${isoTimestamp('finished_at')}) as run
     from product.exports where export_id = $1 and not swept`,
    [exportId],
  )
  return row?.run
}

/**
 * Writes the next part of an export's file. False when there is nothing left to do. A part that was written and not remembered, because
 * the process died, is written anew.
 */
export async function exportPart(
  ctx: Pick<Context, 'query' | 'resources'>,
  exportId: string,
): Promise<boolean> {
  const [at] = await ctx.query<{ position: string | null; parts: number }>(
    `select position, parts from product.exports where export_id = $1 and state = 'running'`,
    [exportId],
  )
  if (!at) return false
  let text = ''
  let rows = 0
  let position: string | null = at.position
  do {
    const page = await exportRows(ctx.query, position ?? undefined)
    text += page.text
    rows += page.rows
    position = page.next
  } while (position !== null && text.length < PART_CHARACTERS)
  const bytes = Buffer.from(text)
  await ctx.resources.media.store.put(partPath(`export-${exportId}`, at.parts + 1), bytes)
  await ctx.query(
    `update product.exports set parts = parts + 1, rows = rows + $3, bytes = bytes + $4, position = $5, updated_at = now(),
       state = case when $5::text is null then 'done' else state end,
       finished_at = case when $5::text is null then now() end
     where export_id = $1 and parts = $2 and state = 'running'`,
    [exportId, at.parts, rows, bytes.byteLength, position],
  )
  return position !== null
}

/** The file's parts one after the other. */
export async function* exportedBytes(
  ctx: Pick<Context, 'resources'>,
  { exportId, parts }: { exportId: string; parts: number },
): AsyncIterable<Uint8Array> {
  for (let number = 1; number <= parts; number += 1) {
    const bytes = await ctx.resources.media.store.get(partPath(`export-${exportId}`, number))
    if (!bytes) throw new Error(`Part ${number} of the export ${exportId} is gone`)
    yield bytes
  }
}
