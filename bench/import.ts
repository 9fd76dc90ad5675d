import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { product } from '@stoa/contracts/product'
import type { ImportRun } from '@stoa/contracts/product-imports'
import { search } from '@stoa/contracts/search'
import inventoryService from '@stoa/inventory'
import productService from '@stoa/product'
import { type Host, startHost } from '@stoa/runtime'
import searchService from '@stoa/search'
import { type Bench, bounded, type Figure, type Section } from './section.ts'

const CATALOGUE = join(import.meta.dirname, '../../shared/data/icecat')

/** Longer than this after the last commit search is not on its way, it is lost. */
const FINDABLE_WITHIN_MS = 120_000

/**
 * icecat's 19,406 products into an empty shop, by a process that does nothing else, as `npm run import` is one; then again. And once
 * more into a shop that searches, in the same process: how long after the last commit the last products are found.
 */
export const importing: Section = { name: 'import', always: true, run }

async function run(bench: Bench): Promise<readonly Figure[]> {
  if (!existsSync(CATALOGUE))
    return [{ name: 'import', measured: 'skipped: ../shared/data/icecat is not here' }]
  const media = await mkdtemp(join(tmpdir(), 'stoa-bench-media-'))
  try {
    return [...(await committed(bench, media)), await searched(bench, media)]
  } finally {
    await rm(media, { recursive: true, force: true })
  }
}

async function committed(bench: Bench, media: string): Promise<Figure[]> {
  await using database = await bench.createDatabase('import')
  await using host = await startHost({
    services: [productService],
    environment: { DATABASE_URL: database.url, LOG_LEVEL: 'error', MEDIA_DIRECTORY: media },
    background: false,
  })
  const before = process.memoryUsage().rss
  let peak = before
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 50)
  try {
    const first = await timed(host)
    const second = await timed(host)
    const products = first.run.created
    if (first.run.refused > 0 || second.run.unchanged !== products)
      throw new Error(
        `${first.run.refused} refused; again, ${second.run.unchanged} of ${products} were unchanged`,
      )
    const mebibytes = Math.round((peak - before) / 1024 / 1024)
    return [
      bounded(
        'import: icecat, committed',
        products / (first.ms / 1000),
        'products/s',
        { atLeast: 2000 },
        `${products}`,
      ),
      {
        name: 'import: again, unchanged',
        measured: `${Math.round(products / (second.ms / 1000))} products/s`,
      },
      { name: 'import: memory', measured: `${mebibytes} MiB more at most` },
    ]
  } finally {
    clearInterval(timer)
  }
}

async function searched(bench: Bench, media: string): Promise<Figure> {
  await using database = await bench.createDatabase('import_search')
  await using host = await startHost({
    services: [productService, inventoryService, searchService],
    environment: { DATABASE_URL: database.url, LOG_LEVEL: 'error', MEDIA_DIRECTORY: media },
  })
  await timed(host)
  const seconds = (await findable(host)) / 1000
  return bounded('import: findable after the last commit', seconds, 's', { atMost: 10 })
}

async function timed(host: Host): Promise<{ run: ImportRun; ms: number }> {
  const shop = host.client(product, { via: 'bench' })
  const startedAt = performance.now()
  const { resumed: _, ...opened } = await shop.openLocalImport({
    location: CATALOGUE,
    format: 'icecat',
    currency: 'EUR',
  })
  let run: ImportRun = opened
  while (run.state === 'checking' || run.state === 'running')
    run = await shop.continueImport({ importId: run.importId, waitMs: 20_000 })
  if (run.state !== 'done') throw new Error(`The import is ${run.state}: ${JSON.stringify(run.problem)}`)
  return { run, ms: performance.now() - startedAt }
}

/** Until the index has the products that were written last: facts are applied in their order. */
async function findable(host: Host): Promise<number> {
  const startedAt = performance.now()
  const last = await host.services
    .find(({ name }) => name === 'product')!
    .database.query<{ productId: string; version: number }>(
      'select product_id as "productId", revision as version from product.products order by updated_at desc limit 50',
    )
  const client = host.client(search, { via: 'bench' })
  while (performance.now() - startedAt < FINDABLE_WITHIN_MS) {
    const { replicas } = await client.status({ products: last })
    if (
      replicas.some(({ answered }) => answered) &&
      replicas.every(({ ready, missing }) => ready && missing === 0)
    )
      return performance.now() - startedAt
    await sleep(50)
  }
  throw new Error('Search does not have what was imported')
}
