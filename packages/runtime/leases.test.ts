import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDatabase, eventually, type TestDatabase } from '@stoa/testing'
import { pino } from 'pino'
import { type Database, openDatabase } from './database.ts'
import { createLeases, LEASE_BEAT_MS, LEASE_VALIDITY_MS } from './leases.ts'
import { migrateLog } from './postgres-log.ts'

const logger = pino({ level: 'silent' })

describe('A lease', () => {
  let test: TestDatabase
  let database: Database
  before(async () => {
    test = await createDatabase()
    database = openDatabase({ url: test.url, poolSize: 2, applicationName: 'test', log: logger })
    await migrateLog(database)
  })
  after(async () => {
    await database.pool.end()
    await test.drop()
  })
  const owner = (name: string, validityMs = 60_000) =>
    createLeases({ query: database.query, owner: name, logger, validityMs })
  /** As if its owner had not been heard of for its whole validity. */
  const expire = (name: string) =>
    database.query(`update log.lease set until = now() - interval '1 second' where name = $1`, [name])

  it('of a dead process is somebody else’s within 30 s', () => {
    assert.ok(LEASE_VALIDITY_MS + LEASE_BEAT_MS <= 30_000)
    // Two beats may be lost.
    assert.ok(LEASE_VALIDITY_MS >= 3 * LEASE_BEAT_MS)
  })

  it('has one owner, who keeps it by beating and others get when he stops', async () => {
    const [first, second] = [owner('first'), owner('second')]
    const told: string[] = []
    for (const leases of [first, second]) {
      leases.want('one', {
        acquired: () => told.push(`${leases.owner} acquired`),
        lost: () => told.push(`${leases.owner} lost`),
      })
    }
    await first.beat()
    for (let beats = 0; beats < 5; beats += 1) await Promise.all([first.beat(), second.beat()])
    assert.deepEqual([first.holds('one'), second.holds('one')], [true, false])
    await expire('one')
    await second.beat()
    await first.beat()
    assert.deepEqual([first.holds('one'), second.holds('one')], [false, true])
    assert.deepEqual(told, ['first acquired', 'second acquired', 'first lost'])
    await second.release()
    await first.beat()
    assert.equal(first.holds('one'), true, 'given up, it is free at once')
    await first.release()
  })

  it('is not believed in for longer than it lasts by who does not renew it', async () => {
    const brief = owner('brief', 100)
    brief.want('brief')
    await brief.beat()
    await sleep(150)
    assert.equal(brief.holds('brief'), false)
    await brief.release()
  })

  it('is renewed with all others of the process in one statement', async () => {
    let statements = 0
    const leases = createLeases({
      query: (text, values) => {
        statements += 1
        return database.query(text, values)
      },
      owner: 'many',
      logger,
    })
    for (let name = 0; name < 40; name += 1) leases.want(`many ${name}`)
    await leases.beat()
    await leases.beat()
    assert.equal(statements, 2)
    assert.ok(leases.holds('many 0') && leases.holds('many 39'))
    await leases.release()
  })

  it('can be beaten for by many processes at once', async () => {
    const all = Array.from({ length: 8 }, (_, index) => owner(`p${index}`, 5_000))
    for (const [index, leases] of all.entries()) {
      const names = Array.from({ length: 20 }, (_, name) => `crowd ${name}`)
      for (const name of index % 2 ? names : names.reverse()) leases.want(name)
    }
    for (let beats = 0; beats < 5; beats += 1) await Promise.all(all.map((leases) => leases.beat()))
    for (let name = 0; name < 20; name += 1) {
      assert.equal(all.filter((leases) => leases.holds(`crowd ${name}`)).length, 1)
    }
    for (const leases of all) await leases.release()
  })

  it('of a job worker is reported when it has expired, and known as long as its row is there', async () => {
    const [dead, alive] = [owner('dead', 1), owner('alive', 300)]
    dead.want('worker:a')
    alive.want('worker:b')
    await dead.beat()
    await eventually(async () => assert.deepEqual(await alive.beat(), ['worker:a']))
    assert.deepEqual(await alive.unknown(['worker:a', 'worker:b', 'worker:c']), ['worker:c'])
    await expire('worker:b')
    assert.ok(!(await alive.beat()).includes('worker:b'), 'nobody reports himself')
    await Promise.all([dead.release(), alive.release()])
  })

  it('of a worker that was kept from renewing it by what kept us, too, is not reported', async () => {
    const [dead, first, second] = [owner('dead', 1), owner('first', 1_500), owner('second')]
    dead.want('worker:dead')
    first.want('worker:first')
    second.want('worker:second')
    await Promise.all([dead.beat(), second.beat()])
    await eventually(async () => assert.deepEqual(await first.beat(), ['worker:dead']))
    await sleep(1_100)
    await expire('worker:second')
    assert.deepEqual(await first.beat(), [])
    assert.deepEqual(await first.beat(), [], 'however soon it beats again')
    await second.beat()
    await eventually(async () => assert.deepEqual(await first.beat(), ['worker:dead']))
    await Promise.all([dead, first, second].map((leases) => leases.release()))
  })
})
