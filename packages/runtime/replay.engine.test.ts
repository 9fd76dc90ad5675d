import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { Consumer, stringDeserializers } from '@platformatic/kafka'
import { eventually, startTestHost } from '@stoa/testing'
import { type ThingContext, ThingMade, thing, thingContract } from './fixture/thing.ts'
import type { LoggedEvent } from './log.ts'
import { newEvent } from './log-contract.ts'
import { effect, projection } from './service.ts'
import { freshKafka, kafka, kafkaEnvironment } from './testing-kafka.ts'

/** The last `n` of each key, in the table that records: an older one never overwrites a newer. */
const view = projection({
  name: 'view',
  hears: [ThingMade],
  handle: async (facts, { query }: ThingContext) => {
    for (const { key, version } of facts)
      await query(
        `with gone as (delete from thing.done where by = 'view' and key = $1 and version <= $2 returning 1)
        insert into thing.done (by, key, version) select 'view', $1, $2
        where not exists (select from thing.done where by = 'view' and key = $1 and version > $2)`,
        [key, version],
      )
  },
})

let poisonous = true
const picky = effect({
  name: 'picky',
  hears: [ThingMade],
  handle: async (facts, ctx: ThingContext) => {
    if (poisonous && facts.some(({ payload }) => payload.n === 3)) throw new Error('cannot digest 3\nat all')
    await ctx.transaction(async ({ query }) => {
      for (const { key, version } of facts)
        await query(`insert into thing.done (by, key, version) values ('picky', $1, $2)`, [key, version])
    })
  },
})

const logs = [
  { name: 'in PostgreSQL', skip: false, environment: (): { KAFKA_PREFIX?: string } => ({}) },
  { name: 'in Kafka', skip: kafka.skip, environment: () => kafkaEnvironment(freshKafka()) },
] as const

/** What stands around the first record of a topic, for those who look at nothing else. */
async function headersOfFirst(topic: string): Promise<Record<string, string>> {
  const reader = new Consumer({
    clientId: 'test',
    groupId: `${topic}-headers`,
    bootstrapBrokers: kafka.address.split(','),
    deserializers: stringDeserializers,
    autocommit: false,
  })
  try {
    const stream = await reader.consume({ topics: [topic], mode: 'earliest' })
    for await (const { headers } of stream) return Object.fromEntries(headers)
    throw new Error(`${topic} ended`)
  } finally {
    await reader.close(true)
  }
}

for (const { name, skip, environment } of logs)
  describe(`With the log ${name}`, { skip }, () => {
    it('a projection is rebuilt by reading again, and what comes meanwhile is not lost', async () => {
      await using host = await startTestHost({
        services: [thing({ reactions: [view] })],
        environment: environment(),
      })
      const began = new Date()
      const seen = async () =>
        (await host.pool.query('select key, version::int from thing.done order by key')).rows
      for (const id of ['a', 'b', 'c']) await host.client(thingContract).make({ id, versions: [1, 2, 3] })
      await host.settled()
      await host.pool.query(`delete from thing.done`)
      const [{ events, reactions }] = await Promise.all([
        host.host.background!.replay('thing', began),
        host.client(thingContract).make({ id: 'b', versions: [4] }),
      ])
      await host.settled()
      assert.ok(events >= 9)
      assert.deepEqual(reactions, ['view'])
      assert.deepEqual(await seen(), [
        { key: 'a', version: 3 },
        { key: 'b', version: 4 },
        { key: 'c', version: 3 },
      ])
      await host.pool.query(`delete from thing.done`)
      await host.host.background!.replay('thing', new Date(Date.now() + 60_000))
      assert.deepEqual(await seen(), [], 'nothing is as young as that')
    })

    it('an event that is parked is announced, and an event that stands there twice has one effect', async () => {
      poisonous = true
      const settings = environment()
      await using host = await startTestHost({
        services: [thing({ reactions: [picky] })],
        environment: settings,
      })
      const log = host.host.log!
      const twice = { ...newEvent('a', 1), payload: { id: 'a', n: 1 } }
      const heard: LoggedEvent[] = []
      const watcher = await log.consume({
        group: `watch-${randomUUID()}`,
        position: 'memory',
        topics: ['parked'],
        hears: () => true,
        limit: 10,
        handle: async (events) => void heard.push(...events),
      })
      await log.append([twice])
      await log.append([twice, { ...newEvent('a', 3), payload: { id: 'a', n: 3 } }])
      await eventually(() => assert.equal(heard.length, 1), { timeoutMs: 15_000 })
      const { rows } = await host.pool.query('select event_id from thing.parked')
      assert.equal(heard[0]!.type, 'parked.event-parked')
      const { error, ...announced } = heard[0]!.payload as { error: string }
      assert.match(error, /^Error: cannot digest 3\n/)
      assert.deepEqual(announced, {
        reaction: 'thing.picky',
        eventId: rows[0].event_id,
        type: 'thing.made',
        key: 'a',
      })
      if (settings.KAFKA_PREFIX) {
        const headers = await headersOfFirst(`${settings.KAFKA_PREFIX}parked`)
        assert.equal(headers.ce_reaction, 'thing.picky')
        assert.equal(headers.ce_error, 'Error: cannot digest 3')
      }
      poisonous = false
      assert.deepEqual(await host.host.background!.putBack('thing'), { done: 1, failed: [] })
      const done = await host.pool.query('select version::int from thing.done order by version')
      assert.deepEqual(done.rows, [{ version: 1 }, { version: 3 }])
      await watcher.stop()
    })
  })

it('An event of a foreign writer, whose key no text in PostgreSQL holds, is parked, and the group goes on', {
  skip: kafka.skip,
}, async () => {
  poisonous = false
  await using host = await startTestHost({
    services: [thing({ reactions: [picky] })],
    environment: kafkaEnvironment(freshKafka()),
  })
  await host.host.log!.append([
    { ...newEvent('odd\0key', 1), payload: 'no thing' },
    { ...newEvent('a', 2), payload: { id: 'a', n: 2 } },
  ])
  await eventually(
    async () => {
      const { rows } = await host.pool.query('select key, version::int from thing.done')
      assert.deepEqual(rows, [{ key: 'a', version: 2 }])
      assert.equal((await host.pool.query('select from thing.parked')).rowCount, 1)
    },
    { timeoutMs: 15_000 },
  )
})
