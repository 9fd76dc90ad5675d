import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Client, Rejection } from '@stoa/contract'
import { product as contract } from '@stoa/contracts/product'
import { ImportFormat, type ImportRun, type Refusal } from '@stoa/contracts/product-imports'
import { search } from '@stoa/contracts/search'
import { createLogger, type Host, startHost } from '@stoa/runtime'
import { Presets, SingleBar } from 'cli-progress'
import { openShopDatabase } from './database.ts'
import { loadServices } from './services.ts'
import { wakeShop } from './wake-shop.ts'

const USAGE = `npm run import -- <folder or file> [--format ${ImportFormat.options.join('|')}] [--currency EUR]
                  [--stock keep|replace] [--dry-run] [--resume] [--refused <file.csv>]
npm run import -- export <file.csv>`

/** Refused records that are shown; --refused writes them all. */
const MAX_SHOWN = 20
/** Search has a change within a second; what takes this long is stuck. */
const FINDABLE_WITHIN_MS = 60_000

/**
 * `npm run import`: drives an import of files of this machine, or writes the whole catalogue into a file, in this process and without a
 * port. Works while the shop runs, and while it does not. It may be killed at any time: `--resume` goes on behind the last batch.
 */
const { values, positionals } = parse()
const [first = '', second, ...rest] = positionals
const exports = first === 'export' && second !== undefined
if (first === '' || rest.length > 0 || (second !== undefined && !exports)) usage()

const database = await openShopDatabase(process.env, console.error)
try {
  await using host = await startHost({
    services: await loadServices('product,inventory,search'),
    environment: {
      ...process.env,
      DATABASE_URL: database.url,
      INTERNAL_PORT: undefined,
      MEDIA_DIRECTORY: process.env.MEDIA_DIRECTORY || join(process.env.DATA_DIRECTORY || '.data', 'media'),
    },
    logger: createLogger('warn', process.stderr),
    background: false,
  })
  const shop = host.client(contract, { via: 'import-command' })
  if (exports) await exportTo(shop, fromHere(second))
  else await importFrom(host, shop, fromHere(first))
} catch (error) {
  if (!(error instanceof Rejection)) throw error
  const { reason, fields = [] } = (error.data ?? {}) as {
    reason?: string
    fields?: { field: string; message: string }[]
  }
  console.error(
    [...fields.map(({ field, message }) => `${field} ${message}`), reason ?? error.code].join('\n'),
  )
  process.exitCode = 1
} finally {
  await database.stop()
}

