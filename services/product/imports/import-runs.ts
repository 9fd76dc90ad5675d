import { type ImportRun, MAX_DIFFERENCES, MAX_REFUSALS, type Refusal } from '@stoa/contracts/product-imports'
import type { Query } from '@stoa/runtime'
import { isoTimestamp } from '../json.ts'

/** `ImportRun` of the row `i`. */
const IMPORT_JSON = `json_build_object(
  'importId', i.import_id, 'state', i.state, 'format', i.format, 'fileName', i.file_name, 'currency', i.currency,
  'dryRun', i.dry_run, 'stock', i.stock, 'total', i.total, 'read', i.read, 'created', i.created, 'changed', i.changed,
  'unchanged', i.unchanged, 'refused', i.refused, 'warnings', i.warnings, 'differences', i.differences,
  'problem', i.problem, 'parts', (select count(*)::int from product.import_parts p where p.import_id = i.import_id),
  'createdAt', ${isoTimestamp('i.created_at')}, 'updatedAt', ${isoTimestamp('i.updated_at')},
  'finishedAt', ${isoTimestamp('i.finished_at')})`

export const LIST_IMPORTS = `
  select json_build_object(
    'items', coalesce((select json_agg(${IMPORT_JSON} order by i.import_id desc) from page i where n <= $2), '[]'),
    'next', (select import_id from page where n = $2 and exists (select from page where n > $2)))::text as json`
/** Newest first: an id sorts by time. */
export const IMPORTS_PAGE = `
  with page as (
    select *, row_number() over (order by import_id desc) as n from (
      select * from product.imports where $1::uuid is null or import_id < $1::uuid
      order by import_id desc limit $2::int + 1) newest)
  ${LIST_IMPORTS}`

export async function loadImport(query: Query, importId: string): Promise<ImportRun | undefined> {
  const [row] = await query<{ run: ImportRun }>(
    `select ${IMPORT_JSON} as run from product.imports i where import_id = $1`,
    [importId],
  )
  return row?.run
}

/** What the work on a run needs of it. */
export type RunRow = {
  readonly importId: string
  readonly state: ImportRun['state']
  readonly format: ImportRun['format']
  readonly fileName: string
  readonly location: string | null
  readonly fingerprint: string | null
  readonly currency: string
  readonly dryRun: boolean
  readonly stock: 'keep' | 'replace'
  readonly stage: number
  readonly stageReads: number
  readonly refused: number
  readonly warnings: number
  readonly differences: number
  readonly createdAt: string
}

const RUN_ROW = `import_id as "importId", state, format, file_name as "fileName", location, fingerprint, currency,
  dry_run as "dryRun", stock, stage, stage_reads as "stageReads", refused, warnings,
  jsonb_array_length(differences) as differences, ${isoTimestamp('created_at')} as "createdAt"`

export async function loadRun(query: Query, importId: string): Promise<RunRow | undefined> {
  const [row] = await query<RunRow>(`select ${RUN_ROW} from product.imports where import_id = $1`, [importId])
  return row
}

export async function insertRun(
  query: Query,
  run: Pick<RunRow, 'importId' | 'format' | 'fileName' | 'currency' | 'dryRun' | 'stock'> & {
    state: RunRow['state']
    location?: string
    fingerprint?: string
  },
): Promise<void> {
  await query(
    `insert into product.imports (import_id, state, format, file_name, location, fingerprint, currency, dry_run, stock)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
    [
      run.importId,
      run.state,
      run.format,
      run.fileName,
      run.location ?? null,
      run.fingerprint ?? null,
      run.currency,
      run.dryRun,
      run.stock,
    ],
  )
}

/** The newest unfinished run of the same files with the same options. */
export async function findResumable(
  query: Query,
  run: Pick<RunRow, 'format' | 'currency' | 'dryRun' | 'stock'> & { location: string; fingerprint: string },
): Promise<string | undefined> {
  const [row] = await query<{ id: string }>(
    `select import_id as id from product.imports
     where location = $1 and fingerprint = $2 and format = $3 and currency = $4 and dry_run = $5 and stock = $6
       and state in ('checking', 'running')
     order by import_id desc limit 1`,
    [run.location, run.fingerprint, run.format, run.currency, run.dryRun, run.stock],
  )
  return row?.id
}

export type Difference = ImportRun['differences'][number]

/** What a batch of records came to. */
export type Settled = {
  readonly reads: number
  readonly created: number
  readonly changed: number
  readonly unchanged: number
  readonly refusals: readonly Refusal[]
  readonly differences: readonly Difference[]
}

/**
 * Moves a run on past a batch, with its counts and refusals. False when the run is not where it was: somebody else goes on with it, or it
 * was cancelled, and what this transaction wrote must not stay.
 */
export async function settleBatch(query: Query, run: RunRow, batch: Settled): Promise<boolean> {
  const room = Math.max(0, MAX_REFUSALS - run.refused - run.warnings)
  const refused = batch.refusals.filter(({ severity }) => severity === 'refused').length
  const rows = await query(
    `with moved as (
       update product.imports set stage_reads = stage_reads + $4, read = read + $4, created = created + $5,
         changed = changed + $6, unchanged = unchanged + $7, refused = refused + $8, warnings = warnings + $9,
         differences = differences || $11::jsonb, updated_at = now()
       where import_id = $1 and stage = $2 and stage_reads = $3 and state = 'running'
       returning import_id
     ), kept as (
       insert into product.import_refusals (import_id, ordinal, file, line, field, reason, severity)
       select m.import_id, $12::int + r.n, r.file, r.line, r.field, r.reason, r.severity
       from moved m, rows from (jsonb_to_recordset($10::jsonb) as (file text, line int, field text, reason text, severity text))
         with ordinality as r (file, line, field, reason, severity, n)
     )
     select 1 as moved from moved`,
    [
      run.importId,
      run.stage,
      run.stageReads,
      batch.reads,
      batch.created,
      batch.changed,
      batch.unchanged,
      refused,
      batch.refusals.length - refused,
      JSON.stringify(batch.refusals.slice(0, room)),
      JSON.stringify(batch.differences.slice(0, Math.max(0, MAX_DIFFERENCES - run.differences))),
      run.refused + run.warnings,
    ],
  )
  return rows.length > 0
}

/** The next stage. False when the run is elsewhere. */
export const nextStage = async (query: Query, run: RunRow): Promise<boolean> =>
  (
    await query(
      `update product.imports set stage = stage + 1, stage_reads = 0, updated_at = now()
       where import_id = $1 and stage = $2 and stage_reads = $3 and state = 'running' returning 1 as moved`,
      [run.importId, run.stage, run.stageReads],
    )
  ).length > 0

/** Changes a run's state, from one of those in which it may be. */
export async function setState(
  query: Query,
  importId: string,
  to: {
    state: RunRow['state']
    from: readonly RunRow['state'][]
    total?: number
    problem?: ImportRun['problem']
  },
): Promise<boolean> {
  const rows = await query(
    `update product.imports set state = $2, total = coalesce($4, total), problem = coalesce($5::jsonb, problem),
       updated_at = now(), finished_at = case when $2 in ('done', 'failed', 'cancelled') then now() end
     where import_id = $1 and state = any ($3::text[]) returning 1 as changed`,
    [
      importId,
      to.state,
      to.from,
      to.total ?? null,
      to.problem === undefined ? null : JSON.stringify(to.problem),
    ],
  )
  return rows.length > 0
}
