import { createHash } from 'node:crypto'
import { Rejection } from '@stoa/contract'
import type { ImportRun, Refusal } from '@stoa/contracts/product-imports'
import { MAX_PICTURE_BYTES } from '@stoa/contracts/product-media'
import type { Context } from '../context.ts'
import { PictureFault } from '../media/picture-fault.ts'
import { storeOriginal } from '../media/store-original.ts'
import { loadRun, nextStage, type RunRow, type Settled, setState, settleBatch } from './import-runs.ts'
import type { ImportItem, Read, Stage } from './item.ts'
import type { ItemRead, Outcome, StoredPictures } from './outcome.ts'
import { type Known, settleItems } from './settle-items.ts'
import type { Bundle } from './sources/bundle.ts'
import { SourceFault } from './sources/source-fault.ts'

/** A batch ends after so many records or variants: a transaction of some 100 ms, and memory of some MB. */
const MAX_BATCH_READS = 500
const MAX_BATCH_VARIANTS = 4000
/** Pictures of files in one batch: each takes some 0.1 s before it commits. */
const MAX_BATCH_PICTURES = 40
/** Pictures of files stored at once: two are worked on, the others wait read. */
const PICTURES_AT_ONCE = 4

type Doing = Pick<Context, 'query' | 'transaction' | 'log' | 'signal'> & {
  readonly resources: Pick<Context['resources'], 'media'>
}

/**
 * Works on a run until its end or, with a batch begun after it, until the budget is over. Every batch commits with the run's position, so
 * that whoever comes after a crash goes on behind the last batch that was written. Two who work on one run at once do no harm: the
 * slower one's batch is rolled back, and it stops.
 */
export async function runImport(ctx: Doing, importId: string, budgetMs: number): Promise<void> {
  const run = await loadRun(ctx.query, importId)
  if (!run || (run.state !== 'checking' && run.state !== 'running')) return
  // Their libraries are loaded when the first import runs: a process that only sells does not carry them.
  const [{ openRunBundle }, { stagesOf }] = await Promise.all([
    import('./open-run-bundle.ts'),
    import('./stages.ts'),
  ])
  try {
    await using bundle = await openRunBundle(ctx, run)
    const stages = await stagesOf(run.format, bundle, { currency: run.currency, now: run.createdAt })
    if (run.state === 'checking') {
      const total = await readOnce(stages, ctx.signal)
      if (!(await setState(ctx.query, importId, { state: 'running', from: ['checking'], total }))) return
    }
    // What was skipped to get here counts as work: a slice always comes further.
    const until = Date.now() + budgetMs
    await goOn(ctx, { run: { ...run, state: 'running' }, bundle, stages, until })
  } catch (error) {
    if (!(error instanceof SourceFault)) throw error
    ctx.log.info(
      { importId, file: error.file, line: error.line },
      `an import cannot be read: ${error.reason}`,
    )
    await setState(ctx.query, importId, {
      state: 'failed',
      from: ['checking', 'running'],
      problem: {
        file: error.file.slice(0, 500),
        line: error.line ?? null,
        reason: error.reason.slice(0, 500),
      },
    })
  }
}

/** Reads all there is, so that files that cannot be read are refused before anything is written. Answers how many records there are. */
async function readOnce(stages: readonly Stage[], signal: AbortSignal): Promise<number> {
  let total = 0
  for (const stage of stages) {
    signal.throwIfAborted()
    if (stage.count) {
      total += await stage.count()
      continue
    }
    for await (const _ of stage.read()) {
      total += 1
      if (total % 1000 === 0) signal.throwIfAborted()
    }
  }
  return total
}