async function importFrom(host: Host, shop: Client<typeof contract>, location: string): Promise<void> {
  const startedAt = performance.now()
  const options = {
    location,
    ...(values.format === undefined ? {} : { format: values.format as ImportFormat }),
    ...(values.currency === undefined ? {} : { currency: values.currency }),
    stock: values.stock as 'keep' | 'replace',
    dryRun: values['dry-run'],
    resume: values.resume,
  }
  const { resumed, ...opened } = await shop.openLocalImport(options)
  let run: ImportRun = opened
  if (resumed) console.log(`Goes on behind ${run.read} records that are settled.`)
  else if (values.resume)
    console.log('There is no unfinished import of these files with these options: it begins anew.')
  const bar = new SingleBar(
    {
      format: '{bar} {percentage}%  {value}/{total}  {rate}/s  {counts}',
      etaBuffer: 100,
      noTTYOutput: false,
    },
    Presets.shades_classic,
  )
  const from = run.read
  let begunAt: number | undefined
  while (run.state === 'checking' || run.state === 'running') {
    const { importId } = run
    run = await shop.continueImport({ importId, waitMs: 500 })
    await wakeShop(host)
    if (run.state === 'checking' || run.total === null) continue
    if (begunAt === undefined) {
      begunAt = performance.now()
      bar.start(run.total, run.read, { rate: 0, counts: '' })
    }
    const rate = Math.round(((run.read - from) * 1000) / Math.max(1, performance.now() - begunAt))
    bar.update(run.read, { rate, counts: counts(run) })
  }
  bar.stop()
  await report(shop, run)
  if (run.state !== 'done') {
    process.exitCode = 1
    return
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  if (run.dryRun) console.log(`Nothing was written (--dry-run). ${seconds} s.`)
  else {
    console.log(`Committed after ${seconds} s.`)
    await findable(host)
  }
}

function counts(run: ImportRun): string {
  return `${run.created} created, ${run.changed} changed, ${run.unchanged} unchanged, ${run.refused} refused`
}

async function report(shop: Client<typeof contract>, run: ImportRun): Promise<void> {
  if (run.problem) {
    const { file, line, reason } = run.problem
    console.error(`The import ended: ${file}${line === null ? '' : `, line ${line}`} ${reason}.`)
  }
  console.log(`${run.read} records: ${counts(run)}, ${run.warnings} warnings.`)
  for (const { subject, change, fields } of run.differences)
    console.log(`  would ${change} ${subject}${fields.length > 0 ? `: ${fields.join(', ')}` : ''}`)
  if (run.refused + run.warnings === 0) return
  const file = values.refused === undefined ? undefined : createWriteStream(fromHere(values.refused))
  file?.write('file,line,field,severity,reason\r\n')
  let shown = 0
  let after: string | undefined
  do {
    const page = await shop.importRefusals({
      importId: run.importId,
      limit: 100,
      ...(after ? { after } : {}),
    })
    for (const refusal of page.items) {
      file?.write(
        `${[refusal.file, refusal.line, refusal.field ?? '', refusal.severity, refusal.reason].map(quoted).join(',')}\r\n`,
      )
      if (refusal.severity === 'refused' && shown < MAX_SHOWN) {
        console.log(`  ${words(refusal)}`)
        shown += 1
      }
    }
    after = page.next ?? undefined
  } while (after !== undefined && (file || shown < MAX_SHOWN))
  if (file) {
    file.end()
    await once(file, 'finish')
    console.log(`  All of them stand in ${values.refused}.`)
  } else if (run.refused > shown || run.warnings > 0)
    console.log('  --refused <file.csv> writes all of them.')
}

function words({ file, line, field, reason }: Refusal): string {
  return `${file}, line ${line}${field === null ? '' : `, ${field}`}: ${reason}`
}

/** A spreadsheet runs what begins like a formula; an apostrophe keeps it text. */
function quoted(cell: string | number): string {
  const text = String(cell)
  return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}

/** Waits until each process that answers searches has the products that were written last: facts are applied in their order. */
async function findable(host: Host): Promise<void> {
  const startedAt = performance.now()
  const products = host.services.find(({ name }) => name === 'product')!
  const last = await products.database.query<{ productId: string; version: number }>(
    `select product_id as "productId", revision as version from product.products where status = 'published' order by updated_at desc limit 50`,
  )
  const client = host.client(search, { via: 'import-command' })
  let silent = 0
  // Of what is asked here, too, a shop that runs hears by this.
  const waking = setInterval(() => void wakeShop(host).catch(() => {}), 100)
  using _ = { [Symbol.dispose]: () => clearInterval(waking) }
  while (performance.now() - startedAt < FINDABLE_WITHIN_MS) {
    const replicas = (await client.status({ products: last })).replicas.filter(({ answered }) => answered)
    silent = replicas.length === 0 ? silent + 1 : 0
    if (silent >= 3) {
      console.log('No shop is running: search will find them when one starts.')
      return
    }
    if (replicas.length > 0 && replicas.every(({ ready, missing }) => ready && missing === 0)) {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      console.log(
        `Findable in ${replicas.length === 1 ? 'the shop' : `all ${replicas.length} replicas`}, ${seconds} s after the last commit. Done.`,
      )
      return
    }
    await sleep(100)
  }
  console.error(`Search does not have all of it after ${FINDABLE_WITHIN_MS / 1000} s; it goes on by itself.`)
  process.exitCode = 1
}

async function exportTo(shop: Client<typeof contract>, path: string): Promise<void> {
  const file = createWriteStream(path)
  const failed = once(file, 'error').then(([error]) => {
    throw error
  })
  let rows = 0
  let after: string | null | undefined
  do {
    const page = await shop.exportPage(after ? { after } : {})
    rows += page.rows
    after = page.next
    if (!file.write(page.text)) await Promise.race([once(file, 'drain'), failed])
  } while (after !== null)
  file.end()
  await Promise.race([once(file, 'finish'), failed])
  console.log(`${rows} rows are in ${path}.`)
}

/** npm runs commands in the project's folder; paths are meant from where it was called. */
function fromHere(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path)
}

function parse() {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: {
        format: { type: 'string' },
        currency: { type: 'string' },
        stock: { type: 'string', default: 'keep' },
        'dry-run': { type: 'boolean', default: false },
        resume: { type: 'boolean', default: false },
        refused: { type: 'string' },
      },
    })
    const { format, stock } = parsed.values
    if (format !== undefined && !ImportFormat.options.includes(format as ImportFormat))
      throw new Error(`There is no format ${format}.`)
    if (stock !== 'keep' && stock !== 'replace') throw new Error('--stock is keep or replace.')
    return parsed
  } catch (error) {
    console.error((error as Error).message)
    return usage()
  }
}

function usage(): never {
  console.error(USAGE)
  process.exit(2)
}
