import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { serviceNames } from '@stoa/host'
import { eventually } from '@stoa/testing'
import pg from 'pg'
import { assertBooks } from './books.ts'
import { Buyer, CARDS } from './buyer.ts'
import { type Shop, startShop, topology } from './shop.ts'

const skip = topology === 'one' && 'one process is the same inside the test: npm test'

/** What a command does is waited for in other processes, each of which may be slow. */
const HEARD = { timeoutMs: 30_000 }

describe(`a shop whose services have databases of their own (${topology})`, { skip }, () => {
  let shop: Shop
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stoa-test-databases-'))
    shop = await startShop({ ownDatabases: true, environment: { MEDIA_DIRECTORY: join(folder, 'media') } })
  })
  after(async () => {
    await shop?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  it('keeps in each what is that service’s, and in the others nothing of any', async () => {
    for (const [name, url] of Object.entries(shop.environment)) {
      if (!name.endsWith('DATABASE_URL')) continue
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      try {
        const { rows } = await client.query(
          'select nspname as name from pg_namespace where nspname = any($1)',
          [serviceNames],
        )
        const owner = serviceNames.filter((service) => name === `${service.toUpperCase()}_DATABASE_URL`)
        assert.deepEqual(
          rows.map(({ name }) => name),
          owner,
          name,
        )
      } finally {
        await client.end()
      }
    }
  })

  it('sells, pays back and finds, and its books are true over all of them', async () => {
    const sku = await shop.sell({ quantity: 5, priceMinor: 1250 })
    await eventually(async () => {
      const { status, body } = await shop.http.get(`/v1/search?q=${sku}`)
      assert.equal(status, 200, JSON.stringify(body))
      assert.deepEqual([body.items.length, body.items[0]?.available], [1, true])
    }, HEARD)
    const customer = new Buyer(shop)
    await customer.register()
    await customer.fill(sku)
    const kept = await customer.order()
    await customer.pay(kept)
    await customer.orderIs(kept, 'confirmed')
    await customer.mailAbout(new RegExp(kept.order.number))
    const refunded = await shop.http.post(
      `/v1/admin/payments/${kept.payment.paymentId}/refunds`,
      { reason: 'Scratched', amountMinor: 300 },
      { token: await shop.staffToken(), key: customer.key('refund') },
    )
    assert.equal(refunded.status, 201, JSON.stringify(refunded.body))

    const guest = new Buyer(shop)
    await guest.fill(sku)
    const declined = await guest.order()
    await guest.pay(declined, CARDS.declined)
    await guest.pay(declined)
    await guest.orderIs(declined, 'confirmed')
    const { status } = await shop.http.post(`/v1/orders/${declined.order.orderId}/cancel`, undefined, {
      ...guest.owner,
      orderToken: declined.orderToken,
    })
    assert.equal(status, 200)
    await guest.mailAbout(/refund/i)
    await assertBooks(shop, { received: new Map([[sku, 5]]) })
  })

  it('opens accounts by the staff command', async () => {
    const email = `colleague-${crypto.randomUUID()}@example.com`
    const added = await operator('staff', 'add', email, '--role', 'support')
    const password = /\w{5}-\w{5}-\w{5}-\w{5}/.exec(added)?.[0]
    assert.equal((await shop.http.post('/v1/auth/login', { email, password })).status, 200, added)
  })

  it('takes goods by the import command, and sells them', async () => {
    const sku = `I-${crypto.randomUUID().slice(0, 13)}`
    await writeFile(
      join(folder, 'shopify.csv'),
      `Handle,Title,Variant SKU,Variant Inventory Qty,Variant Price\n${sku.toLowerCase()},Lamp ${sku},${sku},7,49.90\n`,
    )
    const imported = await operator('import', 'shopify.csv', '--currency', 'EUR')
    assert.match(imported, /1 created, 0 changed, 0 unchanged, 0 refused[\s\S]*Findable in /)
    await eventually(async () => {
      const { body } = await shop.http.get(`/v1/availability?skus=${sku}`)
      assert.deepEqual(body.items, [{ sku, available: 7 }])
    }, HEARD)
    await buy(sku)
    await assertBooks(shop, { received: new Map([[sku, 7]]) })
  })

  it('hears again what it has heard by the events command, and tells again what it is', async () => {
    const began = new Date().toISOString()
    const sku = await shop.sell({ quantity: 2 })
    await buy(sku)
    const search = shop.poolOf('search')
    const assertCounted = async () => {
      const { rows } = await search.query('select units from search.sold where sku = $1', [sku])
      assert.deepEqual(rows, [{ units: 1 }])
    }
    await eventually(assertCounted, HEARD)
    await search.query('delete from search.sold where sku = $1', [sku])
    const replayed = await operator('events', 'replay', 'search', '--from', began)
    assert.match(replayed, /^search has heard \d+ events again: .*record-sales/m)
    await assertCounted()
    assert.match(
      await operator('events', 'republish', 'product'),
      /^product has announced its state again: \d+ pages/m,
    )
    await assertBooks(shop, { received: new Map([[sku, 2]]) })
  })

  it('shows what each service has parked', async () => {
    const parking = ['inventory', 'search']
    for (const service of parking)
      await shop
        .poolOf(service)
        .query(
          `insert into ${service}.parked (reaction, event_id, event, error) values ('some', gen_random_uuid(), '{}', 'Error: no')`,
        )
    assert.match(await operator('events', 'parked'), /inventory\.some[\s\S]*search\.some[\s\S]*^2 parked\.$/m)
    for (const service of parking) await shop.poolOf(service).query(`delete from ${service}.parked`)
  })

  async function buy(sku: string): Promise<void> {
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const placed = await buyer.order()
    await buyer.pay(placed)
    await buyer.orderIs(placed, 'confirmed')
  }

  /** A command in a process of its own, with what the shop's processes are told. Answers what it prints. */
  const operator = (command: 'events' | 'staff' | 'import', ...words: string[]) =>
    new Promise<string>((resolve, reject) => {
      const file = join(import.meta.dirname, `../host/${command}.ts`)
      const env = { PATH: process.env.PATH, ...shop.environment, INIT_CWD: folder }
      execFile(process.execPath, [file, ...words], { env }, (error, stdout, stderr) =>
        error ? reject(new Error(`${command} ${words.join(' ')}: ${stdout}${stderr}`)) : resolve(stdout),
      )
    })
})
