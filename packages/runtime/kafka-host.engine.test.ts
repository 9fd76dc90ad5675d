import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { contract } from '@stoa/contract'
import { createDatabase, eventually, startTcpProxy, startTestHost } from '@stoa/testing'
import { pino } from 'pino'
import { countingThing } from './fixture/counting-thing.ts'
import { type ThingContext, ThingMade, thingContract } from './fixture/thing.ts'
import { startHost } from './host.ts'
import { defineService, effect } from './service.ts'
import { freshKafka, kafka, kafkaEnvironment } from './testing-kafka.ts'

/** Another service, which only hears. */
const listener = defineService({
  contract: contract('listener', {}),
  migrations: new URL('./fixture/listener-migrations/', import.meta.url),
  operations: {},
  reactions: [
    effect({
      name: 'hear',
      hears: [ThingMade],
      handle: async (facts, ctx: ThingContext) =>
        ctx.transaction(async (tx) => {
          await tx.query('insert into listener.heard select unnest($1::text[])', [facts.map(({ id }) => id)])
        }),
    }),
  ],
})

describe('Services over Kafka', { skip: kafka.skip }, () => {
  it('have every effect of 500 events exactly once on two replicas, follow-ups and jobs included', async () => {
    const environment = kafkaEnvironment(freshKafka())
    await using first = await startTestHost({ services: [countingThing()], environment })
    await using second = await startTestHost({
      services: [countingThing()],
      environment,
      database: first.database,
    })
    const clients = [first.client(thingContract), second.client(thingContract)]
    await Promise.all(
      Array.from({ length: 10 }, async (_, writer) => {
        for (let n = 0; n < 50; n += 1)
          await clients[n % 2]!.make({ id: `w${writer}`, versions: [writer * 50 + n] })
      }),
    )
    await Promise.all([first.settled(), second.settled()])
    await first.settled()
    const { rows } = await first.pool.query(
      `select by, count(*)::int as done, count(distinct version)::int as distinct from thing.done group by by order by by`,
    )
    assert.deepEqual(
      rows,
      ['count', 'follow', 'tell'].map((by) => ({ by, done: 500, distinct: 500 })),
    )
  })

  it('live in databases of their own, without one for the log', async () => {
    const environment = kafkaEnvironment(freshKafka())
    const [own, others] = [await createDatabase(), await createDatabase()]
    const start = () =>
      startHost({
        services: [countingThing(), listener],
        environment: {
          ...environment,
          POOL_SIZE: '2',
          THING_DATABASE_URL: own.url,
          LISTENER_DATABASE_URL: others.url,
        },
        logger: pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }),
      })
    const hosts = [await start(), await start()]
    try {
      await hosts[0]!.client(thingContract).make({ id: 'a', versions: [1, 2, 3] })
      await Promise.all(hosts.map((host) => host.background!.settled()))
      const [mine, yours] = hosts[0]!.services.map(({ database }) => database)
      assert.deepEqual(await mine!.query('select by, count(*) from thing.done group by by order by by'), [
        { by: 'count', count: 3 },
        { by: 'follow', count: 3 },
        { by: 'tell', count: 3 },
      ])
      assert.deepEqual(await yours!.query('select count(*) from listener.heard'), [{ count: 3 }])
      // Each database holds the leases of what lives in it.
      const names = async (database: typeof mine) =>
        (await database!.query<{ name: string }>(`select name from log.lease where name like 'relay:%'`)).map(
          ({ name }) => name,
        )
      assert.deepEqual([await names(mine), await names(yours)], [['relay:thing'], ['relay:listener']])
      assert.equal((await hosts[0]!.ready()).ok, true)
    } finally {
      await Promise.all(hosts.map((host) => host.stop()))
      await Promise.all([own.drop(), others.drop()])
    }
  })

  it('answer calls while the brokers are away, and catch up when they are back', async () => {
    const settings = freshKafka()
    // Nobody is there.
    await using door = await startTcpProxy('tcp://127.0.0.1:9')
    await using shop = await startTestHost({
      services: [countingThing()],
      environment: {
        ...kafkaEnvironment(settings),
        KAFKA_BROKERS: new URL(door.through('tcp://kafka')).host,
      },
    })
    await shop.client(thingContract).make({ id: 'a', versions: [1, 2] })
    await eventually(async () => {
      const { ok, checks } = await shop.host.ready()
      assert.equal(ok, true)
      assert.match(checks.log ?? '', /^degraded: /)
      assert.match(await shop.host.metrics.metrics(), /^stoa_log_up 0$/m)
    })
    const waiting = await shop.pool.query(`select count(*)::int as n from thing.outbox where kind = 'event'`)
    assert.deepEqual(waiting.rows, [{ n: 2 }])
    const settled = shop.host.background!.settled()
    settled.catch(() => {})
    await sleep(200)
    door.lead(`tcp://${kafka.address.split(',')[0]}`)
    await settled
    await eventually(
      async () => {
        const { rows } = await shop.pool.query(
          `select count(*)::int as n from thing.done where by = 'follow'`,
        )
        assert.deepEqual(rows, [{ n: 2 }])
        assert.equal((await shop.host.ready()).checks.log, 'ok')
      },
      { timeoutMs: 20_000 },
    )
  })
})
