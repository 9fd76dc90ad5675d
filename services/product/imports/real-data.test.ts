import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { product } from '@stoa/contracts/product'
import { startTestHost } from '@stoa/testing'
import service from '../service.ts'
import type { Read, Stage } from './item.ts'
import { openBundle } from './sources/bundle.ts'
import { recognised, stagesOf } from './stages.ts'

const data = join(import.meta.dirname, '../../../../shared/data')
const skip = existsSync(join(data, 'luma')) ? false : 'The real catalogues are not here: ../shared/data'

describe("Magento's sample shop", { skip }, () => {
  it('is 181 products with their variants, pictures, links and reviews', async () => {
    const { format, reads } = await read('luma')
    assert.equal(format, 'magento')
    const products = reads.flatMap((one) => ('item' in one && one.item.kind === 'product' ? [one.item] : []))
    const sum = (of: (item: (typeof products)[number]) => number) =>
      products.reduce((all, item) => all + of(item), 0)
    assert.deepEqual(
      {
        products: products.length,
        configurable: products.filter(({ variants }) => variants.length > 1).length,
        variants: sum(({ variants }) => variants.length),
        pictures: sum(({ pictures }) => pictures?.length ?? 0),
        reviews: reads.filter((one) => 'item' in one && one.item.kind === 'review').length,
        refused: reads.filter((one) => 'refused' in one).length,
      },
      { products: 181, configurable: 149, variants: 1891, pictures: 717, reviews: 500, refused: 0 },
    )
  })

  it('is imported, with stock announced, and again without a change', { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stoa-test-luma-'))
    try {
      // Without its pictures, each of which costs a tenth of a second.
      await cp(join(data, 'luma'), folder, { recursive: true, filter: (path) => !path.includes('images/') })
      await using host = await startTestHost({ services: [service] })
      const shop = host.client(product, { via: 'import-command' })
      const run = async () => {
        const { resumed: _, ...opened } = await shop.openLocalImport({ location: folder, currency: 'USD' })
        let run = opened
        while (run.state === 'checking' || run.state === 'running')
          run = await shop.continueImport({ importId: run.importId, waitMs: 10_000 })
        return run
      }
      const first = await run()
      assert.equal(first.state, 'done')
      // Reviews of products that are not in the files are refused.
      const { rows } = await host.pool.query(
        `select (select count(*) from product.products)::int as products, (select count(*) from product.variants)::int as variants,
           (select count(*) from product.product_links)::int > 500 as links, (select count(*) from product.reviews)::int as reviews`,
      )
      assert.deepEqual(rows[0], { products: 181, variants: 1891, links: true, reviews: 500 - first.refused })
      await host.settled()
      const stock = (await host.loggedEvents()).filter(({ name }) => name === 'product.stock-imported')
      assert.equal(
        stock.reduce((sum, { payload }) => sum + (payload as { items: unknown[] }).items.length, 0),
        1891,
      )
      const second = await run()
      assert.deepEqual([second.created, second.changed, second.refused], [0, 0, first.refused])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe("icecat's catalogue", { skip }, () => {
  it('is 19,406 products, none refused, each with a readable name for what it says', async () => {
    const { format, reads } = await read('icecat')
    assert.equal(format, 'icecat')
    assert.equal(reads.length, 19_406)
    assert.deepEqual(
      reads.filter((one) => 'refused' in one),
      [],
    )
    const names = new Map(
      reads.flatMap((one) =>
        'item' in one && one.item.kind === 'product'
          ? one.item.definitions.map(({ code, name, unit }) => [code, [name, unit]] as const)
          : [],
      ),
    )
    assert.deepEqual(names.get('display-diagonal'), ['Display diagonal', '"'])
    assert.deepEqual(names.get('thermal-design-power-tdp'), ['Thermal design power (TDP)', 'W'])
    assert.deepEqual(names.get('ethernet-lan-rj-45-ports'), ['Ethernet LAN (RJ 45) ports', null])
  })
})

async function read(folder: string): Promise<{ format: string | undefined; reads: Read[] }> {
  await using bundle = await openBundle(join(data, folder))
  const format = await recognised(bundle)
  const stages: Stage[] = await stagesOf(format!, bundle, { currency: 'EUR', now: '2026-01-01T00:00:00Z' })
  const reads: Read[] = []
  for (const stage of stages) for await (const one of stage.read()) reads.push(one)
  return { format, reads }
}
