import { Id } from '@stoa/contracts/text'
import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { exportPart } from './export-parts.ts'
import { loadRun, setState } from './import-runs.ts'
import { partPath } from './part-path.ts'
import { isFinal, runImport } from './run-import.ts'

/** A slice of a run: long enough that finding its place again costs little, short enough that a stopping process waits for it. */
const SLICE_MS = 20_000

/**
 * Goes on with an uploaded import, and schedules itself until it is done. When the process dies, the job comes back to another one,
 * which goes on behind the last batch.
 */
export const continueUploadedImport = job({
  name: 'continue-import',
  input: z.strictObject({ importId: Id }),
  maxAttempts: 10,
  handle: async ({ importId }, ctx: Context) => {
    await runImport(ctx, importId, SLICE_MS)
    const run = await loadRun(ctx.query, importId)
    if (!run || isFinal(run.state)) return
    await ctx.transaction(async (tx) =>
      tx.schedule(continueUploadedImport, { importId }, { key: importJobKey(importId) }),
    )
  },
})
export const importJobKey = (importId: string): string => `import:${importId}`

export const continueExport = job({
  name: 'continue-export',
  input: z.strictObject({ exportId: Id }),
  maxAttempts: 10,
  handle: async ({ exportId }, ctx: Context) => {
    const until = Date.now() + SLICE_MS
    while (Date.now() < until) {
      ctx.signal.throwIfAborted()
      if (!(await exportPart(ctx, exportId))) return
    }
    await ctx.transaction(async (tx) =>
      tx.schedule(continueExport, { exportId }, { key: exportJobKey(exportId) }),
    )
  },
})
export const exportJobKey = (exportId: string): string => `export:${exportId}`

/** Runs and exports taken care of at one time; the next hour takes the next ones. */
const MAX_SWEPT = 200

/**
 * Files of a run go 7 days after its last change, and a run that nobody started or drove for so long is cancelled; the run itself, with
 * its refusals, goes after 90 days. An export's file goes after 7 days, its row after 90.
 */
export const sweepImports = job({
  name: 'sweep-imports',
  cron: '17 * * * *',
  input: z.strictObject({}),
  handle: async (_, ctx: Context) => {
    const { store } = ctx.resources.media
    const stale = await ctx.query<{ id: string; parts: number[] }>(
      `select i.import_id as id, array_agg(p.number order by p.number) filter (where p.number is not null) as parts
       from product.imports i left join product.import_parts p on p.import_id = i.import_id
       where i.updated_at < now() - interval '7 days' and (i.finished_at is null or p.number is not null)
       group by i.import_id order by i.import_id limit ${MAX_SWEPT}`,
    )
    for (const { id, parts } of stale) {
      await setState(ctx.query, id, { state: 'cancelled', from: ['waiting', 'checking', 'running'] })
      for (const number of parts ?? []) await store.delete(partPath(id, number))
      await ctx.query('delete from product.import_parts where import_id = $1', [id])
    }
    const files = await ctx.query<{ id: string; parts: number }>(
      `select export_id as id, parts from product.exports
       where updated_at < now() - interval '7 days' and not swept order by export_id limit ${MAX_SWEPT}`,
    )
    for (const { id, parts } of files) {
      for (let number = 1; number <= parts; number += 1) await store.delete(partPath(`export-${id}`, number))
      await ctx.query(
        `update product.exports set swept = true, state = case when state = 'running' then 'failed' else state end where export_id = $1`,
        [id],
      )
    }
    await ctx.query(
      `with old as (
         delete from product.exports where export_id in (
           select export_id from product.exports where swept and updated_at < now() - interval '90 days' limit ${MAX_SWEPT})
       )
       delete from product.imports where import_id in (
         select import_id from product.imports i
         where finished_at is not null and updated_at < now() - interval '90 days'
           and not exists (select from product.import_parts p where p.import_id = i.import_id)
         limit ${MAX_SWEPT})`,
    )
  },
})
