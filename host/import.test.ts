import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inventory as stock } from '@stoa/contracts/inventory'
import { search as finding } from '@stoa/contracts/search'
import inventory from '@stoa/inventory'
import product from '@stoa/product'
import search from '@stoa/search'
import { startTestHost } from '@stoa/testing'

test('the import command ends when the running shop finds what came, and writes all of it out again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-test-import-command-'))
  try {
    await using shop = await startTestHost({
      services: [product, inventory, search],
      environment: { MEDIA_DIRECTORY: join(folder, 'media') },
    })
    const run = (...words: string[]) =>
      new Promise<{ code: number; output: string }>((resolve) => {
        const file = join(import.meta.dirname, 'import.ts')
        const env = {
          ...process.env,
          INIT_CWD: folder,
          DATABASE_URL: shop.database.url,
          MEDIA_DIRECTORY: join(folder, 'media'),
        }
        const child = execFile(process.execPath, [file, ...words], { env }, (_, stdout, stderr) =>
          resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
        )
      })
    await writeFile(
      join(folder, 'shopify.csv'),
      'Handle,Title,Variant SKU,Variant Inventory Qty,Variant Price\nquagga,Quagga lamp,QUAGGA,7,49.90\nbad,Bad,BAD,1,free\n',
    )
    const misused = await run('shopify.csv', '--format', 'klingon')
    assert.equal(misused.code, 2)

    const dry = await run('shopify.csv', '--dry-run')
    assert.match(dry.output, /would create quagga/)
    assert.match(dry.output, /Nothing was written/)

    const done = await run('shopify.csv', '--currency', 'EUR', '--refused', 'refused.csv')
    assert.equal(done.code, 0, done.output)
    assert.match(done.output, /1 created, 0 changed, 0 unchanged, 1 refused/)
    assert.match(done.output, /shopify\.csv, line 3, Variant Price: must be an amount/)
    assert.match(done.output, /Findable in the shop/)
    assert.match(
      await readFile(join(folder, 'refused.csv'), 'utf8'),
      /"shopify\.csv","3","Variant Price","refused"/,
    )
    const { items } = await shop.client(finding).query({ q: 'quagga' })
    assert.deepEqual(
      items.map(({ name }) => name),
      ['Quagga lamp'],
    )
    await shop.settled()
    assert.equal((await shop.client(stock).availability({ skus: ['QUAGGA'] })).items[0]!.available, 7)

    assert.match((await run('export', 'all.csv')).output, /rows are in/)
    assert.match((await run('all.csv')).output, /0 created, 0 changed, \d+ unchanged, 0 refused/)
    assert.match((await run('nowhere')).output, /is not there/)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
