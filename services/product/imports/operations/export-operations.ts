import { Content, Rejection } from '@stoa/contract'
import type { importOperations } from '@stoa/contracts/product-imports'
import type { Handles } from '../../context.ts'
import { exportedBytes, loadExport } from '../export-parts.ts'
import { exportRows } from '../export-rows.ts'
import { continueExport, exportJobKey } from '../jobs.ts'

type Operations = typeof importOperations

const MAX_RUNNING_EXPORTS = 5

export const createExport: Handles<Operations['createExport']> = (_, ctx) =>
  ctx.transaction(async (tx) => {
    await tx.query('lock table product.exports in share row exclusive mode')
    const [row] = await tx.query<{ running: number }>(
      `select count(*)::int as running from product.exports where state = 'running' and export_id <> $1`,
      [ctx.newId],
    )
    if (row!.running >= MAX_RUNNING_EXPORTS) throw new Rejection('TOO_MANY_EXPORTS')
    await tx.query(
      `insert into product.exports (export_id, state) values ($1, 'running') on conflict do nothing`,
      [ctx.newId],
    )
    const created = (await loadExport(tx.query, ctx.newId))!
    tx.schedule(continueExport, { exportId: ctx.newId }, { key: exportJobKey(ctx.newId) })
    tx.audit({ subject: `export:${ctx.newId}`, before: null, after: created })
    tx.answer(created)
    return created
  })

export const getExport: Handles<Operations['getExport']> = async ({ exportId }, ctx) => {
  const run = await loadExport(ctx.query, exportId)
  if (!run) throw new Rejection('EXPORT_NOT_FOUND')
  return run
}

export const downloadExport: Handles<Operations['downloadExport']> = async ({ exportId }, ctx) => {
  const run = await loadExport(ctx.query, exportId)
  if (!run) throw new Rejection('EXPORT_NOT_FOUND')
  if (run.state !== 'done') throw new Rejection('NOT_READY')
  const [row] = await ctx.query<{ parts: number }>('select parts from product.exports where export_id = $1', [
    exportId,
  ])
  return new Content(exportedBytes(ctx, { exportId, parts: row!.parts }), {
    type: 'text/csv; charset=utf-8',
    length: run.bytes,
  })
}

export const exportPage: Handles<Operations['exportPage']> = ({ after }, ctx) => exportRows(ctx.query, after)