async function goOn(
  ctx: Doing,
  {
    run: from,
    bundle,
    stages,
    until,
  }: { run: RunRow; bundle: Bundle; stages: readonly Stage[]; until: number },
): Promise<void> {
  let run = from
  let known: Known = { definitions: new Map(), categories: new Map() }
  /** Settles one batch while the next one is read. */
  let settling: Promise<boolean> = Promise.resolve(true)
  const settle = (batch: readonly Read[]) => {
    settling = settling.then(async (moved) => {
      if (!moved) return false
      const settled = await settleReads(ctx, { run, bundle, batch, known })
      if (!settled) return false
      known = settled.known
      run = moveOn(run, settled)
      return true
    })
    // It is looked at before the next batch; until then nobody waits for it.
    settling.catch(() => {})
    return settling
  }
  let begun = false
  while (run.stage < stages.length) {
    let toSkip = run.stageReads
    for await (const batch of batches(stages[run.stage]!.read())) {
      ctx.signal.throwIfAborted()
      if (toSkip >= batch.length) {
        toSkip -= batch.length
        continue
      }
      if (!(await settling)) return
      // The first batch is always settled, or a run whose start takes long would never come further.
      if (begun && Date.now() >= until) return
      begun = true
      settle(batch.slice(toSkip))
      toSkip = 0
    }
    if (!(await settling)) return
    if (!(await nextStage(ctx.query, run))) return
    run = { ...run, stage: run.stage + 1, stageReads: 0 }
  }
  await setState(ctx.query, run.importId, { state: 'done', from: ['running'] })
}

const moveOn = (run: RunRow, { settled }: { settled: Settled }): RunRow => ({
  ...run,
  stageReads: run.stageReads + settled.reads,
  refused: run.refused + settled.refusals.filter(({ severity }) => severity === 'refused').length,
  warnings: run.warnings + settled.refusals.filter(({ severity }) => severity === 'warning').length,
  differences: run.differences + settled.differences.length,
})

/** Neighbours of one kind; where they end depends on the records alone. */
async function* batches(reads: AsyncIterable<Read>): AsyncIterable<Read[]> {
  let batch: Read[] = []
  let kind: ImportItem['kind'] | undefined
  let variants = 0
  let pictures = 0
  for await (const read of reads) {
    const next = 'item' in read ? read.item : undefined
    const size = next?.kind === 'product' ? next.variants.length : 0
    const files =
      next?.kind === 'product'
        ? (next.pictures?.filter(({ source }) => source.startsWith('file:')).length ?? 0)
        : 0
    const full =
      batch.length >= MAX_BATCH_READS ||
      variants + size > MAX_BATCH_VARIANTS ||
      pictures + files > MAX_BATCH_PICTURES
    if (batch.length > 0 && (full || (next && kind !== undefined && next.kind !== kind))) {
      yield batch
      batch = []
      kind = undefined
      variants = 0
      pictures = 0
    }
    batch.push(read)
    if (next) kind = next.kind
    variants += size
    pictures += files
  }
  if (batch.length > 0) yield batch
}

/** Rolls a transaction back without failing. */
class NotToStay extends Error {}

async function settleReads(
  ctx: Doing,
  { run, bundle, batch, known }: { run: RunRow; bundle: Bundle; batch: readonly Read[]; known: Known },
): Promise<{ settled: Settled; known: Known } | undefined> {
  const items = batch.filter((read): read is ItemRead => 'item' in read)
  const pictures = await storePictures(ctx, run, bundle, items)
  let answer: { settled: Settled; known: Known } | undefined
  const work = async (keep: boolean): Promise<void> => {
    await ctx.transaction(async (tx) => {
      const own = run.dryRun ? await standIns(tx.query, pictures) : pictures
      const { outcomes, known: now } =
        items.length === 0
          ? { outcomes: [], known }
          : await settleItems(tx, run, items, { known, pictures: own })
      const settled = settledOf(batch, items, outcomes, run.dryRun)
      // What a dry run has made is gone after each batch.
      answer = { settled, known: run.dryRun ? known : now }
      if (!keep) throw new NotToStay()
      if (!(await settleBatch(tx.query, run, settled))) {
        answer = undefined
        throw new NotToStay()
      }
    })
  }
  try {
    await work(!run.dryRun)
  } catch (error) {
    if (!(error instanceof NotToStay)) throw error
  }
  if (run.dryRun && answer && !(await settleBatch(ctx.query, run, answer.settled))) return undefined
  return answer
}

