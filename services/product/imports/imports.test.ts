import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Client, Content } from '@stoa/contract'
import { product } from '@stoa/contracts/product'
import { IMPORT_PART_BYTES, type ImportRun } from '@stoa/contracts/product-imports'
import { eventually, startTestHost, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import service from '../service.ts'
import { aMerchant, aProduct, aVariant } from '../testing.ts'
import { header, rowLine } from './stoa-csv.ts'
import { aFolder, icecatJson } from './testing.ts'

let host: TestHost
let shop: Client<typeof product>
let media: string

before(async () => {
  media = await mkdtemp(join(tmpdir(), 'stoa-test-media-'))
  host = await startTestHost({ services: [service], environment: { MEDIA_DIRECTORY: media } })
  shop = host.client(product, { via: 'import-command' })
})
after(async () => {
  await host[Symbol.asyncDispose]()
  await rm(media, { recursive: true, force: true })
})

describe('an import', () => {
  it('brings products with their brand, category, attributes and price; twice, it changes nothing', async () => {
    await using folder = await aFolder({ 'some.json': icecatJson(20, 1000) })
    const first = await imported(folder.path)
    assert.deepEqual(counts(first), { created: 20, changed: 0, unchanged: 0, refused: 0 })
    const got = await host.client(product).get({ idOrSlug: 'product-1001-1001' })
    assert.equal(got.brand, 'Acme')
    assert.deepEqual(
      got.categories.map(({ name }) => name),
      ['Notebook'],
    )
    assert.deepEqual(got.attributes.map(({ name, unit, value }) => [name, unit, value]).sort(), [
      ['Display diagonal', '"', 15.6],
      ['Part number', null, 'P1001'],
      ['Product colour', null, ['Silver', 'Black']],
      ['Touchscreen', null, false],
    ])
    assert.deepEqual(got.variants[0]!.price, { amountMinor: 1001, currency: 'EUR', compareAtMinor: null })
    await host.settled()
    const events = (await host.loggedEvents()).length
    assert.deepEqual(counts(await imported(folder.path)), {
      created: 0,
      changed: 0,
      unchanged: 20,
      refused: 0,
    })
    await host.settled()
    assert.equal((await host.loggedEvents()).length, events)
  })

  it('that is dry says what would change, and writes nothing', async () => {
    await using folder = await aFolder({ 'some.json': icecatJson(3, 2000) })
    const before = await state()
    const run = await imported(folder.path, { dryRun: true })
    assert.deepEqual(counts(run), { created: 3, changed: 0, unchanged: 0, refused: 0 })
    assert.deepEqual(
      run.differences.map(({ subject, change }) => [subject, change]),
      [
        ['2000', 'create'],
        ['2001', 'create'],
        ['2002', 'create'],
      ],
    )
    assert.equal(await state(), before)
    await imported(folder.path)
    await writeFile(
      join(folder.path, 'some.json'),
      icecatJson(3, 2000).replace('"Product 2001"', '"Another name"'),
    )
    const changed = await imported(folder.path, { dryRun: true })
    assert.deepEqual(counts(changed), { created: 0, changed: 1, unchanged: 2, refused: 0 })
    assert.ok(changed.differences[0]!.fields.includes('name'))
  })

  it('refuses records one by one, with file, line, field and reason', async () => {
    const staff = host.client(product, { actor: aMerchant() })
    await staff.create(aProduct({ variants: [aVariant({ sku: 'TAKEN-1', barcode: '4006381333931' })] }), {
      idempotencyKey: v7(),
    })
    const records = [
      { id: '3000', title: 'Good', price: 1 },
      { id: '3001', title: 'No price' },
      { id: '3002', price: 5 },
      { id: '3003', title: 'Its barcode is taken', price: 5, ean: ['4006381333931'] },
      { id: 'ä', title: 'No SKU', price: 5 },
      { id: '3004', title: 'Costs too much', price: 1e12 },
      'not an object',
    ]
    await using folder = await aFolder({
      'bad.json': `[\n${records.map((one) => JSON.stringify(one)).join(',\n')}\n]`,
    })
    const run = await imported(folder.path)
    assert.deepEqual(counts(run), { created: 1, changed: 0, unchanged: 0, refused: 6 })
    const refusals = await refusalsOf(run)
    assert.deepEqual(
      refusals.map(({ file, line, field }) => [file, line, field]),
      [
        ['bad.json', 3, 'price'],
        ['bad.json', 4, 'title'],
        ['bad.json', 5, 'variants'],
        ['bad.json', 6, 'by.sku'],
        ['bad.json', 7, 'variants.0.prices.0.amountMinor'],
        ['bad.json', 8, null],
      ],
    )
  })

  it('whose files cannot be read to their end writes nothing of them', async () => {
    await using folder = await aFolder({
      'a.json': icecatJson(5, 4000),
      'b.json': icecatJson(5, 4100).slice(0, -30),
    })
    const run = await imported(folder.path)
    assert.equal(run.state, 'failed')
    assert.equal(run.problem!.file, 'b.json')
    assert.match(run.problem!.reason, /ends in the middle/)
    assert.deepEqual(counts(run), { created: 0, changed: 0, unchanged: 0, refused: 0 })
    await assert.rejects(host.client(product).get({ idOrSlug: 'product-4000-4000' }), {
      code: 'PRODUCT_NOT_FOUND',
    })
  })

  it('of nothing that is known is refused', async () => {
    await using folder = await aFolder({ 'a.txt': 'hello' })
    await assert.rejects(shop.openLocalImport({ location: folder.path }), { code: 'UNREADABLE' })
    await assert.rejects(shop.openLocalImport({ location: '/nowhere/at/all' }), { code: 'UNREADABLE' })
  })

  it('takes tags, scripts and entities out of texts', async () => {
    const html = '<p>Big &amp; <b>strong</b></p><script>alert(1)</script><img src=x onerror=alert(1)>'
    await using folder = await aFolder({
      'a.csv': `Handle,Title,Body (HTML),Variant SKU,Variant Price\nstrong,<i>Strong</i> one,"${html}",STRONG-1,5\n`,
    })
    assert.equal((await imported(folder.path)).created, 1)
    const got = await host.client(product).get({ idOrSlug: 'strong' })
    assert.equal(got.name, 'Strong one')
    assert.equal(got.description, 'Big & strong')
  })

  it('does not close a circle of categories', async () => {
    const category = (slug: string, parent: string) => rowLine({ type: 'category', slug, name: slug, parent })
    await using folder = await aFolder({
      'a.csv':
        header +
        category('top', '') +
        category('below', 'top') +
        category('top', 'below') +
        category('x', 'y') +
        category('y', 'x'),
    })
    const run = await imported(folder.path)
    assert.deepEqual(
      (await refusalsOf(run)).map(({ line, field, reason }) => [line, field, reason]),
      [
        [4, 'parent', 'stands below this category: a circle'],
        [5, 'parent', 'there is no category y before this one'],
        [6, 'parent', 'there is no category x before this one'],
      ],
    )
  })

  it('that is killed goes on behind its last batch, and announces each product once', {
    timeout: 120_000,
  }, async () => {
    const products = 4000
    await using folder = await aFolder({ 'many.json': icecatJson(products, 100_000) })
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'drive-import-child.ts'), host.database.url, folder.path, media],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let settled = 0
    for await (const line of child.stdout) {
      settled = Number(String(line).trim().split('\n').at(-1))
      if (settled >= 500) break
    }
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    assert.ok(settled >= 500 && settled < products, `${settled} were settled`)

    const { resumed, ...opened } = await shop.openLocalImport({
      location: folder.path,
      currency: 'EUR',
      resume: true,
    })
    assert.equal(resumed, true)
    assert.ok(opened.read >= settled)
    const run = await driven(opened)
    assert.deepEqual(counts(run), { created: products, changed: 0, unchanged: 0, refused: 0 })
    await host.settled()
    const said = (await host.loggedEvents()).filter(({ name }) => name === 'product.changed')
    const ours = await host.pool.query(
      `select product_id as id from product.variants where sku ~ '^10[0-3][0-9]{3}$'`,
    )
    const ids = new Set(ours.rows.map(({ id }) => id))
    assert.equal(ids.size, products)
    assert.equal(
      said.filter(({ payload }) => ids.has((payload as { productId: string }).productId)).length,
      products,
    )
  })

  it('that two ask for is worked on once', async () => {
    await using folder = await aFolder({ 'some.json': icecatJson(1200, 200_000) })
    const { importId } = await shop.openLocalImport({ location: folder.path, currency: 'EUR' })
    const first = host.client(product, { via: 'one' })
    const runs = await Promise.all([
      first.continueImport({ importId, waitMs: 20_000 }),
      shop.continueImport({ importId, waitMs: 20_000 }),
    ])
    assert.deepEqual(counts(await driven(runs[0])), { created: 1200, changed: 0, unchanged: 0, refused: 0 })
  })
})

