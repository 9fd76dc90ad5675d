import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Producer } from '@platformatic/kafka'
import { pino } from 'pino'
import { isPassing } from './failure.ts'
import { createKafkaLog } from './kafka-log.ts'
import type { EventLog, LoggedEvent } from './log.ts'
import { describeEventLog, newEvent, subscription, until } from './log-contract.ts'
import { atEnd, freshKafka, kafka, openAdmin } from './testing-kafka.ts'

const openLog = (settings = freshKafka()): EventLog => {
  const log = createKafkaLog(settings, pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }))
  atEnd(log.close)
  return log
}
describeEventLog(
  'The log in Kafka',
  async () => {
    const settings = freshKafka()
    return async () => openLog(settings)
  },
  { skip: kafka.skip },
)

it('writes CloudEvents in binary mode, keyed by the aggregate', { skip: kafka.skip }, async () => {
  const settings = freshKafka()
  const log = openLog(settings)
  const event = {
    ...newEvent('a key', 7),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  }
  await log.append([event])
  const { Consumer, stringDeserializers } = await import('@platformatic/kafka')
  const reader = new Consumer({
    clientId: 'test',
    groupId: `${settings.prefix}test`,
    bootstrapBrokers: kafka.address.split(','),
    deserializers: stringDeserializers,
    autocommit: false,
  })
  const stream = await reader.consume({ topics: [`${settings.prefix}thing`], mode: 'earliest' })
  for await (const { key, value, headers } of stream) {
    assert.equal(key, 'a key')
    assert.deepEqual(JSON.parse(value), event.payload)
    assert.deepEqual(Object.fromEntries(headers), {
      ce_specversion: '1.0',
      ce_id: event.id,
      ce_source: '/thing',
      ce_type: 'thing.made',
      ce_subject: 'a key',
      ce_time: '2026-01-02T03:04:05.678Z',
      ce_schemaversion: '1',
      ce_aggregateversion: '7',
      'content-type': 'application/json',
      traceparent: event.traceparent,
    })
    break
  }
  await reader.close(true)
})

it('hands on what is no JSON as text, and passes over what is no CloudEvent', {
  skip: kafka.skip,
}, async () => {
  const settings = freshKafka()
  const log = openLog(settings)
  await log.append([newEvent('a', 1)])
  const producer = new Producer({ clientId: 'test', bootstrapBrokers: kafka.address.split(',') })
  const topic = `${settings.prefix}thing`
  const bytes = (text: string) => Buffer.from(text)
  await producer.send({
    messages: [
      { topic, key: bytes('a'), value: bytes('no event') },
      {
        topic,
        key: bytes('a'),
        value: bytes('{"cut'),
        headers: new Map([
          [bytes('ce_type'), bytes('thing.made')],
          [bytes('ce_id'), bytes('not a UUID')],
        ]),
      },
    ],
  })
  await producer.close()
  await log.append([newEvent('a', 2)])
  const seen: LoggedEvent[] = []
  await log.consume(
    subscription('one', async (list) => void seen.push(...list), {
      hears: ({ type }) => type === 'thing.made',
    }),
  )
  await until([log], () => seen.some(({ version }) => version === 2))
  const strange = seen.find(({ payload }) => payload === '{"cut')
  assert.match(strange?.id ?? '', /^[0-9a-f-]{36}$/)
  assert.deepEqual(seen.map(({ version }) => version).toSorted(), [0, 1, 2])
})

it('goes on at the oldest event when the next one has left the log', { skip: kafka.skip }, async () => {
  const settings = freshKafka({ partitions: 1 })
  const first = openLog(settings)
  const seen: number[] = []
  const note = async (list: readonly LoggedEvent[]) => void seen.push(...list.map(({ version }) => version))
  await first.append([newEvent('a', 1)])
  await first.consume(subscription('one', note))
  await until([first], () => seen.length === 1)
  await first.close()
  const log = openLog(settings)
  await log.append([2, 3, 4, 5].map((version) => newEvent('a', version)))
  const admin = openAdmin()
  await admin.deleteRecords({
    topics: [{ name: `${settings.prefix}thing`, partitions: [{ partition: 0, offset: 3n }] }],
  })
  await admin.close()
  await log.consume(subscription('one', note))
  await until([log], () => seen.includes(5))
  assert.deepEqual(seen, [1, 4, 5])
})

it('counts as its lag what is appended and not handled, and what it cannot fetch ahead, too', {
  skip: kafka.skip,
}, async () => {
  const log = openLog()
  const gate = Promise.withResolvers<void>()
  let handled = 0
  await log.append([newEvent('a', 0)])
  const consumer = await log.consume(
    subscription('one', async (list) => {
      await gate.promise
      handled += list.length
    }),
  )
  for (let turn = 0; turn < 10; turn += 1)
    await log.append(Array.from({ length: 500 }, (_, index) => newEvent('a', index)))
  // The ends are looked at every 5 s.
  await until([log], () => consumer.lag() === 5_001)
  gate.resolve()
  await until([log], () => handled === 5_001)
  await until([log], () => consumer.lag() === 0)
})

it('hears the events of partitions that are added to a topic', { skip: kafka.skip }, async () => {
  const settings = freshKafka({ partitions: 1 })
  const log = openLog(settings)
  const seen = { stored: new Set<string>(), memory: new Set<string>() }
  const noteKeys = (keys: Set<string>) => async (list: readonly LoggedEvent[]) => {
    for (const { key } of list) keys.add(key)
  }
  await log.append([newEvent('a', 0)])
  await log.consume(subscription('one', noteKeys(seen.stored)))
  await log.consume(
    subscription('two', noteKeys(seen.memory), {
      position: 'memory',
    }),
  )
  await until([log], () => seen.stored.size === 1)
  // Two looks at the ends: one that knows the topic as it is, one that sees it grown.
  const admin = openAdmin()
  await new Promise((resolve) => setTimeout(resolve, 6_000))
  try {
    const { brokers } = await admin.metadata({ topics: [] })
    const assignments = Array.from({ length: 3 }, () => ({ brokerIds: [...brokers.keys()].slice(0, 1) }))
    await admin.createPartitions({ topics: [{ name: `${settings.prefix}thing`, count: 4, assignments }] })
  } finally {
    await admin.close()
  }
  const other = openLog(settings)
  await other.append(Array.from({ length: 40 }, (_, index) => newEvent(`key ${index}`, 1)))
  await until([log], () => seen.stored.size === 41 && seen.memory.size === 40)
})

it('says that it is away, rejects what is appended, and waits with what it delivers', async () => {
  const log = openLog({ ...freshKafka(), brokers: ['127.0.0.1:9'] })
  const began = performance.now()
  const failure = await log.append([newEvent('a', 1)]).catch((error: unknown) => error)
  assert.ok(isPassing(failure), String(failure))
  assert.ok(performance.now() - began < 20_000)
  assert.match(log.trouble() ?? '', /127\.0\.0\.1:9/)
  const stored = await log.consume(subscription('one', async () => {}))
  const waits = log.consume(subscription('two', async () => {}, { position: 'memory' }))
  waits.catch(() => {})
  await stored.stop()
  await log.close()
  await assert.rejects(waits, /closed/)
})
