import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { contract } from '@stoa/contract'
import { ProductChanged, product } from '@stoa/contracts/product'
import productService from '@stoa/product'
import { defineService, projection, type ServiceContext } from '@stoa/runtime'
import { startTestHost } from '@stoa/testing'

/** What a merchant adds long after the shop has opened: it hears of products and has heard of none. */
const newcomer = (migrations: URL) =>
  defineService({
    contract: contract('newcomer', {}),
    migrations,
    operations: {},
    reactions: [
      projection({
        name: 'know-products',
        hears: [ProductChanged],
        handle: async (facts, ctx: ServiceContext) => {
          await ctx.query(
            `insert into newcomer.known as k (product_id, version)
             select distinct on (r.product_id) r.product_id, r.version
             from jsonb_to_recordset($1::jsonb) as r (product_id uuid, version int) order by r.product_id, r.version desc
             on conflict (product_id) do update set version = excluded.version where k.version < excluded.version`,
            [
              JSON.stringify(
                facts.map(({ payload, version }) => ({ product_id: payload.productId, version })),
              ),
            ],
          )
        },
      }),
    ],
  })

test('a service that comes after the log has forgotten is filled by the republish command while the shop runs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-test-republish-'))
  try {
    await writeFile(
      join(folder, '0001_known.sql'),
      'create table known (product_id uuid primary key, version int not null);',
    )
    const environment = { MEDIA_DIRECTORY: join(folder, 'media') }
    await using shop = await startTestHost({ services: [productService], environment })
    const staff = shop.client(product, {
      actor: {
        kind: 'staff',
        id: crypto.randomUUID(),
        sessionId: crypto.randomUUID(),
        permissions: ['product:write', 'product:read'],
      },
    })
    const create = (sku: string) =>
      staff.create(
        { name: sku, variants: [{ sku, prices: [{ amountMinor: 100, currency: 'EUR' }] }] },
        { idempotencyKey: crypto.randomUUID() },
      )
    const first = await create('BEFORE-1')
    await create('BEFORE-2')
    await shop.settled()
    // Retention has taken what was announced.
    await shop.pool.query('delete from log.event')
    await using late = await startTestHost({
      services: [newcomer(pathToFileURL(`${folder}/`))],
      database: shop.database,
    })
    const known = async () =>
      (await shop.pool.query('select product_id as id, version from newcomer.known order by product_id')).rows
    await late.settled()
    assert.deepEqual(await known(), [])

    const run = (...words: string[]) =>
      new Promise<{ code: number; output: string }>((resolve) => {
        const env = { ...process.env, ...environment, DATABASE_URL: shop.database.url }
        const file = join(import.meta.dirname, 'events.ts')
        const child = execFile(process.execPath, [file, ...words], { env }, (_, stdout, stderr) =>
          resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
        )
      })
    const [told, third] = await Promise.all([run('republish', 'product'), create('WHILE')])
    assert.equal(told.code, 0, told.output)
    assert.match(told.output, /product has announced its state again: \d+ pages/)
    await late.settled()
    const all = await known()
    assert.equal(all.length, 3)
    assert(all.some(({ id, version }) => id === first.productId && version === first.version))
    assert(all.some(({ id }) => id === third.productId))

    // Work of others that waits may be handed on, and is not done here.
    await shop.pool.query(
      `insert into "order".outbox (kind, id, name, payload) values ('job', gen_random_uuid(), 'expire-orders', '{}')`,
    )
    const again = await run('republish', 'product')
    assert.equal(again.code, 0, again.output)
    const { rows: waiting } = await shop.pool.query(
      `select name, 0 as attempts from "order".outbox where kind = 'job' union all
       select substring(identifier from 7), attempts from graphile_worker._private_jobs j
       join graphile_worker._private_tasks t on t.id = j.task_id where identifier like 'order/%'`,
    )
    assert.deepEqual(waiting, [{ name: 'expire-orders', attempts: 0 }])
    await late.settled()
    assert.deepEqual(await known(), all, 'what is known already changes nothing')
    assert.equal((await run('republish', 'nobody')).code, 2)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