describe('our own CSV', () => {
  it('holds the whole catalogue: imported again it changes nothing, in an empty shop it makes the same', async () => {
    const staff = host.client(product, { actor: aMerchant() })
    await staff.create(
      aProduct({
        name: '=cmd|calc',
        slug: 'formula',
        description: '+1\n"quoted", with commas\n\'=already',
        seo: { title: '-5 degrees', description: null },
        options: [{ name: 'Size|Length', values: ['S', 'M'] }],
        variants: [
          aVariant({
            sku: 'F-S',
            options: { 'Size|Length': 'S' },
            prices: [
              { amountMinor: 1999, currency: 'EUR', compareAtMinor: 2999 },
              { amountMinor: 300, currency: 'JPY' },
            ],
            cost: { amountMinor: 5, currency: 'EUR' },
            weightGrams: 120,
          }),
          aVariant({ sku: 'F-M', options: { 'Size|Length': 'M' } }),
        ],
      }),
      { idempotencyKey: v7() },
    )
    const text = await exported(shop)
    // No cell begins with what a spreadsheet would run.
    assert.match(text, /,'=cmd\|calc,/)
    await using folder = await aFolder({ 'catalogue.csv': text })
    const again = await imported(folder.path)
    assert.equal(again.format, 'stoa')
    assert.deepEqual({ ...counts(again), unchanged: 0 }, { created: 0, changed: 0, unchanged: 0, refused: 0 })

    await using empty = await startTestHost({ services: [service], environment: { MEDIA_DIRECTORY: media } })
    const other = empty.client(product, { via: 'import-command' })
    const { resumed: _, ...opened } = await other.openLocalImport({ location: folder.path })
    const run = await driven(opened, other)
    assert.deepEqual([run.state, run.changed, run.refused], ['done', 0, 0])
    assert.deepEqual((await exported(other)).split('\r\n').sort(), text.split('\r\n').sort())
  })
})

describe('an import by staff', () => {
  it('is uploaded in parts, started, and worked on in the background', async () => {
    const staff = host.client(product, { actor: aMerchant() })
    const file = Buffer.from(icecatJson(5, 300_000) + ' '.repeat(IMPORT_PART_BYTES))
    const { importId } = await staff.createImport(
      { format: 'icecat', fileName: 'some.json', currency: 'USD' },
      { idempotencyKey: v7() },
    )
    const put = (number: number, bytes: Buffer) =>
      staff.putImportPart({ importId, number, content: bytes.toString('base64') })
    await put(2, file.subarray(IMPORT_PART_BYTES))
    await assert.rejects(staff.startImport({ importId, parts: 2 }), {
      code: 'PARTS_MISSING',
      data: { missing: [1] },
    })
    await put(1, file.subarray(0, IMPORT_PART_BYTES))
    await staff.startImport({ importId, parts: 2 })
    await staff.startImport({ importId, parts: 2 })
    await assert.rejects(put(1, file.subarray(0, 10)), { code: 'ALREADY_STARTED' })
    await host.settled()
    const run = await eventually(async () => {
      const now = await staff.getImport({ importId })
      assert.equal(now.state, 'done')
      return now
    })
    assert.deepEqual(counts(run), { created: 5, changed: 0, unchanged: 0, refused: 0 })
    assert.equal((await staff.listImports({ limit: 1 })).items[0]!.importId, importId)
  })

  it('that is cancelled stays cancelled', async () => {
    const staff = host.client(product, { actor: aMerchant() })
    const { importId } = await staff.createImport(
      { format: 'icecat', fileName: 'some.json' },
      { idempotencyKey: v7() },
    )
    assert.equal((await staff.cancelImport({ importId })).state, 'cancelled')
    await assert.rejects(staff.startImport({ importId, parts: 1 }), { code: 'ALREADY_STARTED' })
  })

  it('tells refused records page by page and as CSV', async () => {
    const staff = host.client(product, { actor: aMerchant() })
    await using folder = await aFolder({ 'bad.json': '[{"id":"=1"},{"id":"2"},{"id":"3"}]' })
    const { importId } = await imported(folder.path)
    const first = await staff.listRefusals({ importId, limit: 2 })
    const second = await staff.listRefusals({ importId, limit: 2, after: first.next! })
    assert.deepEqual([first.items.length, second.items.length, second.next], [2, 1, null])
    const text = await textOf(await staff.downloadRefusals({ importId }))
    assert.match(text, /^file,line,field,reason,severity\r\nbad.json,1,title,is missing,refused\r\n/)
  })

  it('needs the permission', async () => {
    const reader = host.client(product, { actor: aMerchant(['product:read']) })
    await assert.rejects(
      reader.createImport({ format: 'stoa', fileName: 'x.csv' }, { idempotencyKey: v7() }),
      { code: 'FORBIDDEN' },
    )
  })
})

describe('an export by staff', () => {
  it('is written in the background and downloaded as one file', async () => {
    const staff = host.client(product, { actor: aMerchant() })
    const { exportId } = await staff.createExport({}, { idempotencyKey: v7() })
    await host.settled()
    await eventually(async () => assert.equal((await staff.getExport({ exportId })).state, 'done'))
    const text = await textOf(await staff.downloadExport({ exportId }))
    assert.equal(text, await exported(shop))
  })
})

const counts = ({ created, changed, unchanged, refused }: ImportRun) => ({
  created,
  changed,
  unchanged,
  refused,
})

async function imported(location: string, options: { dryRun?: boolean } = {}): Promise<ImportRun> {
  const { resumed: _, ...run } = await shop.openLocalImport({ location, currency: 'EUR', ...options })
  return driven(run)
}

async function driven(opened: ImportRun, by = shop): Promise<ImportRun> {
  let run = opened
  while (run.state === 'checking' || run.state === 'running')
    run = await by.continueImport({ importId: run.importId, waitMs: 10_000 })
  return run
}

const refusalsOf = async ({ importId }: ImportRun) =>
  (await shop.importRefusals({ importId, limit: 100 })).items.filter(({ severity }) => severity === 'refused')

async function exported(from: Client<typeof product>): Promise<string> {
  let text = ''
  let after: string | null | undefined
  do {
    const page = await from.exportPage(after ? { after } : {})
    text += page.text
    after = page.next
  } while (after !== null)
  return text
}

async function textOf({ body }: Content): Promise<string> {
  if (body instanceof Uint8Array) return Buffer.from(body).toString()
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** A digest of everything that an import writes. */
async function state(): Promise<string> {
  const { rows } = await host.pool.query(
    `select (select count(*) from product.products) || '/' || (select count(*) from product.brands) || '/' ||
       (select count(*) from product.attributes) || '/' || (select count(*) from product.media) || '/' ||
       (select count(*) from product.source_keys) || '/' || (select max(version) from product.category_tree) as state`,
  )
  return rows[0].state
}
