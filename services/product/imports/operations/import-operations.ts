import { basename } from 'node:path'
import { Content, invalidInput, Rejection } from '@stoa/contract'
import {
  IMPORT_PART_BYTES,
  type ImportRun,
  type importOperations,
  type Refusal,
} from '@stoa/contracts/product-imports'
import { JsonText, type Query } from '@stoa/runtime'
import { v7 } from 'uuid'
import type { Context, Handles } from '../../context.ts'
import { isCurrency } from '../../currencies.ts'
import { findResumable, IMPORTS_PAGE, insertRun, loadImport, setState } from '../import-runs.ts'
import { continueUploadedImport, importJobKey } from '../jobs.ts'
import { partPath } from '../part-path.ts'
import { notFound } from '../run-import.ts'
import { openBundle } from '../sources/bundle.ts'
import { SourceFault } from '../sources/source-fault.ts'
import { recognised } from '../stages.ts'
import { csvLine } from '../stoa-csv.ts'

type Operations = typeof importOperations

/** Unfinished uploads at one time: each may hold 2 GiB of the store. */
const MAX_OPEN_IMPORTS = 20

const subject = (importId: string): string => `import:${importId}`

async function found(query: Query, importId: string): Promise<ImportRun> {
  const run = await loadImport(query, importId)
  if (!run) throw notFound()
  return run
}

function currencyOf(ctx: Pick<Context, 'config'>, currency: string | undefined): string {
  if (currency !== undefined && !isCurrency(currency))
    throw invalidInput({ field: 'currency', message: 'must be an ISO 4217 code' })
  return currency ?? ctx.config.shopCurrency
}

export const createImport: Handles<Operations['createImport']> = async (input, ctx) => {
  const currency = currencyOf(ctx, input.currency)
  return ctx.transaction(async (tx) => {
    // Those who open imports take turns, so that there are never more than may be.
    await tx.query('lock table product.imports in share row exclusive mode')
    const [row] = await tx.query<{ open: number }>(
      `select count(*)::int as open from product.imports
       where state in ('waiting', 'checking', 'running') and location is null and import_id <> $1`,
      [ctx.newId],
    )
    if (row!.open >= MAX_OPEN_IMPORTS) throw new Rejection('TOO_MANY_IMPORTS')
    await insertRun(tx.query, { ...input, importId: ctx.newId, currency, state: 'waiting' })
    const created = await found(tx.query, ctx.newId)
    tx.audit({ subject: subject(ctx.newId), before: null, after: created })
    tx.answer(created)
    return created
  })
}

export const putImportPart: Handles<Operations['putImportPart']> = async (
  { importId, number, content },
  ctx,
) => {
  const run = await found(ctx.query, importId)
  if (run.state !== 'waiting') throw new Rejection('ALREADY_STARTED')
  const bytes = Buffer.from(content, 'base64')
  if (bytes.byteLength > IMPORT_PART_BYTES)
    throw invalidInput({ field: 'content', message: `must be at most ${IMPORT_PART_BYTES} bytes` })
  await ctx.resources.media.store.put(partPath(importId, number), bytes)
  return ctx.transaction(async (tx) => {
    const [put] = await tx.query(
      `with open as (
         update product.imports set updated_at = now() where import_id = $1 and state = 'waiting' returning import_id
       )
       insert into product.import_parts (import_id, number, bytes) select import_id, $2, $3 from open
       on conflict (import_id, number) do update set bytes = excluded.bytes returning 1 as put`,
      [importId, number, bytes.byteLength],
    )
    if (!put) throw new Rejection('ALREADY_STARTED')
    tx.audit({ subject: subject(importId), before: null, after: { part: number, bytes: bytes.byteLength } })
    return found(tx.query, importId)
  })
}

export const startImport: Handles<Operations['startImport']> = async ({ importId, parts }, ctx) => {
  const before = await found(ctx.query, importId)
  if (before.state === 'cancelled') throw new Rejection('ALREADY_STARTED')
  if (before.state !== 'waiting') return before
  const sizes = new Map(
    (
      await ctx.query<{ number: number; bytes: number }>(
        'select number, bytes from product.import_parts where import_id = $1',
        [importId],
      )
    ).map(({ number, bytes }) => [number, bytes]),
  )
  const missing = Array.from({ length: parts }, (_, index) => index + 1).filter((number) =>
    number < parts ? sizes.get(number) !== IMPORT_PART_BYTES : !sizes.has(number),
  )
  if (missing.length > 0 || sizes.size > parts) throw new Rejection('PARTS_MISSING', { missing })
  return ctx.transaction(async (tx) => {
    const started = await setState(tx.query, importId, { state: 'checking', from: ['waiting'] })
    if (started) tx.schedule(continueUploadedImport, { importId }, { key: importJobKey(importId) })
    const after = await found(tx.query, importId)
    tx.audit({ subject: subject(importId), before: { state: before.state }, after: { state: after.state } })
    return after
  })
}