function settledOf(
  batch: readonly Read[],
  items: readonly ItemRead[],
  outcomes: readonly Outcome[],
  showsDifferences: boolean,
): Settled {
  const refusals: Refusal[] = []
  const counts = { created: 0, changed: 0, unchanged: 0 }
  const differences: Settled['differences'][number][] = []
  let at = 0
  for (const read of batch) {
    const say = (
      severity: Refusal['severity'],
      { field, reason }: { field: string | null; reason: string },
    ) => refusals.push({ file: read.file, line: read.line, field, reason, severity })
    if ('refused' in read) {
      say('refused', read.refused)
      continue
    }
    const outcome = outcomes[at]!
    at += 1
    if (outcome.outcome === 'refused')
      say('refused', outcome.refused ?? { field: null, reason: 'cannot be written' })
    else {
      counts[outcome.outcome] += 1
      for (const note of [...items[at - 1]!.notes, ...(outcome.notes ?? [])]) say('warning', note)
      if (showsDifferences && outcome.difference) differences.push(outcome.difference)
    }
  }
  return { reads: batch.length, ...counts, refusals, differences }
}

/** Stores the pictures that lie in the bundle, before the transaction: each takes up to seconds. The same bytes again are the same picture. */
async function storePictures(
  ctx: Doing,
  run: RunRow,
  bundle: Bundle,
  reads: readonly ItemRead[],
): Promise<StoredPictures> {
  const wanted = new Map<string, string>()
  for (const { item } of reads) {
    if (item.kind === 'product')
      for (const { source, alt } of item.pictures ?? [])
        if (source.startsWith('file:')) wanted.set(source, alt ?? '')
    if ('picture' in item && item.picture?.startsWith('file:')) wanted.set(item.picture, item.name)
  }
  const stored = new Map<string, { mediaId: string } | { fault: string }>()
  const queue = [...wanted]
  const worker = async () => {
    for (let next = queue.pop(); next; next = queue.pop()) {
      ctx.signal.throwIfAborted()
      stored.set(next[0], await storePicture(ctx, run, bundle, { source: next[0], alt: next[1] }))
    }
  }
  await Promise.all(Array.from({ length: PICTURES_AT_ONCE }, worker))
  return stored
}

async function storePicture(
  ctx: Doing,
  run: RunRow,
  bundle: Bundle,
  { source, alt }: { source: string; alt: string },
): Promise<{ mediaId: string } | { fault: string }> {
  const file = bundle.files.find(({ name }) => name === source.slice(5))
  if (!file) return { fault: 'is not there' }
  if (file.bytes > MAX_PICTURE_BYTES)
    return { fault: `is larger than ${MAX_PICTURE_BYTES / 1024 / 1024} MiB` }
  const chunks: Uint8Array[] = []
  for await (const chunk of file.open()) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  if (run.dryRun) {
    const received = createHash('sha256').update(bytes).digest('hex')
    const [known] = await ctx.query<{ id: string }>(
      'select media_id as id from product.media where received_sha256 = $1',
      [received],
    )
    return { mediaId: known?.id ?? `new:${received}` }
  }
  try {
    const { mediaId } = await storeOriginal({ query: ctx.query, media: ctx.resources.media }, { bytes, alt })
    return { mediaId }
  } catch (error) {
    if (error instanceof PictureFault) return { fault: error.message }
    throw error
  }
}

/** Rows that stand for pictures which a dry run does not store; they go with its transaction. */
async function standIns(query: Context['query'], pictures: StoredPictures): Promise<StoredPictures> {
  const fresh = [...pictures].flatMap(([source, found]) =>
    'mediaId' in found && found.mediaId.startsWith('new:') ? [{ source, sha: found.mediaId.slice(4) }] : [],
  )
  if (fresh.length === 0) return pictures
  const rows = await query<{ source: string; id: string }>(
    `insert into product.media (media_id, key, source_url)
     select distinct on (i.sha) uuidv7(), left(i.sha, 16), 'dry-run:' || i.sha
     from jsonb_to_recordset($1::jsonb) as i (sha text) order by i.sha
     returning source_url as source, media_id as id`,
    [JSON.stringify(fresh)],
  )
  const ids = new Map(rows.map(({ source, id }) => [source.slice(8), id]))
  const found = new Map(pictures)
  for (const { source, sha } of fresh) found.set(source, { mediaId: ids.get(sha)! })
  return found
}

export const isFinal = (state: ImportRun['state']): boolean =>
  state === 'done' || state === 'failed' || state === 'cancelled'

export const notFound = (): Rejection => new Rejection('IMPORT_NOT_FOUND')
