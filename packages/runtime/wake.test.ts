import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDatabase, eventually } from '@stoa/testing'
import pg from 'pg'
import { pino } from 'pino'
import { createNotifier, listen, OUTBOX_CHANNEL } from './wake.ts'

const logger = pino({ level: 'silent' })

describe('A listener', () => {
  it('hears again after its connection was cut, and says that it may have missed something', async () => {
    await using database = await createDatabase()
    const pool = new pg.Pool({ connectionString: database.url, max: 1 })
    const heard: string[] = []
    let standing = 0
    const listener = listen({
      url: database.url,
      channels: [OUTBOX_CHANNEL],
      logger,
      onNotification: (_, payload) => heard.push(payload),
      onListening: () => {
        standing += 1
      },
    })
    try {
      await eventually(() => assert.equal(standing, 1))
      await pool.query(`notify stoa_outbox, 'one'`)
      await eventually(() => assert.deepEqual(heard, ['one']))
      await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'stoa listener' and datname = $1`,
        [database.name],
      )
      await eventually(() => assert.equal(standing, 2))
      assert.ok(listener.listening())
      await pool.query(`notify stoa_outbox, 'two'`)
      await eventually(() => assert.deepEqual(heard, ['one', 'two']))
    } finally {
      await listener.stop()
      await pool.end()
    }
  })

  it('knows that it does not listen while the server cannot be reached', async () => {
    const listener = listen({
      url: 'postgres://nobody@127.0.0.1:1/none',
      channels: [OUTBOX_CHANNEL],
      logger,
      onNotification: () => {},
      onListening: () => {},
    })
    await sleep(50)
    assert.equal(listener.listening(), false)
    await listener.stop()
  })
})

describe('A notifier', () => {
  it('says in few statements what it was told many times, and forgets nothing', async () => {
    const sent: string[] = []
    let [statements, running] = [0, 0]
    const notifier = createNotifier(async (_text, values) => {
      statements += 1
      running += 1
      assert.equal(running, 1, 'one at a time')
      await sleep(2)
      sent.push(...String(values![1]).split(','))
      running -= 1
      return []
    }, OUTBOX_CHANNEL)
    const startedAt = performance.now()
    for (let round = 0; round < 10; round += 1) {
      for (let call = 0; call < 100; call += 1) notifier.notify(`service ${call % 3}`)
      await sleep(1)
    }
    notifier.notify('last')
    await eventually(() => assert.ok(sent.includes('last')))
    const tookMs = performance.now() - startedAt
    notifier.stop()
    assert.deepEqual(new Set(sent), new Set(['service 0', 'service 1', 'service 2', 'last']))
    // One every 5 ms: timers may be a millisecond early.
    assert.ok(statements <= 1 + tookMs / 4, `${statements} statements in ${tookMs} ms`)
  })
})