export const getImport: Handles<Operations['getImport']> = ({ importId }, ctx) => found(ctx.query, importId)

export const listImports: Handles<Operations['listImports']> = async ({ limit, after }, ctx) => {
  const [row] = await ctx.query<{ json: string }>(IMPORTS_PAGE, [afterId(after), limit])
  return new JsonText(row!.json)
}

function afterId(after: string | undefined): string | null {
  if (after !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(after))
    throw invalidInput({ field: 'after', message: 'is not the next of a page' })
  return after ?? null
}

async function refusalsPage(
  query: Query,
  { importId, after, limit }: { importId: string; after: string | undefined; limit: number },
): Promise<{ items: Refusal[]; next: string | null }> {
  if (after !== undefined && !/^\d{1,9}$/.test(after))
    throw invalidInput({ field: 'after', message: 'is not the next of a page' })
  const rows = await query<Refusal & { ordinal: number }>(
    `select ordinal, file, line, field, reason, severity from product.import_refusals
     where import_id = $1 and ordinal > $2 order by ordinal limit $3`,
    [importId, Number(after ?? 0), limit + 1],
  )
  const items = rows.slice(0, limit)
  return {
    items: items.map(({ ordinal: _, ...refusal }) => refusal),
    next: rows.length > limit ? String(items.at(-1)!.ordinal) : null,
  }
}

export const listRefusals: Handles<Operations['listRefusals']> = async (input, ctx) => {
  await found(ctx.query, input.importId)
  return refusalsPage(ctx.query, { ...input, after: input.after })
}

export const importRefusals: Handles<Operations['importRefusals']> = async (input, ctx) => {
  await found(ctx.query, input.importId)
  return refusalsPage(ctx.query, { ...input, after: input.after })
}

export const downloadRefusals: Handles<Operations['downloadRefusals']> = async ({ importId }, ctx) => {
  await found(ctx.query, importId)
  // At most 10,000 rows.
  const lines = async function* () {
    yield Buffer.from(csvLine(['file', 'line', 'field', 'reason', 'severity']))
    let after: string | undefined
    for (;;) {
      const { items, next } = await refusalsPage(ctx.query, { importId, after, limit: 1000 })
      if (items.length > 0)
        yield Buffer.from(
          items
            .map(({ file, line, field, reason, severity }) => csvLine([file, line, field, reason, severity]))
            .join(''),
        )
      if (next === null) return
      after = next
    }
  }
  return new Content(lines(), { type: 'text/csv; charset=utf-8' })
}

export const cancelImport: Handles<Operations['cancelImport']> = async ({ importId }, ctx) => {
  const before = await found(ctx.query, importId)
  return ctx.transaction(async (tx) => {
    await setState(tx.query, importId, { state: 'cancelled', from: ['waiting', 'checking', 'running'] })
    const after = await found(tx.query, importId)
    tx.audit({ subject: subject(importId), before: { state: before.state }, after: { state: after.state } })
    return after
  })
}

export const openLocalImport: Handles<Operations['openLocalImport']> = async (input, ctx) => {
  const currency = currencyOf(ctx, input.currency)
  const { location, dryRun, stock } = input
  try {
    await using bundle = await openBundle(location)
    const format = input.format ?? (await recognised(bundle))
    if (format === undefined)
      throw new Rejection('UNREADABLE', { reason: `${location} has no file of a format that is known here` })
    const run = { format, currency, dryRun, stock, location, fingerprint: bundle.fingerprint }
    const resumed = input.resume ? await findResumable(ctx.query, run) : undefined
    if (resumed !== undefined) return { ...(await found(ctx.query, resumed)), resumed: true }
    const importId = v7()
    await insertRun(ctx.query, {
      ...run,
      importId,
      fileName: basename(location).slice(0, 200) || '/',
      state: 'checking',
    })
    return { ...(await found(ctx.query, importId)), resumed: false }
  } catch (error) {
    if (error instanceof SourceFault)
      throw new Rejection('UNREADABLE', { reason: error.message.slice(0, 500) })
    throw error
  }
}

export const continueImport: Handles<Operations['continueImport']> = async ({ importId, waitMs }, ctx) => {
  await found(ctx.query, importId)
  let timer: NodeJS.Timeout | undefined
  const waited = new Promise((resolve) => {
    timer = setTimeout(resolve, waitMs)
  })
  await Promise.race([ctx.resources.imports.work(importId), waited]).finally(() => clearTimeout(timer))
  return found(ctx.query, importId)
}
