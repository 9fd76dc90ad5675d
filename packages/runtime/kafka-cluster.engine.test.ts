import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Admin } from '@platformatic/kafka'
import { openEngines } from '@stoa/engines'
import { engineAddress, eventually, startTestHost } from '@stoa/testing'
import { pino } from 'pino'
import { countingThing } from './fixture/counting-thing.ts'
import { thingContract } from './fixture/thing.ts'
import { createKafkaLog } from './kafka-log.ts'
import { newEvent } from './log-contract.ts'

const { skip } = engineAddress('kafka')

/** The cluster takes a broker for dead that it has not heard of for 9 s, and has others lead its partitions. */
const FAIL_OVER_MS = 30_000

describe('A Kafka of two brokers', { skip }, () => {
  let directory: string
  let brokers: readonly [string, string]
  const engines = () => {
    const first = join(directory, 'first')
    return [
      openEngines({ directory: first, kafkaCopies: 2 }),
      openEngines({ directory: join(directory, 'second'), kafkaCopies: 2, kafkaJoins: first }),
    ] as const
  }
  const environment = (names: readonly string[] = brokers) => ({
    KAFKA_BROKERS: names.join(','),
    KAFKA_PREFIX: `test-${randomBytes(6).toString('hex')}.`,
    KAFKA_PARTITIONS: '4',
    KAFKA_REPLICATION: '2',
  })
  const topics = async (prefix: string) => {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [brokers[0]] })
    try {
      const names = (await admin.listTopics()).filter((name) => name.startsWith(prefix))
      return (await admin.metadata({ topics: names, forceUpdate: true })).topics
    } finally {
      await admin.close()
    }
  }
  const partitions = async (prefix: string) =>
    [...(await topics(prefix)).values()].flatMap((topic) => topic.partitions)

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stoa-kafka-'))
    const [first, second] = engines()
    const one = (await first.up(['kafka'])).KAFKA_BROKERS!
    brokers = [one, (await second.up(['kafka'])).KAFKA_BROKERS!]
  })
  after(async () => {
    // The second says goodbye to the first.
    for (const one of engines().toReversed()) await one.down()
    await rm(directory, { recursive: true, force: true })
  })

  it('says so when it is asked for more copies than it has brokers', async () => {
    const log = createKafkaLog(
      { brokers, prefix: `test-${randomBytes(6).toString('hex')}.`, partitions: 1, replication: 3 },
      pino({ level: 'silent' }),
    )
    try {
      await assert.rejects(log.append([newEvent('a', 1)]))
      assert.match(log.trouble() ?? '', /replication factor of 3 cannot be reached/)
    } finally {
      await log.close()
    }
  })

  it('goes on when one is killed, be it the one that is named first, and every event has its effect once', async () => {
    const shared = environment(brokers.toReversed())
    await using first = await startTestHost({ services: [countingThing()], environment: shared })
    await using second = await startTestHost({
      services: [countingThing()],
      environment: shared,
      database: first.database,
    })
    const clients = [first, second].map((shop) => shop.client(thingContract))
    let made = 0
    const make = async () => {
      await clients[made % 2]!.make({ id: `thing ${made % 20}`, versions: [made] })
      made += 1
    }
    const effects = async () => {
      const { rows } = await first.pool.query(
        `select by, count(*)::int as done, count(distinct version)::int as distinct from thing.done group by by order by by`,
      )
      return rows
    }
    const allOnce = () => ['count', 'follow', 'tell'].map((by) => ({ by, done: made, distinct: made }))
    for (let n = 0; n < 40; n += 1) await make()
    await eventually(async () => assert.deepEqual(await effects(), allOnce()), { timeoutMs: FAIL_OVER_MS })
    const before = await partitions(shared.KAFKA_PREFIX)
    assert.deepEqual(new Set(before.map(({ replicas }) => replicas.toSorted().join())), new Set(['1,2']))
    assert.deepEqual(new Set(before.map(({ leader }) => leader)), new Set([1, 2]))

    const [, killed] = engines()
    let enough = false
    const customers = (async () => {
      while (!enough) {
        await make()
        await sleep(20)
      }
    })()
    await sleep(500)
    await killed.kill('kafka')
    await eventually(
      async () => {
        const healths = await Promise.all([first, second].map(({ host }) => host.ready()))
        assert.ok(healths.every(({ ok }) => ok))
        assert.ok(
          healths.some(({ checks }) => checks.log?.startsWith('degraded: ')),
          JSON.stringify(healths),
        )
      },
      { timeoutMs: FAIL_OVER_MS },
    )
    await sleep(3_000)
    enough = true
    await customers
    await eventually(async () => assert.deepEqual(await effects(), allOnce()), { timeoutMs: FAIL_OVER_MS })
    assert.deepEqual(
      new Set((await partitions(shared.KAFKA_PREFIX)).map(({ leader }) => leader)),
      new Set([1]),
    )
    for (const { host } of [first, second])
      await eventually(async () => assert.equal((await host.ready()).checks.log, 'ok'), {
        timeoutMs: FAIL_OVER_MS,
      })

    // One that comes now meets a dead broker first.
    await using third = await startTestHost({
      services: [countingThing()],
      environment: shared,
      database: first.database,
    })
    await third.client(thingContract).make({ id: 'late', versions: [made] })
    made += 1
    await eventually(async () => assert.deepEqual(await effects(), allOnce()), { timeoutMs: FAIL_OVER_MS })
    await eventually(async () => assert.equal((await third.host.ready()).checks.log, 'ok'), {
      timeoutMs: FAIL_OVER_MS,
    })

    await killed.up(['kafka'])
    await eventually(
      async () =>
        assert.ok(
          (await partitions(shared.KAFKA_PREFIX)).every(({ isr }) => isr.length === 2),
          'both have it again',
        ),
      { timeoutMs: FAIL_OVER_MS },
    )
    for (let n = 0; n < 40; n += 1) await make()
    await eventually(async () => assert.deepEqual(await effects(), allOnce()), { timeoutMs: FAIL_OVER_MS })
  })
})
